"""A month as plain numbers: demand met per pair, forecast against result, stations, drift."""

from collections import defaultdict
from typing import Any

from groundstation.instants import utc_instant, utc_text
from groundstation.month_records import MonthOutcome
from groundstation.results.records import Sky
from groundstation.results.verification import verification_document
from passes.counts.calibration.unknowns import Constant
from passes.counts.spread.distributions import Normal

SCHEMA = "month/1"


def month_numbers(outcome: MonthOutcome) -> dict[str, Any]:
    """The month as a tree of dicts, lists, strings and numbers; what the page shows."""
    return {
        "schema": SCHEMA,
        "month": outcome.month,
        "network": outcome.network.name,
        "generated_utc": utc_text(outcome.generated),
        "headline": headline(outcome),
        "pairs": pair_rows(outcome),
        "nights": night_rows(outcome),
        "stations": station_rows(outcome),
        "calibration": drift_rows(outcome),
        "verification": verification_document(outcome.scores),
        "ledger": [dict(account) for account in outcome.accounts],
        "missing": list(outcome.missing),
        "program": {"version": outcome.version},
    }


def headline(outcome: MonthOutcome) -> dict[str, Any]:
    """The few numbers that are read first."""
    planned = sum(len(n.document["contacts"]) for n in outcome.nights)
    pairs = pair_rows(outcome)
    wanted = sum(row["wanted_bits"] for row in pairs)
    useful = sum(min(row["planned_bits"], row["wanted_bits"]) for row in pairs)
    received = [r for r in outcome.results if r.result.key_bits]
    return {
        "nights_planned": len(outcome.nights),
        "nights_of_month": outcome.days,
        "contacts_planned": planned,
        "contacts_recorded": len(outcome.results),
        "contacts_with_key": len(received),
        "contacts_clouded_out": _count(outcome, Sky.CLOUDED_OUT),
        "contacts_failed": _count(outcome, Sky.FAILED),
        "key_planned_bits": sum(
            c["key_bits"] for n in outcome.nights for c in n.document["contacts"]
        ),
        "key_received_bits": sum(r.result.key_bits or 0 for r in received),
        "wanted_bits": wanted,
        "fraction_of_demand_planned": useful / wanted if wanted else None,
    }


def pair_rows(outcome: MonthOutcome) -> list[dict[str, Any]]:
    """Each demand over the nights on record: wanted, promised by the plans, share, worst night."""
    rows = []
    for demand in outcome.network.demands:
        promised, wanted, worst = 0, 0, None
        for night in outcome.nights:
            for delivery in night.document["deliveries"]:
                if delivery["demand"] != demand.name:
                    continue
                promised += delivery["delivered_bits"]
                wanted += delivery["wanted_bits"]
                if delivery["wanted_bits"] > 0:
                    share = min(delivery["delivered_bits"] / delivery["wanted_bits"], 1.0)
                    worst = share if worst is None else min(worst, share)
        rows.append(
            {
                "demand": demand.name,
                "a": demand.a,
                "b": demand.b,
                "use": demand.use,
                "wanted_bits": wanted,
                "planned_bits": promised,
                "fraction_planned": min(promised / wanted, 1.0) if wanted else None,
                "worst_night_fraction": worst,
            }
        )
    return rows


def night_rows(outcome: MonthOutcome) -> list[dict[str, Any]]:
    """Each night: contacts and key planned, results on record, key received, what was degraded."""
    results = defaultdict(list)
    for item in outcome.results:
        results[item.night].append(item)
    rows = []
    for night in outcome.nights:
        document, found = night.document, results[night.night]
        rows.append(
            {
                "night": night.night,
                "plan_id": document["plan_id"],
                "contacts": len(document["contacts"]),
                "key_planned_bits": sum(c["key_bits"] for c in document["contacts"]),
                "recorded": len(found),
                "clouded_out": sum(r.result.sky is Sky.CLOUDED_OUT for r in found),
                "key_received_bits": sum(r.result.key_bits or 0 for r in found),
                "warnings": len(document["warnings"]),
            }
        )
    return rows


