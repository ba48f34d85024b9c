"""One pass as one HTML page that needs nothing but itself."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from markupsafe import Markup

from groundstation.export.clear_columns import clear_sentence
from groundstation.night_records import NightPass
from groundstation.pass_records import PassOutcome
from groundstation.plan.records import Contact
from groundstation.report.contact_card import (
    legend_of,
    loss_caption,
    rates_caption,
    sky_caption,
)
from groundstation.report.figures.budget import budget_figure
from groundstation.report.figures.cloud import cloud_figure
from groundstation.report.figures.link import best_second, link_symbols, loss_figure, rate_figure
from groundstation.report.figures.sky import sky_figure, sky_symbols
from groundstation.report.figures.waterfall import waterfall_figure
from groundstation.report.page import as_script, rendered
from groundstation.report.pass_falls import measured_rows, pass_falls, pass_times
from groundstation.report.pass_numbers import pass_numbers
from groundstation.report.wording import THIN, bits, clock, count_of, degrees, duration, percent
from passes.forecast import PassForecast

# On either side of a pass, in the figure of the cloud.
AROUND_PASS_S = 4 * 3_600.0


def render_pass(outcome: PassOutcome) -> str:
    """The report of a pass: self-contained HTML with inline SVG and the numbers as JSON.

    The same outcome gives the same text, byte for byte.
    """
    item, station = outcome.night_pass, outcome.network.stations[0]
    forecast, light = item.forecast, outcome.light
    title = pass_title(outcome)
    falls = pass_falls(outcome)
    return rendered(
        "pass.html.j2",
        outcome=outcome,
        item=item,
        title=title,
        network=outcome.network,
        verdict=verdict(outcome),
        notices=(*outcome.warnings, *(() if light is None else light.remarks)),
        cards=cards(outcome),
        facts=geometry_facts(item),
        sky=sky_figure(item, station).inline(f"Sky plot: {title}"),
        sky_caption=sky_caption(item),
        loss=None if forecast is None else loss_figure(item, forecast).inline(f"Loss: {title}"),
        loss_caption="" if forecast is None else loss_caption(item, forecast),
        legend=() if forecast is None else legend_of(item, forecast),
        rates=None if forecast is None else rate_figure(item, forecast).inline(f"Rates: {title}"),
        rates_caption="" if forecast is None else rates_caption(item, forecast),
        sheet=budget_sheet(outcome),
        terms=[] if forecast is None else loss_rows(item, forecast),
        times=pass_times(outcome),
        falls=falls,
        falls_svg=waterfall_figure(falls, decades=True).inline("From pulses to key")
        if falls
        else None,
        measured=measured_rows(outcome),
        cloud=cloud_of_pass(outcome),
        cloud_words=clear_sentence(item.clear),
        symbols=sky_symbols([station]) + link_symbols(),
        data=as_script(pass_numbers(outcome)),
    )


def pass_title(outcome: PassOutcome) -> str:
    """Which satellite passes over which station."""
    station = outcome.network.stations[0]
    return f"{outcome.night_pass.satellite} over {station.title or station.name}"


def verdict(outcome: PassOutcome) -> str:
    """The decision on the pass in one sentence."""
    decision = outcome.decision
    if decision is None:
        return "No plan is published for this night: nothing is decided of this pass."
    if decision.contact is None:
        reason = outcome.night_pass.refusal or "the plan does not know it"
        if decision.rejection is not None:
            reason = decision.rejection.reason
        return f"Plan {decision.plan_id} does not take it: {reason}."
    contact = decision.contact
    part = "the whole pass" if contact.is_whole else "a part of the pass"
    block = "" if contact.block is None else f", its share of the block {contact.block}"
    return (
        f"Plan {decision.plan_id} takes {part}, {clock(contact.start)} to {clock(contact.stop)} "
        f"UTC, for {bits(contact.key_bits)} under a clear sky{block}."
    )


def cards(outcome: PassOutcome) -> list[tuple[str, str, str]]:
    """What is read first: name, value, and a line below it."""
    item, forecast = outcome.night_pass, outcome.night_pass.forecast
    contact = None if outcome.decision is None else outcome.decision.contact
    window = "none" if item.start is None or item.stop is None else clock(item.start)
    rows = [
        (
            "Usable from, UTC",
            window,
            "no second is usable"
            if item.stop is None
            else f"to {clock(item.stop)}, {duration(item.usable_s)}",
        ),
        ("Highest", degrees(item.max_elevation_rad), f"at {clock(item.tca)} UTC"),
    ]
    if forecast is None:
        rows.append(("Secret key", "none", "the pass is refused"))
    else:
        worth = contact.key_bits if contact is not None else forecast.key.secret_key_bits
        rows.append(("Secret key, clear sky", bits(worth), _below_key(item, contact)))
    if item.clear is not None and np.isfinite(item.clear.whole.probability):
        chance = item.clear.whole
        rows.append(
            (
                "Chance of a clear sky",
                percent(chance.probability),
                f"{percent(chance.lowest)} – {percent(chance.highest)}",
            )
        )
    else:
        rows.append(("Chance of a clear sky", "unknown", "no weather is known"))
    return rows


def _below_key(item: NightPass, contact: Contact | None) -> str:
    """What the range of the key is, and of what."""
    whole = "the whole pass"
    if item.spread is not None:
        quantiles = item.spread.key_bits
        whole += f" {bits(quantiles.p10)} – {bits(quantiles.p90)}"
    return whole if contact is None or contact.is_whole else f"in part; {whole}"


def geometry_facts(item: NightPass) -> tuple[tuple[str, str], ...]:
    """The geometry of the pass in words."""
    facts = [
        ("Rise", f"{clock(item.aos)} at {degrees(item.aos_azimuth_rad)}"),
        ("Highest", f"{clock(item.tca)} at {degrees(item.tca_azimuth_rad)}"),
        ("Set", f"{clock(item.los)} at {degrees(item.los_azimuth_rad)}"),
        ("Closest range", f"{item.min_range_m / 1e3:.0f}{THIN}km"),
        ("Sun", degrees(item.sun_elevation_rad, 1)),
        ("Satellite sunlit", percent(item.sunlit_fraction)),
        ("Moon", f"{degrees(item.moon_elevation_rad)}, {percent(item.moon_illumination)} lit"),
        ("Nearest to Moon", degrees(item.moon_separation_rad)),
        ("Keyhole", count_of(round(item.keyhole_s), "second")),
        ("Elements age", duration(item.elements_age_s)),
    ]
    if item.sigma_time_s is not None and item.sigma_pointing_rad is not None:
        pointing = f"±{item.sigma_pointing_rad * 1e3:.1f}{THIN}mrad"
        facts.append(("Orbit error (1σ)", f"±{item.sigma_time_s:.2f}{THIN}s, {pointing}"))
    return tuple(facts)


@dataclass(frozen=True, slots=True)
class LossRow:
    """One term where the window opens, at the best second, and where it closes [dB]."""

    name: str
    group: str
    first_db: float
    best_db: float
    last_db: float
    source: str


def loss_rows(item: NightPass, forecast: PassForecast) -> list[LossRow]:
    """Every term of the budget and the total, which comes last."""
    first, best, last = _seconds_shown(item, forecast)
    budget = forecast.budget
    rows = []
    for term in budget.terms:
        loss_db = np.broadcast_to(term.loss_db, budget.total_db.shape)
        ends = float(loss_db[first]), float(loss_db[best]), float(loss_db[last])
        rows.append(LossRow(term.name.replace("_", " "), term.group.value, *ends, term.source))
    total = budget.total_db
    rows.append(
        LossRow("Total", "", float(total[first]), float(total[best]), float(total[last]), "")
    )
    return rows


def _seconds_shown(item: NightPass, forecast: PassForecast) -> tuple[int, int, int]:
    usable = np.flatnonzero(item.track.is_usable)
    best = best_second(item, forecast)
    return (int(usable[0]), best, int(usable[-1])) if usable.size else (best, best, best)


def budget_sheet(outcome: PassOutcome) -> Markup | None:
    """Elevation, loss by term, clicks and errors by cause; None without a forecast."""
    item, light = outcome.night_pass, outcome.light
    if item.forecast is None or light is None:
        return None
    title = pass_title(outcome)
    drawn = budget_figure(item.track, item.forecast, light.causes, "Second by second")
    return drawn.inline(f"Loss, clicks and errors by cause against time: {title}")


def cloud_of_pass(outcome: PassOutcome) -> Markup | None:
    """Cloud over the station some hours around the pass; None where it is not known."""
    item = outcome.night_pass
    if outcome.cloud is None:
        return None
    epoch, last_s = outcome.cloud.epoch, outcome.cloud.times_s[-1]
    at_s = (item.tca - epoch).total_seconds()
    span = (
        epoch + timedelta(seconds=max(at_s - AROUND_PASS_S, 0.0)),
        epoch + timedelta(seconds=min(at_s + AROUND_PASS_S, last_s)),
    )
    # The pass itself is marked where it is no contact.
    contact = None if outcome.decision is None else outcome.decision.contact
    marks = [] if contact is None else [contact]
    title = outcome.network.stations[0].title or outcome.network.stations[0].name
    return cloud_figure(outcome.cloud, title, marks, span).inline(f"Cloud over {title}")
