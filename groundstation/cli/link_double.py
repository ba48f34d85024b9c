"""Two downlinks of one satellite at once, as entangled pairs take them (`link`, double)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import click
import numpy as np

from groundstation.cli.link_point import Direction, Point, detail_of_point
from groundstation.cli.link_rows import NOISE, column_of, explanation_of
from groundstation.cli.output import Column, write_listing
from groundstation.network import Network
from groundstation.night.link_detail import LinkDetail

SCHEMA = "link-double/1"
# What a network file does not say, and who computes with it.
NO_PAIRS = (
    "no coincidences: a source of entangled pairs is not given; `groundstation key length` counts "
    "them from its rate and the two efficiencies"
)
GATES = "gate and dead time are those of the declared pulses, not of a coincidence window"


def write_double(
    network: Network, point: Point, instant: datetime, form: str | None, *, is_explained: bool
) -> int:
    """Print the loss of both links and of the two together; 1 where one of them has no budget."""
    other = replace(
        point,
        elevation_deg=point.second_elevation_deg,
        range_km=point.second_range_km,
        station=point.second_station,
    )
    details = []
    for place in (point, other):
        one = replace(place, direction=Direction.DOWN)
        detail, refusal = detail_of_point(network, one, instant)
        if detail is None:
            click.echo(f"{one.words}: {refusal}", err=True)
            return 1
        details.append(detail)
    if form == "json":
        document = _document(details)
        if is_explained:
            document["explanation"] = {d.station: list(explanation_of(d)) for d in details}
        click.echo(json.dumps(document, indent=2, allow_nan=False))
    elif form is not None:
        write_listing([_row(d) for d in details], schema=SCHEMA, form=form, columns=())
    else:
        _print(network, details, is_explained=is_explained)
    for remark in details[0].remarks:
        click.echo(f"note: {remark}", err=True)
    return 0


def two_link_loss_db(details: Sequence[LinkDetail]) -> float:
    """Loss of a pair, both of whose photons must arrive [dB]."""
    return float(np.sum([detail.forecast.budget.total_db[0] for detail in details]))


def _row(detail: LinkDetail) -> dict[str, Any]:
    """One link with units in the keys; noise is before the gate."""
    track, forecast = detail.track, detail.forecast
    return {
        "satellite": detail.satellite,
        "station": detail.station,
        "elevation_deg": float(np.degrees(track.elevation_rad[0])),
        "range_km": float(track.range_m[0]) / 1e3,
        **{f"{column_of(t.name)}_db": float(t.loss_db[0]) for t in forecast.budget.terms},
        "total_db": float(forecast.budget.total_db[0]),
        "total_spread_db": float(forecast.budget.spread_db[0]),
        "efficiency": float(forecast.budget.efficiency[0]),
        **{f"{name}_hz": float(getattr(forecast.noise, f"{name}_hz")[0]) for name in NOISE},
    }


def _document(details: Sequence[LinkDetail]) -> dict[str, Any]:
    efficiencies = [float(detail.forecast.budget.efficiency[0]) for detail in details]
    return {
        "schema": SCHEMA,
        "satellite": details[0].satellite,
        "stations": [detail.station for detail in details],
        "two_link_loss_db": two_link_loss_db(details),
        "pair_efficiency": float(np.prod(efficiencies)),
        "remarks": [*details[0].remarks, NO_PAIRS, GATES],
        "links": [_row(detail) for detail in details],
    }


def _print(network: Network, details: Sequence[LinkDetail], *, is_explained: bool) -> None:
    rows = [_row(detail) for detail in details]
    # Two receivers need not have the same terms: one may stand behind a fibre.
    names = dict.fromkeys(t.name for d in details for t in d.forecast.budget.terms)
    lines = [
        _line("elevation, degrees", [f"{row['elevation_deg']:.2f}" for row in rows]),
        _line("range, km", [f"{row['range_km']:,.1f}" for row in rows]),
    ]
    for name in names:
        losses_db = [row.get(f"{column_of(name)}_db") for row in rows]
        texts = ["" if loss_db is None else f"{loss_db:.2f}" for loss_db in losses_db]
        both_db = sum(loss_db for loss_db in losses_db if loss_db is not None)
        lines.append(_line(f"{name}, dB", texts, f"{both_db:.2f}"))
    totals = [f"{row['total_db']:.2f}" for row in rows]
    lines.append(_line("total, dB", totals, f"{two_link_loss_db(details):.2f}"))
    noises = [sum(row[f"{name}_hz"] for name in NOISE) for row in rows]
    lines.append(_line("noise before gate, 1/s", [f"{noise:,.1f}" for noise in noises]))
    write_listing(
        lines,
        schema=SCHEMA,
        form=None,
        columns=(
            Column("name", "term"),
            *(Column(f"at{k}", d.station, is_number=True) for k, d in enumerate(details)),
            Column("both", "both", is_number=True),
        ),
        title=f"{network.title}: {details[0].satellite} over "
        f"{' and '.join(d.station for d in details)}, clear sky",
    )
    click.echo("assumed: Sun and Moon far below the horizon, satellite in the Earth's shadow")
    pairs = 10.0 ** (two_link_loss_db(details) / 10.0)
    click.echo(f"one pair in {pairs:,.0f} clicks at both stations; {GATES}")
    click.echo(NO_PAIRS)
    if is_explained:
        for detail in details:
            for sentence in explanation_of(detail):
                click.echo(f"{detail.station}: {sentence}")


def _line(name: str, texts: Sequence[str], both: str = "") -> dict[str, str]:
    return {"name": name, "both": both, **{f"at{k}": text for k, text in enumerate(texts)}}
