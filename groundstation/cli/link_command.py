"""`groundstation link`: loss terms, counts and key of one pass."""

from typing import TYPE_CHECKING, Any

import click

from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from groundstation.network import Network
    from groundstation.night_records import NightPass
    from passes.forecast import PassForecast
    from passes.site import Floats

SCHEMA = "link/1"


@click.command("link")
@click.argument("pass_id", metavar="PASS")
@click.option("--night", metavar="DATE", help="Date of the evening [default: read from PASS].")
@click.option("--step", default=1, show_default=True, help="Every STEP-th second for machines.")
@format_options
@click.pass_obj
def command(
    settings: Settings, pass_id: str, night: str | None, step: int, form: str | None
) -> int:
    """Show the loss of a pass term by term, its counts and its key under a clear sky.

    PASS is an id from `groundstation passes`. The table shows the pass where its window opens, at
    30 degrees, at the range limit, at the closest point and where the window closes; --json and
    --csv give every second with every term.

    \b
    Examples:
      groundstation --example micius-2016 link micius-xinglong-20161219T1652
      groundstation link spoqc-matera-20260614T2232 --csv > link.csv
    """
    from groundstation.cli.network_option import network_of

    network = network_of(settings)
    item = _find(settings, network, pass_id, night)
    forecast = item.forecast
    if forecast is None:
        click.echo(f"{pass_id}: {item.refusal}", err=True)
        return 1
    if form is None:
        _print_budget(network, item, forecast)
        return 0
    rows = [
        _second(item, forecast, index) for index in range(0, len(item.track.times_s), max(step, 1))
    ]
    write_listing(rows, schema=SCHEMA, form=form, columns=())
    return 0


def _find(settings: Settings, network: "Network", pass_id: str, night: str | None) -> "NightPass":
    """The pass of that id in the night that its own name says, or the one given."""
    import re
    from datetime import UTC, datetime

    from groundstation.cli.night_option import night_for
    from groundstation.errors import UsageError
    from groundstation.night.nightly import middle_of, night_inputs
    from groundstation.night.span import night_of, night_span, reference_longitude_rad
    from groundstation.night.survey import survey
    from groundstation.suggest import did_you_mean

    longitude_rad = reference_longitude_rad(network)
    stamp = re.search(r"(\d{8}T\d{4})(?:-\d+)?$", pass_id)
    if night is None and stamp is not None:
        instant = datetime.strptime(stamp[1], "%Y%m%dT%H%M").replace(tzinfo=UTC)
        night = night_of(instant, longitude_rad)
    evening = night_for(settings, network, night)
    selection, known = night_inputs(network, middle_of(network, evening))
    seen = survey(network, selection, *night_span(evening, longitude_rad), known)
    passes = {item.pass_id: item for item in seen.passes}
    if pass_id not in passes:
        raise UsageError(
            f"no pass {pass_id!r} in the night {evening}{did_you_mean(pass_id, passes)}",
            where=network.file,
            hint=f"groundstation passes --night {evening}",
        )
    return passes[pass_id]


def _second(item: "NightPass", forecast: "PassForecast", index: int) -> dict[str, Any]:
    """One second of a pass with every term, units in the keys."""
    import numpy as np

    from groundstation.instants import after, utc_text

    track = item.track
    arrays = _arrays(item, forecast)
    return {
        "utc": utc_text(after(track.epoch, track.times_s[index])),
        "is_usable": bool(track.is_usable[index]),
        "azimuth_deg": float(np.degrees(track.azimuth_rad[index])),
        **{name: float(values[index]) for name, values in arrays.items()},
    }


def _arrays(item: "NightPass", forecast: "PassForecast") -> "dict[str, Floats]":
    """Every quantity along a pass by its column, shape (n,) each; azimuth is left out."""
    import numpy as np

    track, rates, noise = item.track, forecast.rates, forecast.noise
    arrays = {
        "elevation_deg": np.degrees(track.elevation_rad),
        "range_km": track.range_m / 1e3,
    }
    for term in forecast.budget.terms:
        arrays[f"{term.name.replace(' ', '_')}_db"] = term.loss_db
    arrays["total_db"] = forecast.budget.total_db
    for name in ("dark", "sky", "twilight", "moon", "satellite"):
        arrays[f"{name}_hz"] = getattr(noise, f"{name}_hz")
    for name in ("detected", "signal", "noise", "sifted"):
        arrays[f"{name}_gated_hz"] = getattr(rates, f"{name}_hz")
    arrays["qber"] = rates.qber
    return arrays


def _at(item: "NightPass", forecast: "PassForecast", time_s: float) -> dict[str, Any]:
    """Every quantity at an instant, linear between seconds."""
    import numpy as np

    from groundstation.instants import after, utc_text

    times_s = item.track.times_s
    arrays = _arrays(item, forecast)
    return {
        "utc": utc_text(after(item.track.epoch, time_s)),
        **{name: float(np.interp(time_s, times_s, values)) for name, values in arrays.items()},
    }


