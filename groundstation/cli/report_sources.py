"""Where `groundstation report` gets what it writes: a night, a pass, a month."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from groundstation.cli.settings import Settings
from groundstation.errors import GroundStationError

if TYPE_CHECKING:
    from groundstation.report.pdf.document import Document


@dataclass(frozen=True, slots=True)
class Written:
    """A report that can be written in either form.

    Parameters
    ----------
    name : of the file, without suffix
    page, document : make the HTML, and what a PDF is set from
    warnings : what is degraded or missing
    plan_id : that a night's report shows; "" without
    """

    name: str
    page: "Callable[[], str]"
    document: "Callable[[], Document]"
    warnings: tuple[str, ...]
    plan_id: str = ""


def night_report(settings: Settings, night: str | None) -> Written:
    """A night as the next run would plan it."""
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.present import present_outcome
    from groundstation.report.night_page import render_night
    from groundstation.report.pdf.night import night_document

    network = network_of(settings)
    evening = night_for(settings, network, night)
    doubts: list[str] = []
    outcome = present_outcome(
        network,
        evening,
        open_for_reading(network),
        now=settings.instant(),
        progress=_silent,
        warn=doubts.append,
    )
    said = tuple(dict.fromkeys((*outcome.warnings, *doubts)))
    outcome = replace(outcome, warnings=said)
    return Written(
        f"night-{evening}",
        lambda: render_night(outcome),
        lambda: night_document(outcome),
        outcome.warnings,
        outcome.plan.plan_id,
    )


def pass_report(settings: Settings, pass_id: str) -> Written:
    """A pass with the decision that is published."""
    from groundstation.cli.network_option import network_of
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.pass_outcome import pass_outcome
    from groundstation.report.pass_page import render_pass
    from groundstation.report.pdf.single_pass import pass_document

    network = network_of(settings)
    outcome = pass_outcome(network, pass_id, open_for_reading(network), now=settings.instant())
    return Written(
        pass_id,
        lambda: render_pass(outcome),
        lambda: pass_document(outcome),
        outcome.warnings,
    )


def month_report(settings: Settings, month: str) -> Written:
    """A month, with the account of the key ledger where the network has one."""
    from groundstation.cli.network_option import network_of
    from groundstation.keys.operations.month import month_account, month_of
    from groundstation.night.month import month_outcome
    from groundstation.night.nightly import open_for_reading
    from groundstation.report.month_page import render_month
    from groundstation.report.pdf.month import month_document

    network = network_of(settings)
    accounts, missing = [], []
    if network.key_store is not None:
        store = network.key_store
        try:
            accounts.append(month_account(network, Path(store.folder), store.node, month_of(month)))
        except GroundStationError as error:
            missing.append(f"the key ledger could not be read: {error}")
    outcome = month_outcome(
        network,
        month,
        open_for_reading(network),
        now=settings.instant(),
        accounts=accounts,
        missing=missing,
    )
    return Written(
        f"month-{month}",
        lambda: render_month(outcome),
        lambda: month_document(outcome),
        tuple(missing),
    )


def _silent(step: str) -> None:
    """Say nothing about a step."""
