"""A plan with its origin as one JSON document, and back."""

from collections.abc import Mapping
from typing import Any

from groundstation.export.clear_columns import clear_columns
from groundstation.instants import utc_instant, utc_text
from groundstation.night_records import NightOutcome
from groundstation.plan.difference import PlanDifference, difference_sentences
from groundstation.plan.outlook import PairOutlook, pair_outlook
from groundstation.plan.records import (
    CLEAR_SKY,
    Contact,
    Delivery,
    Hop,
    Plan,
    PlannedBlock,
    PoolStock,
    Rejection,
    Relay,
)

SCHEMA = "plan/1"


def plan_document(outcome: NightOutcome) -> dict[str, Any]:
    """The plan, what it was made from and how sure it is; units in the keys."""
    plan = outcome.plan
    clear = {**outcome.chances, **{item.pass_id: item.clear for item in outcome.passes}}
    return {
        "schema": SCHEMA,
        "plan_id": plan.plan_id,
        "night": plan.night,
        "start_utc": utc_text(outcome.start),
        "stop_utc": utc_text(outcome.stop),
        "network": {
            "name": outcome.network.name,
            "sha256": outcome.network.digest,
        },
        "elements": [
            {
                "satellite": e.satellite,
                "norad_cat_id": e.norad_cat_id,
                "epoch_utc": utc_text(e.epoch),
                "sha256": e.digest,
                "source": e.source,
            }
            for e in outcome.elements
        ],
        "program": {"version": outcome.version, "libraries": dict(outcome.libraries)},
        "value_kbit": plan.value,
        "bound_kbit": plan.bound,
        "solver": plan.solver,
        "gap": plan.gap,
        "goal": plan.goal,
        "seed": plan.seed,
        "assumes": plan.assumes,
        "stocks": [
            {"satellite": s.satellite, "station": s.station, "bits": s.bits} for s in plan.stocks
        ],
        "contacts": [{**_contact(c), **clear_columns(clear.get(c.pass_id))} for c in plan.contacts],
        **({"blocks": [_block(b) for b in plan.blocks]} if plan.blocks else {}),
        "relays": [_relay(r) for r in plan.relays],
        "deliveries": [
            {
                "demand": d.demand,
                "a": d.a,
                "b": d.b,
                "wanted_bits": d.wanted_bits,
                "delivered_bits": d.delivered_bits,
                "remark": d.remark,
                "p10_bits": d.p10_bits,
                "p50_bits": d.p50_bits,
                "p90_bits": d.p90_bits,
                "held_bits": d.held_bits,
                **({"by_night": [list(night) for night in d.by_night]} if d.by_night else {}),
            }
            for d in plan.deliveries
        ],
        **_later(plan),
        "rejections": [
            {
                "pass_id": r.pass_id,
                "reason": r.reason,
                "regret_kbit": r.regret_kbit,
                "swap_kbit": r.swap_kbit,
                "displaced": list(r.displaced),
            }
            for r in plan.rejections
        ],
        "changed": list(plan.changed),
        "outlook": [
            _outlook(pair)
            for pair in pair_outlook(plan, outcome.network, outcome.start, outcome.stop)
        ],
        "remarks": list(plan.remarks),
        "warnings": list(outcome.warnings),
        "difference": None if outcome.difference is None else _difference(outcome.difference),
        "frozen": list(outcome.frozen),
        "permissions": [
            {
                "name": origin.rule,
                "kind": origin.kind.value,
                "file": origin.path,
                "sha256": origin.sha256 or None,
                "dated_utc": None if origin.dated is None else utc_text(origin.dated),
                "says": origin.says,
            }
            for origin in outcome.permissions
        ],
    }


