"""A plan as people read it in a terminal."""

from datetime import date, timedelta
from typing import Any

import click

from groundstation.cli.output import Column, write_listing

_BAR = 20


def print_plan(document: dict[str, Any], *, with_rejections: bool) -> None:
    """Contacts, deliveries against demand and, if asked for, why each other pass is left out."""
    contacts = document["contacts"]
    total = sum(contact["key_bits"] for contact in contacts)
    write_listing(
        [{"block": None, **contact} for contact in contacts],
        schema="contacts/1",
        form=None,
        columns=_contact_columns(contacts),
        title=f"{_span(document)}: {len(contacts)} contacts, {total / 1e3:,.1f} kbit of key under "
        "a clear sky",
    )
    starved = {pair["demand"]: pair["starved_h"] for pair in document.get("outlook", ())}
    write_listing(
        [
            {**delivery, "met": met(delivery), "starved_h": starved.get(delivery["demand"])}
            for delivery in document["deliveries"]
        ],
        schema="deliveries/1",
        form=None,
        columns=_delivery_columns(document["deliveries"]),
        title="key per pair against demand",
    )
    _print_nights(document)
    if with_rejections:
        write_listing(
            document["rejections"],
            schema="rejections/1",
            form=None,
            columns=(Column("pass_id", "pass"), Column("reason", "why not", wraps=True)),
            title="passes not taken",
        )
    gap = document["bound_kbit"] - document["value_kbit"]
    click.echo(
        f"value {document['value_kbit']:,.2f} kbit, no plan of this model exceeds it by more than "
        f"{max(gap, 0.0):.2f}; plan {document['plan_id']}"
    )
    for remark in document["remarks"]:
        click.echo(f"note: {remark}")


def _span(document: dict[str, Any]) -> str:
    nights, night = document.get("nights", 1), document["night"]
    return f"night {night}" if nights == 1 else f"{nights} nights from {night}"


def _print_nights(document: dict[str, Any]) -> None:
    """What each pair gets in each night of a plan over several."""
    nights = document.get("nights", 1)
    if nights == 1:
        return
    evening = date.fromisoformat(document["night"])
    rows = [
        {"demand": pair["demand"]}
        | {
            f"night_{t}": {"wanted_bits": wanted, "delivered_bits": delivered}
            for t, (wanted, delivered) in enumerate(pair["by_night"])
        }
        for pair in document["deliveries"]
    ]
    columns = [
        Column(
            f"night_{t}", f"{evening + timedelta(days=t):%d %b}", _share_of_night, is_number=True
        )
        for t in range(nights)
    ]
    write_listing(
        rows,
        schema="delivery-nights/1",
        form=None,
        columns=(Column("demand", "demand"), *columns),
        title="kbit delivered in each night, with the share of what it wants",
    )


def _share_of_night(told: dict[str, int]) -> str:
    kbit = f"{told['delivered_bits'] / 1e3:,.1f}"
    wanted = told["wanted_bits"]
    return f"{kbit} {min(told['delivered_bits'] / wanted, 1.0):4.0%}" if wanted else kbit


def _contact_columns(contacts: list[dict[str, Any]]) -> tuple[Column, ...]:
    """The chance of a clear sky and the block stand beside the key wherever there are any."""
    columns: tuple[Column, ...] = _CONTACTS
    if any(contact.get("probability_clear") is not None for contact in contacts):
        columns = (*columns[:-1], *_SKY, columns[-1])
    if any(contact.get("block") is not None for contact in contacts):
        columns = (*columns, Column("block", "block"))
    return columns


def _delivery_columns(deliveries: list[dict[str, Any]]) -> tuple[Column, ...]:
    """Quantiles stand beside the key wherever the weather is known."""
    if all(delivery.get("p50_bits") is None for delivery in deliveries):
        return _DELIVERIES
    return (*_DELIVERIES[:5], *_QUANTILES, *_DELIVERIES[5:])


def met(delivery: dict[str, Any]) -> float:
    """Share of a demand that is delivered, 1 if nothing is wanted."""
    wanted = delivery["wanted_bits"]
    return delivery["delivered_bits"] / wanted if wanted else 1.0


def _bar(share: float) -> str:
    full = round(share * _BAR)
    return "█" * full + "·" * (_BAR - full) + f" {share:4.0%}"


_CONTACTS = (
    Column("start_utc", "start", lambda text: f"{text[8:10]} {text[11:19]}"),
    Column("stop_utc", "stop", lambda text: text[11:19]),
    Column("satellite", "satellite"),
    Column("station", "station"),
    Column("key_bits", "key kbit", lambda bits: f"{bits / 1e3:,.1f}", is_number=True),
    Column("pass_id", "pass"),
)
_SKY = (
    Column("probability_clear", "P(clear)", lambda p: f"{p:.0%}", is_number=True),
    Column("probability_clear_low", "from", lambda p: f"{p:.0%}", is_number=True),
    Column("probability_clear_high", "to", lambda p: f"{p:.0%}", is_number=True),
)
_DELIVERIES = (
    Column("demand", "demand"),
    Column("a", "from"),
    Column("b", "to"),
    Column("wanted_bits", "wanted kbit", lambda bits: f"{bits / 1e3:,.1f}", is_number=True),
    Column("delivered_bits", "delivered kbit", lambda bits: f"{bits / 1e3:,.1f}", is_number=True),
    Column("met", "met", _bar),
    Column("starved_h", "without key h", lambda h: f"{h:,.1f}", is_number=True),
    Column("remark", "remark", wraps=True),
)
_QUANTILES = tuple(
    Column(f"{name}_bits", name.upper(), lambda bits: f"{bits / 1e3:,.1f}", is_number=True)
    for name in ("p10", "p50", "p90")
)
