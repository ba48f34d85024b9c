"""`groundstation result`: what passes really delivered, how good the forecasts were."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundstation.cli.output import format_options
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from sqlite_utils import Database

    from groundstation.results.store import RecordedResult

NOTHING_FOUND = 4
DEGRADED = 3
COUNT = click.IntRange(min=0)


@click.group("result")
def command() -> None:
    """Record what passes delivered, score the forecasts, learn from the counts.

    \b
    Examples:
      groundstation result record spoqc-helmos-20260614T2043 counts.csv --key-bits 812345
      groundstation result record spoqc-helmos-20260615T2101 --clouded-out
      groundstation result verify --from 2026-06-01 --station helmos
      groundstation result calibration
    """


@command.command("record")
@click.argument("pass_id", metavar="PASS")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--clouded-out", is_flag=True, help="Nothing came because of clouds.")
@click.option("--partly-cloudy", is_flag=True, help="Clouds took a part; no count is scored.")
@click.option("--failed", metavar="REASON", help="Nothing came for a reason that is not the sky's.")
@click.option("--sifted", type=COUNT, help="Sifted bits of the whole pass.")
@click.option("--errors", type=COUNT, help="Errors among them.")
@click.option("--key-bits", type=COUNT, help="Final key after privacy amplification.")
@click.option("--remark", default="", help="A sentence to keep with it.")
@click.option("--correct", is_flag=True, help="Replace what is on record; the old version is kept.")
@click.option("--no-fit", is_flag=True, help="Record only; `result calibrate` fits later.")
@click.pass_obj
def record(
    settings: Settings,
    pass_id: str,
    file: Path | None,
    clouded_out: bool,
    partly_cloudy: bool,
    failed: str | None,
    sifted: int | None,
    errors: int | None,
    key_bits: int | None,
    remark: str,
    correct: bool,
    no_fit: bool,
) -> int:
    """Record what PASS delivered, from FILE, as totals, or as "clouded out".

    FILE is CSV with a line per second: utc (ISO 8601 with Z) or time_s (seconds after rise), sifted
    (clicks of signal pulses in matching bases) and, where known, errors (of these) and background
    (clicks outside the gates); or JSON with the same as lists, totals and key. An empty cell is
    "not known". The same content twice is "unchanged"; other content needs --correct.

    The result is kept beside the forecast that was valid when the pass began. The constants of the
    links are then fitted again to everything on record, and used from the next night on.

    \b
    Examples:
      groundstation result record spoqc-helmos-20260614T2043 counts.csv --key-bits 812345
      groundstation result record spoqc-helmos-20260614T2043 result.json --correct
      groundstation result record spoqc-helmos-20260615T2101 --clouded-out
      groundstation result record spoqc-graz-20260615T2101 --failed "dome stuck"
    """
    from groundstation.cli.result_input import result_of
    from groundstation.cli.result_state import state_for_writing
    from groundstation.results.calibration_store import update_calibration
    from groundstation.results.store import add_result, known_pass

    db, network = state_for_writing(settings)
    item = known_pass(db, pass_id)
    result = result_of(
        item,
        file,
        skies={
            "--clouded-out": clouded_out,
            "--partly-cloudy": partly_cloudy,
            "--failed": failed is not None,
        },
        totals={"sifted": sifted, "errors": errors, "key_bits": key_bits},
        remark=remark or failed or "",
    )
    from groundstation.night.span import night_of, reference_longitude_rad

    change, kept = add_result(
        db,
        result,
        night=night_of(item.aos, reference_longitude_rad(network)),
        file="command line" if file is None else file.name,
        now=settings.instant(),
        is_correction=correct,
    )
    click.echo(f"{change}: {pass_id}, version {kept.version}, {result.digest[:12]}")
    if not no_fit:
        made, is_new = update_calibration(db, now=settings.instant(), progress=_talk)
        if made is not None and is_new:
            click.echo(f"calibration {made.calibration_id}, used from the night {made.from_night}")
    return _remark_on(kept)


def _remark_on(kept: "RecordedResult") -> int:
    """Say what keeps a result from being scored; the exit code."""
    if kept.forecast is None:
        click.echo("warning: no forecast was ever issued for this pass; it is not scored", err=True)
        return DEGRADED
    if kept.is_hindsight:
        click.echo(
            "warning: the only forecast of this pass was issued after it began; it is not scored",
            err=True,
        )
        return DEGRADED
    return 0


def _talk(stage: str) -> None:
    click.echo(f"  {stage} ...", err=True)


@command.command("calibrate")
@click.pass_obj
def calibrate(settings: Settings) -> int:
    """Fit the constants of all links to everything on record, if something is new.

    \b
    Examples:
      groundstation result calibrate
    """
    from groundstation.cli.result_state import state_for_writing
    from groundstation.results.calibration_store import update_calibration

    db, _ = state_for_writing(settings)
    made, is_new = update_calibration(db, now=settings.instant(), progress=_talk)
    if made is None:
        click.echo("no result says anything of a link yet")
        return 0
    word = "" if is_new else "unchanged: "
    click.echo(f"{word}calibration {made.calibration_id}, used from the night {made.from_night}")
    for sentence in made.left_out:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if made.left_out else 0


@command.command("list")
@click.option("--from", "start", metavar="DATE", help="First night.")
@click.option("--to", "stop", metavar="DATE", help="Last night.")
@click.option("-s", "--station", "stations", multiple=True, help="Only this one; repeatable.")
@click.option("--exit-status", is_flag=True, help="Exit with 4 if there is no result.")
@format_options
@click.pass_obj
def list_(
    settings: Settings,
    start: str | None,
    stop: str | None,
    stations: tuple[str, ...],
    exit_status: bool,
    form: str | None,
) -> int:
    """List results beside what was promised.

    \b
    Examples:
      groundstation result list --from 2026-06-01
      groundstation result list --csv > results.csv
    """
    from groundstation.cli.result_tables import write_results

    found = _found(settings, start, stop, stations)
    write_results(found, form)
    return NOTHING_FOUND if exit_status and not found else 0


@command.command("show")
@click.argument("pass_id", metavar="PASS")
@click.option("--json", "as_json", is_flag=True, help="A JSON document with every slot.")
@click.pass_obj
def show(settings: Settings, pass_id: str, as_json: bool) -> int:
    """Show the result of one pass with every version, and its forecast.

    \b
    Examples:
      groundstation result show spoqc-helmos-20260614T2043
      groundstation result show spoqc-helmos-20260614T2043 --json
    """
    from groundstation.cli.result_state import state_for_reading
    from groundstation.cli.result_tables import shown_document, shown_lines
    from groundstation.results.errors import ResultError
    from groundstation.results.store import versions_of

    db = state_for_reading(settings)
    versions = [] if db is None else versions_of(db, pass_id)
    if not versions:
        raise ResultError(
            f"no result of {pass_id!r} is on record",
            hint="groundstation result list, or result record PASS FILE",
        )
    if as_json:
        click.echo(json.dumps(shown_document(versions), indent=1))
    else:
        for line in shown_lines(versions):
            click.echo(line)
    return 0


@command.command("verify")
@click.option("--from", "start", metavar="DATE", help="First night.")
@click.option("--to", "stop", metavar="DATE", help="Last night.")
@click.option("-s", "--station", "stations", multiple=True, help="Only this one; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def verify_(
    settings: Settings,
    start: str | None,
    stop: str | None,
    stations: tuple[str, ...],
    as_json: bool,
) -> int:
    """Score P(clear) by the Brier score, counts and key by pinball loss and coverage.

    Only forecasts that were issued before their pass are scored; counts and key only where the sky
    was clear, for which they were promised.

    \b
    Examples:
      groundstation result verify
      groundstation result verify --from 2026-06-01 --to 2026-06-30 --station helmos --json
    """
    from groundstation.cli.result_tables import write_verification
    from groundstation.results.verification import verification_document, verify

    scores = verify(_found(settings, start, stop, stations))
    if as_json:
        click.echo(json.dumps(verification_document(scores), indent=1))
    else:
        write_verification(scores)
    return 0


@command.command("calibration")
@click.option("--json", "as_json", is_flag=True, help="The whole calibration with covariances.")
@click.option("--night", metavar="DATE", help="The one used for this night [default: newest].")
@click.pass_obj
def calibration(settings: Settings, as_json: bool, night: str | None) -> int:
    """Show what counts have taught of every link, and how it drifts.

    A link whose constant of the last week differs from that of the weeks before by more than three
    sigma or one decibel is flagged.

    \b
    Examples:
      groundstation result calibration
      groundstation result calibration --night 2026-06-20 --json
    """
    from groundstation.cli.result_state import checked_night, state_for_reading
    from groundstation.cli.result_tables import write_calibration
    from groundstation.results.calibration_document import calibration_document
    from groundstation.results.calibration_store import calibration_for, latest_calibration

    db = state_for_reading(settings)
    found = latest_calibration(db) if night is None else calibration_for(db, checked_night(night))
    if as_json:
        click.echo(json.dumps(None if found is None else calibration_document(found), indent=1))
    elif found is None:
        click.echo("no calibration: links are forecast as they are declared")
    else:
        write_calibration(found)
    return 0


def _found(
    settings: Settings, start: str | None, stop: str | None, stations: tuple[str, ...]
) -> "list[RecordedResult]":
    """The results of the nights and stations that the options name."""
    from groundstation.cli.result_state import checked_night, known_stations, state_for_reading
    from groundstation.results.store import results_of

    db: Database | None = state_for_reading(settings)
    known_stations(settings, stations)
    if db is None:
        return []
    return results_of(
        db,
        start=None if start is None else checked_night(start),
        stop=None if stop is None else checked_night(stop),
        stations=stations,
    )