def plan_from_document(document: dict[str, Any]) -> Plan:
    """The plan that `plan_document` wrote; ValueError for another schema."""
    if document.get("schema") != SCHEMA:
        raise ValueError(f"schema {document.get('schema')!r} is not {SCHEMA!r}")
    return Plan(
        plan_id=document["plan_id"],
        night=document["night"],
        contacts=tuple(
            Contact(
                c["pass_id"],
                c["satellite"],
                c["station"],
                tuple((utc_instant(a), utc_instant(b)) for a, b in c["windows_utc"]),
                c["key_bits"],
                c.get("is_whole", True),
                c.get("expected_bits"),
                utc_instant(c["announced_utc"]) if "announced_utc" in c else None,
                c.get("block"),
            )
            for c in document["contacts"]
        ),
        relays=tuple(_relay_from(r) for r in document["relays"]),
        deliveries=tuple(
            Delivery(**{**d, "by_night": tuple((a, b) for a, b in d.get("by_night", ()))})
            for d in document["deliveries"]
        ),
        rejections=tuple(
            Rejection(**{**r, "displaced": tuple(r.get("displaced", ()))})
            for r in document["rejections"]
        ),
        value=document["value_kbit"],
        bound=document["bound_kbit"],
        solver=document["solver"],
        remarks=tuple(document["remarks"]),
        # Documents of earlier versions plan whole passes under a clear sky and nothing else.
        goal=document.get("goal", "priority"),
        assumes=document.get("assumes", CLEAR_SKY),
        stocks=tuple(PoolStock(**s) for s in document.get("stocks", ())),
        changed=tuple(document.get("changed", ())),
        seed=document.get("seed", 1),
        nights=document.get("nights", 1),
        later=tuple(_relay_from(r) for r in document.get("later_relays", ())),
        blocks=tuple(
            PlannedBlock(
                b["name"],
                tuple(b["pass_ids"]),
                b["key_bits"],
                b["expected_bits"],
                tuple(b["alone_bits"]),
                tuple(b["added_bits"]),
            )
            for b in document.get("blocks", ())
        ),
    )


def _difference(difference: PlanDifference) -> dict[str, Any]:
    return {
        "previous_plan_id": difference.previous,
        "added": list(difference.added),
        "dropped": list(difference.dropped),
        "moved": [
            {
                "pass_id": m.pass_id,
                "start_shift_s": m.start_shift_s,
                "stop_shift_s": m.stop_shift_s,
            }
            for m in difference.moved
        ],
        "key_changed": [
            {"pass_id": k.pass_id, "before_bits": k.before_bits, "after_bits": k.after_bits}
            for k in difference.key_changed
        ],
        "sentences": list(difference_sentences(difference)),
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "pass_id": contact.pass_id,
        "satellite": contact.satellite,
        "station": contact.station,
        "start_utc": utc_text(contact.start),
        "stop_utc": utc_text(contact.stop),
        "windows_utc": [[utc_text(a), utc_text(b)] for a, b in contact.windows],
        "key_bits": contact.key_bits,
        "is_whole": contact.is_whole,
        "expected_bits": contact.expected_bits,
        **({} if contact.announced is None else {"announced_utc": utc_text(contact.announced)}),
        # Only where contacts share blocks: other documents stay as they always were.
        **({} if contact.block is None else {"block": contact.block}),
    }


def _block(block: PlannedBlock) -> dict[str, Any]:
    return {
        "name": block.name,
        "pass_ids": list(block.pass_ids),
        "key_bits": block.key_bits,
        "expected_bits": block.expected_bits,
        "alone_bits": list(block.alone_bits),
        "added_bits": list(block.added_bits),
    }


def _outlook(pair: PairOutlook) -> dict[str, Any]:
    """How long a pair's key lasts, with the corners of its level for a figure."""
    return {
        "demand": pair.demand,
        "starves_at_utc": None if pair.starves_at is None else utc_text(pair.starves_at),
        "starved_h": pair.starved_s / 3_600.0,
        "level_bits": [[utc_text(at), bits] for at, bits in pair.level_bits],
    }


def _later(plan: Plan) -> dict[str, Any]:
    """What only a plan with more than tonight has."""
    told: dict[str, Any] = {} if plan.nights == 1 else {"nights": plan.nights}
    if plan.later:
        told["later_relays"] = [{**_relay(r), "night": r.night} for r in plan.later]
    return told


def _relay_from(told: Mapping[str, Any]) -> Relay:
    hops = tuple(Hop(h["a"], h["b"], h["satellite"]) for h in told["hops"])
    return Relay(told["demand"], hops, told["bits"], told.get("night", 0))


def _relay(relay: Relay) -> dict[str, Any]:
    return {
        "demand": relay.demand,
        "bits": relay.bits,
        "hops": [{"a": h.a, "b": h.b, "satellite": h.satellite} for h in relay.hops],
    }
