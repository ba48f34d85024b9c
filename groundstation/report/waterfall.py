"""Where a night's key goes: from what the passes offer to what the pairs get."""

from dataclasses import dataclass

import numpy as np

from groundstation.night_records import NightOutcome, NightPass
from groundstation.report.wording import bits, count_of


@dataclass(frozen=True, slots=True)
class Fall:
    """One level of a waterfall.

    Parameters
    ----------
    name : of what is left
    amount : how much that is
    words : the amount with its unit
    note : why it is less than the level before, one sentence
    """

    name: str
    amount: float
    words: str
    note: str


def night_falls(outcome: NightOutcome) -> tuple[Fall, ...]:
    """Offered, left by cloud, taken, spent by relays, delivered; bits.

    Key of a pass counts as the plan counts it: times its chance of a clear sky where that is
    known, else under a clear sky. A relay spends its bits once at either end of every satellite
    hop.
    """
    worth = {item.pass_id: _worth(item) for item in outcome.passes if item.forecast is not None}
    offered = sum(worth.values())
    falls = [_fall("Offered in the dark", offered, _offered_note(outcome, len(worth)))]
    chances = {item.pass_id: _chance(item) for item in outcome.passes}
    known = [name for name in worth if chances[name] is not None]
    if known:
        left = sum(int(value * _or_one(chances[name])) for name, value in worth.items())
        blind = len(worth) - len(known)
        note = "every pass times its chance of a clear sky"
        if blind:
            note += f"; {count_of(blind, 'pass', 'passes')} without weather counted as clear"
        falls.append(_fall("Left by cloud, on average", left, note))
    plan = outcome.plan
    taken = sum(contact.counted_bits for contact in plan.contacts)
    falls.append(_fall("Taken by the plan", taken, _taken_note(outcome, len(worth))))
    stock = sum(item.bits for item in plan.stocks)
    spent = spent_bits(outcome)
    kept = taken + stock - spent
    note = (
        f"both ends of every satellite hop spend key; {bits(max(kept, 0))} stays in the pools"
        if spent
        else "no key is relayed through a satellite"
    )
    if stock:
        note += f", {bits(stock)} of it or of what is spent was there before"
    falls.append(_fall("Spent by relays", spent, note))
    delivered = sum(delivery.delivered_bits for delivery in plan.deliveries)
    wanted = sum(delivery.wanted_bits for delivery in plan.deliveries)
    falls.append(_fall("Delivered to pairs", delivered, f"of {bits(wanted)} that the pairs want"))
    return tuple(falls)


def spent_bits(outcome: NightOutcome) -> int:
    """Key that satellites and stations share and that the relays spend."""
    return sum(
        2 * relay.bits
        for relay in outcome.plan.carried
        for hop in relay.hops
        if hop.satellite is not None
    )


def _fall(name: str, amount: int, note: str) -> Fall:
    return Fall(name, float(amount), bits(amount), note)


def _worth(item: NightPass) -> int:
    return 0 if item.forecast is None else int(item.forecast.key.secret_key_bits)


def _chance(item: NightPass) -> float | None:
    """The chance of a clear sky, None where it is not known."""
    if item.clear is None or np.isnan(item.clear.whole.probability):
        return None
    return item.clear.whole.probability


def _or_one(chance: float | None) -> float:
    return 1.0 if chance is None else chance


def _offered_note(outcome: NightOutcome, able: int) -> str:
    unable = len(outcome.passes) - able
    if not unable:
        return f"all {count_of(able, 'pass', 'passes')}, whole and under a clear sky"
    return (
        f"{able} of {count_of(len(outcome.passes), 'pass', 'passes')}, whole and under a clear "
        f"sky; {unable} cannot be a contact (light, closure, equipment), and what they would "
        "bring is not computed"
    )


def _taken_note(outcome: NightOutcome, able: int) -> str:
    taken = len(outcome.plan.contacts)
    cut = sum(not contact.is_whole for contact in outcome.plan.contacts)
    note = f"{count_of(taken, 'contact')}; {able - taken} compete with them or bring no key"
    return f"{note}; {cut} taken in part" if cut else note