def station_rows(outcome: MonthOutcome) -> list[dict[str, Any]]:
    """Each station: nights and hours used, contacts planned and recorded, key received.

    `utilisation` is the share of contacts among the passes that could have been one.
    """
    rows, usable = [], _usable_passes(outcome)
    for station in outcome.network.stations:
        mine = [
            (night.night, contact)
            for night in outcome.nights
            for contact in night.document["contacts"]
            if contact["station"] == station.name
        ]
        busy_s = sum(
            (utc_instant(stop) - utc_instant(start)).total_seconds()
            for _, contact in mine
            for start, stop in contact["windows_utc"]
        )
        found = [r for r in outcome.results if r.station == station.name]
        rows.append(
            {
                "station": station.name,
                "title": station.title,
                "nights_used": len({night for night, _ in mine}),
                "contacts": len(mine),
                "busy_h": busy_s / 3_600.0,
                "usable_passes": usable[station.name],
                "utilisation": len(mine) / usable[station.name] if usable[station.name] else None,
                "recorded": len(found),
                "clouded_out": sum(r.result.sky is Sky.CLOUDED_OUT for r in found),
                "key_planned_bits": sum(contact["key_bits"] for _, contact in mine),
                "key_received_bits": sum(r.result.key_bits or 0 for r in found),
            }
        )
    return rows


def _usable_passes(outcome: MonthOutcome) -> dict[str, int]:
    """Passes of each station that are contacts or that the plan could have taken instead."""
    stations = {station.name: 0 for station in outcome.network.stations}
    for night in outcome.nights:
        for contact in night.document["contacts"]:
            if contact["station"] in stations:
                stations[contact["station"]] += 1
        for rejection in night.document["rejections"]:
            # A pass that cannot be taken at all has no price.
            if rejection.get("regret_kbit") is not None:
                name = _station_of(outcome, rejection["pass_id"])
                if name is not None:
                    stations[name] += 1
    return stations


def _station_of(outcome: MonthOutcome, pass_id: str) -> str | None:
    """The station that a pass id names behind its satellite; the longest name that fits."""
    found = [
        station.name
        for station in outcome.network.stations
        for satellite in outcome.network.satellites
        if pass_id.startswith(f"{satellite.name}-{station.name}-")
    ]
    return max(found, key=len, default=None)


def drift_rows(outcome: MonthOutcome) -> list[dict[str, Any]]:
    """The loss constant of each link, and how its last period differs from those before."""
    if outcome.calibration is None:
        return []
    rows = []
    for band in outcome.calibration.bands:
        for drift in band.drifts:
            loss = band.constant(Constant.LOSS, drift.satellite)
            # A loss in decibels is normal; what is lognormal are scales.
            value = loss.value if loss is not None and isinstance(loss.value, Normal) else None
            rows.append(
                {
                    "station": band.station,
                    "satellite": drift.satellite,
                    "wavelength_nm": round(band.wavelength_m * 1e9, 3),
                    "loss_db": None if value is None else value.mean,
                    "sigma_db": None if value is None else value.sigma,
                    "change_db": drift.change_db,
                    "change_sigma_db": drift.sigma_db,
                    "is_flagged": drift.is_flagged,
                    "passes": 0 if loss is None else loss.passes,
                    "periods": [
                        {
                            "first_night": period.first_night,
                            "last_night": period.last_night,
                            "loss_db": period.loss_db.mean,
                            "sigma_db": period.loss_db.sigma,
                            "passes": period.passes,
                        }
                        for period in drift.periods
                    ],
                }
            )
    return rows


def _count(outcome: MonthOutcome, sky: Sky) -> int:
    return sum(item.result.sky is sky for item in outcome.results)
