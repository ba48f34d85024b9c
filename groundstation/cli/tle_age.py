"""`groundstation tle age`: the age of every satellite's elements, and how far it may stray."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.element_ages import ElementAge

SCHEMA = "element-ages/1"
DEGRADED = 3
UNUSABLE = 78


@click.command("age")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@format_options
@click.pass_obj
def command(settings: Settings, night: str | None, form: str | None) -> int:
    """List the age of the elements that a night uses, and how far the satellites may stray.

    '± km' and '± s' are one standard deviation along the track at the middle of the night, learnt
    from the satellite's own sets where four or more are known, else from a measured table.
    'manoeuvre' is the epoch of the latest set that disagrees with its predecessor by more than 5
    standard deviations.

    Exit 0 if all is well; 3 if the elements of a satellite are older than warn_elements_age_d,
    missing, or the first after a manoeuvre; 78 if no satellite is left that a night could use.

    \b
    Examples:
      groundstation tle age
      groundstation tle age --night 2026-06-20 --nl
    """
    from groundstation.catalogue import read_element_files
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.database import open_if_present
    from groundstation.element_ages import AgeState, element_ages
    from groundstation.night.nightly import middle_of
    from tle.archive import stored_elements

    network = network_of(settings)
    evening = night_for(settings, network, night)
    middle = middle_of(network, evening)
    db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
    sets = read_element_files(network) + (stored_elements(db) if db else [])
    ages = element_ages(network, sets, now=settings.instant(), night=middle)
    write_listing(
        [_row(age) for age in ages],
        schema=SCHEMA,
        form=form,
        columns=_COLUMNS,
        title=f"{network.title}: elements at {middle:%Y-%m-%d %H:%M} UTC",
    )
    states = {age.state for age in ages}
    if not states - {AgeState.TOO_OLD, AgeState.MISSING}:
        return UNUSABLE
    return DEGRADED if states - {AgeState.OK, AgeState.PLANNED} else 0


def _row(age: "ElementAge") -> dict[str, Any]:
    from groundstation.instants import utc_text
    from tle.ageing import TableAgeing

    found, table = age.manoeuvre, age.ageing if isinstance(age.ageing, TableAgeing) else None
    return {
        "satellite": age.satellite,
        "norad_cat_id": age.norad_cat_id,
        "state": age.state.value,
        "epoch_utc": utc_text(age.elements.epoch) if age.elements else None,
        "age_now_d": _scaled(age.age_now_s, 86_400.0),
        "age_night_d": _scaled(age.age_night_s, 86_400.0),
        "along_track_sigma_km": _scaled(age.along_track_sigma_m, 1e3),
        "along_track_p90_km": _scaled(table.along_track_p90_m(age.age_night_s), 1e3)
        if table is not None and age.age_night_s is not None
        else None,
        "sigma_time_s": age.sigma_time_s,
        "sets": age.sets,
        "ageing": age.ageing.origin if age.ageing else None,
        "manoeuvre_after_utc": utc_text(found.older_epoch) if found else None,
        "manoeuvre_before_utc": utc_text(found.newer_epoch) if found else None,
        "manoeuvre_sigmas": found.sigmas if found else None,
        "source": age.elements.source if age.elements else None,
    }


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _decimals(count: int) -> Any:
    return lambda value: f"{value:.{count}f}"


_COLUMNS = (
    Column("satellite", "satellite"),
    Column("norad_cat_id", "number", is_number=True),
    Column("epoch_utc", "epoch", lambda text: f"{text[:10]} {text[11:16]}"),
    Column("age_now_d", "now d", _decimals(1), is_number=True),
    Column("age_night_d", "night d", _decimals(1), is_number=True),
    Column("along_track_sigma_km", "± km", _decimals(2), is_number=True),
    Column("sigma_time_s", "± s", _decimals(2), is_number=True),
    Column("sets", "sets", is_number=True),
    Column("ageing", "from"),
    Column("manoeuvre_before_utc", "manoeuvre", lambda text: f"{text[:10]} {text[11:16]}"),
    Column("state", "state"),
)