def _instants_of_interest(item: "NightPass") -> list[tuple[str, float]]:
    """Heading and time [s] of the instants that the table shows, in order."""
    import numpy as np

    track = item.track
    chosen = [("closest", float(track.times_s[np.argmin(track.range_m)]))]
    for heading, instant in (("window opens", item.start), ("window closes", item.stop)):
        if instant is not None:
            chosen.append((heading, (instant - track.epoch).total_seconds()))
    degrees = np.degrees(track.elevation_rad)
    rising = np.flatnonzero((degrees[:-1] < 30.0) & (degrees[1:] >= 30.0))
    if len(rising) and track.is_usable[rising[0]]:
        share = (30.0 - degrees[rising[0]]) / (degrees[rising[0] + 1] - degrees[rising[0]])
        first, second = track.times_s[rising[0] : rising[0] + 2]
        chosen.append(("30 degrees", float(first + share * (second - first))))
    return sorted(chosen, key=lambda pair: pair[1])


def _print_budget(network: "Network", item: "NightPass", forecast: "PassForecast") -> None:
    seconds = {
        heading: _at(item, forecast, time_s) for heading, time_s in _instants_of_interest(item)
    }
    headings = tuple(
        Column(heading, f"{heading}\n{second['utc'][11:21]}", is_number=True)
        for heading, second in seconds.items()
    )
    rows: list[dict[str, Any]] = [
        _line("elevation, degrees", seconds, "elevation_deg", 2),
        _line("range, km", seconds, "range_km", 1),
    ]
    for term in forecast.budget.terms:
        key = f"{term.name.replace(' ', '_')}_db"
        rows.append({**_line(f"{term.name}, dB", seconds, key, 2), "source": term.source})
    rows.append({**_line("total, dB", seconds, "total_db", 2), "source": "sum of the terms"})
    for name, text in _RATES.items():
        rows.append(_line(text, seconds, name, 1))
    rows.append(
        {
            "name": "QBER",
            "source": "sifted clicks",
            **{heading: f"{second['qber']:.2%}" for heading, second in seconds.items()},
        }
    )
    write_listing(
        rows,
        schema=SCHEMA,
        form=None,
        columns=(Column("name", "term"), *headings, Column("source", "from")),
        title=f"{network.title}: {item.pass_id}, clear sky",
    )
    _print_totals(network, item, forecast)


def _line(name: str, seconds: dict[str, dict[str, Any]], key: str, decimals: int) -> dict[str, Any]:
    values = {heading: f"{second[key]:,.{decimals}f}" for heading, second in seconds.items()}
    return {"name": name, "source": "", **values}


def _print_totals(network: "Network", item: "NightPass", forecast: "PassForecast") -> None:
    """Counts and key of the whole window."""
    from passes.forecast import slot_s

    use, rates, key = item.track.is_usable, forecast.rates, forecast.key
    slot = slot_s(item.track)
    detected = float(rates.detected_hz[use].sum()) * slot
    sifted = float(rates.sifted_hz[use].sum()) * slot
    click.echo(f"window {item.usable_s:.1f} s, detections {detected:,.0f}")
    click.echo(
        f"sifted (signal states, matched bases) {sifted:,.0f}, "
        f"sifted/detected {sifted / detected:.4f} "
        f"({_noiseless_share(network, item):.4f} without noise)"
    )
    click.echo(
        f"secret key {int(key.secret_key_bits):,} bits ({key.proof} proof, one block), QBER "
        f"{key.qber:.2%}, phase error at most {key.phase_error:.2%}, "
        f"asymptotic limit {key.asymptotic_bits:,.0f} bits"
    )


def _noiseless_share(network: "Network", item: "NightPass") -> float:
    """Sifted over detected clicks of the pass's source and receiver without noise."""
    from groundstation.night.links import receiver_for
    from passes.counts.source import sifted_fraction

    satellite = next(s for s in network.satellites if s.name == item.satellite)
    station = next(s for s in network.stations if s.name == item.station)
    receiver = receiver_for(satellite, station)
    if satellite.source is None or receiver is None:
        return float("nan")
    return sifted_fraction(satellite.source, receiver.detector.key_basis_probability)


_RATES = {
    "detected_gated_hz": "clicks in gates, 1/s",
    "signal_gated_hz": "  of these signal, 1/s",
    "noise_gated_hz": "  of these noise, 1/s",
    "sifted_gated_hz": "sifted, 1/s",
    "dark_hz": "dark counts before gate, 1/s",
    "sky_hz": "night sky before gate, 1/s",
    "twilight_hz": "twilight before gate, 1/s",
    "moon_hz": "moonlight before gate, 1/s",
    "satellite_hz": "sunlit satellite before gate, 1/s",
}
