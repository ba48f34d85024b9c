"""`groundstation link`: loss terms, counts and key of one pass, or of one point in the sky."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.link_point import (
    FINITE_DEGREES,
    Direction,
    Point,
    detail_of_point,
    point_options,
    require_one_question,
)
from groundstation.cli.output import format_options
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.network import Network
    from groundstation.night.link_detail import LinkDetail
    from groundstation.night_records import NightPass
    from passes.counts.calibration.comparison import LossComparison

FIGURES = (".svg", ".png")


@click.command("link")
@click.argument("pass_id", metavar="[PASS]", required=False)
@click.option("--night", metavar="DATE", help="Date of the evening [default: read from PASS].")
@click.option(
    "--step",
    type=click.IntRange(min=1),
    help="Every STEP-th second for machines [default: 1].",
)
@click.option(
    "--measured",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Compare with measured losses: CSV with range_km,loss_db (without detectors).",
)
@click.option(
    "--constant-from-deg",
    type=FINITE_DEGREES,
    help="With --measured: elevation from which one constant is taken [default: 0].",
)
@click.option("--explain", is_flag=True, help="Say in words what each term costs at culmination.")
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw loss, clicks and QBER against time, as .svg or .png.",
)
@point_options
@format_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    pass_id: str | None,
    night: str | None,
    step: int | None,
    measured: Path | None,
    constant_from_deg: float | None,
    explain: bool,
    plot: Path | None,
    form: str | None,
    **place: Any,
) -> int:
    """Show the loss of a pass term by term, its counts and its key under a clear sky.

    PASS is an id from `groundstation passes`. The table shows the pass at rise, where its window
    opens, at 30 degrees, at culmination, where its window closes and at set, with the counts of the
    whole window; --json and --csv give every second with every term, --json also what --explain and
    --measured add. Without PASS, an elevation and a range say where the satellite stands: Sun and
    Moon are then taken to be far below the horizon and the satellite to be in the Earth's shadow.
    With --direction double the satellite sends to two stations at once, as a source of entangled
    pairs does.

    \b
    Examples:
      groundstation --example micius-2016 link micius-xinglong-20161219T1652
      groundstation link speqtre-helmos-20260614T2043 --csv > link.csv
      groundstation link speqtre-helmos-20260614T2043 --plot link.svg
      groundstation --example micius-2016 link --elevation-deg 30 --range-km 900 \\
          --station xinglong --satellite micius
      groundstation --example micius-2016 link --direction double --satellite micius \\
          --elevation-deg 30 --range-km 900 --station xinglong \\
          --second-elevation-deg 40 --second-range-km 740 --second-station nanshan
    """
    from groundstation.cli.network_option import network_of
    from groundstation.errors import UsageError

    point = Point(**place)
    require_one_question(pass_id, point, {"--night": night, "--plot": plot, "--measured": measured})
    if plot is not None and plot.suffix.lower() not in FIGURES:
        raise UsageError(f"--plot writes {' or '.join(FIGURES)}, not {plot.name!r}")
    _require_consistent(form, step, measured, constant_from_deg, is_explained=explain)
    network = network_of(settings)
    if pass_id is None and point.direction == Direction.DOUBLE:
        from groundstation.cli.link_double import write_double

        return write_double(network, point, settings.instant(), form, is_explained=explain)
    if pass_id is not None:
        item = _find(settings, network, pass_id, night)
        detail, refusal = _detail_of_pass(network, item)
    else:
        item = None
        detail, refusal = detail_of_point(network, point, settings.instant())
    if detail is None:
        click.echo(f"{pass_id or point.words}: {refusal}", err=True)
        return 1
    if plot is not None:
        _write_plot(network, detail, plot)
    compared = None
    if measured is not None:
        from groundstation.cli.link_measured import comparison_of

        compared = comparison_of(
            detail.track, detail.forecast.budget, measured, constant_from_deg or 0.0
        )
    if form is not None:
        _print_for_machines(detail, form, step or 1, compared, is_explained=explain)
    else:
        _print_for_people(network, item, detail, is_explained=explain)
        if compared is not None:
            from groundstation.cli.link_measured import write_comparison

            write_comparison(compared)
    for remark in detail.remarks:
        click.echo(f"note: {remark}", err=True)
    return 0


def _require_consistent(
    form: str | None,
    step: int | None,
    measured: Path | None,
    constant_from_deg: float | None,
    *,
    is_explained: bool,
) -> None:
    """No option that would be passed over in silence."""
    from groundstation.errors import UsageError

    if constant_from_deg is not None and measured is None:
        raise UsageError(
            f"--constant-from-deg {constant_from_deg:g} without --measured",
            hint="give the measured losses, from which the constant is taken",
        )
    if step is not None and form is None:
        raise UsageError(
            f"--step {step} has no place in the table, which shows a few instants",
            hint=f"--step {step} with --json, --nl, --csv or --tsv",
        )
    listed = {"--measured": measured is not None, "--explain": is_explained}
    for name, is_given in listed.items():
        if is_given and form not in (None, "json"):
            raise UsageError(
                f"{name} has no place in the rows of --{form}", hint=f"{name} with --json"
            )


def _find(settings: Settings, network: "Network", pass_id: str, night: str | None) -> "NightPass":
    """The pass of that id in the night that its own name says, or the one given."""
    import re
    from datetime import UTC, datetime

    from groundstation.cli.night_option import night_for
    from groundstation.cli.result_state import calibration_in_force
    from groundstation.errors import UsageError
    from groundstation.night.forecasts import survey
    from groundstation.night.nightly import middle_of, night_inputs
    from groundstation.night.span import night_of, night_span, reference_longitude_rad
    from groundstation.suggest import did_you_mean

    longitude_rad = reference_longitude_rad(network)
    stamp = re.search(r"(\d{8}T\d{4})(?:-\d+)?$", pass_id)
    if night is None and stamp is not None:
        try:
            instant = datetime.strptime(stamp[1], "%Y%m%dT%H%M").replace(tzinfo=UTC)
        except ValueError as error:
            raise UsageError(
                f"no pass {pass_id!r}: {stamp[1]} is no instant", hint="groundstation passes"
            ) from error
        night = night_of(instant, longitude_rad)
    evening = night_for(settings, network, night)
    selection, known = night_inputs(network, middle_of(network, evening))
    calibration = calibration_in_force(network, evening)
    span = night_span(evening, longitude_rad)
    seen = survey(network, selection, *span, known, calibration=calibration)
    passes = {item.pass_id: item for item in seen.passes}
    if pass_id not in passes:
        raise UsageError(
            f"no pass {pass_id!r} in the night {evening}{did_you_mean(pass_id, passes)}",
            where=network.file,
            hint=f"groundstation passes --night {evening}",
        )
    return passes[pass_id]


def _detail_of_pass(
    network: "Network", item: "NightPass"
) -> "tuple[LinkDetail | None, str | None]":
    """The link of a pass, or why there is none."""
    from groundstation.cli.result_state import calibration_in_force
    from groundstation.night.issue import constants_for
    from groundstation.night.link_detail import link_detail
    from groundstation.night.links import security_of
    from groundstation.night.span import night_of, reference_longitude_rad

    if item.forecast is None:
        return None, item.refusal
    night = night_of(item.aos, reference_longitude_rad(network))
    satellite = next(s for s in network.satellites if s.name == item.satellite)
    station = next(s for s in network.stations if s.name == item.station)
    security = security_of(network.key)
    constants = constants_for(calibration_in_force(network, night), satellite, station, night)
    detail = link_detail(
        item.pass_id, satellite, station, item.track, item.forecast, security, constants
    )
    return detail, None


def _print_for_machines(
    detail: "LinkDetail",
    form: str,
    step: int,
    compared: "LossComparison | None",
    *,
    is_explained: bool,
) -> None:
    import json

    from groundstation.cli.link_rows import SCHEMA, document_of, explanation_of, rows_of
    from groundstation.cli.output import write_listing

    if form == "json":
        document = document_of(detail, step)
        if is_explained:
            document["explanation"] = list(explanation_of(detail))
        if compared is not None:
            from groundstation.cli.link_measured import comparison_document

            document["measured"] = comparison_document(compared)
        click.echo(json.dumps(document, indent=2, allow_nan=False))
    else:
        write_listing(rows_of(detail, step), schema=SCHEMA, form=form, columns=())


def _print_for_people(
    network: "Network", item: "NightPass | None", detail: "LinkDetail", *, is_explained: bool
) -> None:
    from groundstation.cli.link_rows import explanation_of
    from groundstation.cli.link_table import (
        Moment,
        moments_of_interest,
        print_key_limits,
        print_link,
        print_spread,
        print_totals,
    )

    if item is None:
        title = f"{network.title}: {detail.satellite} over {detail.station}, clear sky"
        print_link(detail, (Moment("asked", 0.0),), title)
        click.echo("assumed: Sun and Moon far below the horizon, satellite in the Earth's shadow")
        print_spread(detail)
    else:
        title = f"{network.title}: {detail.pass_id}, clear sky"
        print_link(detail, moments_of_interest(item), title)
        print_totals(detail, item.usable_s)
        print_key_limits(detail)
        print_spread(detail)
    if is_explained:
        for sentence in explanation_of(detail):
            click.echo(sentence)


def _write_plot(network: "Network", detail: "LinkDetail", path: Path) -> None:
    from groundstation.errors import UsageError
    from groundstation.report.figures.budget import budget_figure, write_figure

    title = f"{network.title}: {detail.pass_id}"
    try:
        write_figure(budget_figure(detail.track, detail.forecast, detail.causes, title), path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {path.name}: {reason}", where=str(path.parent)) from error
    click.echo(f"wrote {path}", err=True)
