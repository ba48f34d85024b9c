"""One chosen contact as a reader meets it: facts in words, then three figures."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from groundstation.export.clear_columns import clear_sentence
from groundstation.network import Station
from groundstation.night_records import NightPass
from groundstation.plan.records import Contact
from groundstation.report.figures.link import (
    best_second,
    loss_figure,
    present_groups,
    rate_figure,
)
from groundstation.report.figures.sky import keyhole_seconds, moon_direction, sky_figure
from groundstation.report.wording import (
    THIN,
    bits,
    clock,
    count_of,
    degrees,
    duration,
    percent,
)
from passes.forecast import PassForecast

POINTS_OF_COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A loss group: CSS variable, name, loss at the best second [dB]."""

    group: str
    loss_db: float


@dataclass(frozen=True, slots=True)
class ContactCard:
    """What the page shows of one contact; the curves are None where no forecast exists."""

    number: int
    contact: Contact
    station: str
    facts: tuple[tuple[str, str], ...]
    sky: Markup
    sky_caption: str
    loss: Markup | None
    legend: tuple[LegendEntry, ...]
    loss_caption: str
    rates: Markup | None
    rates_caption: str


def contact_card(
    *, number: int, contact: Contact, night_pass: NightPass, station: Station, title: str
) -> ContactCard:
    """Facts, captions and figures of one contact."""
    forecast = night_pass.forecast
    name = f"{contact.satellite} over {title}"
    return ContactCard(
        number=number,
        contact=contact,
        station=title,
        facts=facts_of(contact, night_pass),
        sky=sky_figure(night_pass, station).inline(f"Sky plot: {name}"),
        sky_caption=sky_caption(night_pass),
        loss=loss_figure(night_pass, forecast).inline(f"Link loss by group against time: {name}")
        if forecast
        else None,
        legend=legend_of(night_pass, forecast) if forecast else (),
        loss_caption=loss_caption(night_pass, forecast) if forecast else "",
        rates=rate_figure(night_pass, forecast).inline(f"Sifted rate and QBER against time: {name}")
        if forecast
        else None,
        rates_caption=rates_caption(night_pass, forecast) if forecast else "",
    )


def facts_of(contact: Contact, night_pass: NightPass) -> tuple[tuple[str, str], ...]:
    """Times, key, orbit error and sky of a contact in words."""
    facts = [
        ("Window", f"{clock(contact.start)} – {clock(contact.stop)}"),
        ("Usable", _usable(contact, night_pass)),
        ("Secret key, clear sky", bits(contact.key_bits)),
        ("Closest range", f"{night_pass.min_range_m / 1e3:.0f}{THIN}km"),
        ("Elements age", duration(night_pass.elements_age_s)),
    ]
    if contact.block is not None:
        facts.insert(3, ("Its key is a share of block", contact.block))
    if night_pass.sigma_time_s is not None and night_pass.sigma_pointing_rad is not None:
        direction = f"±{night_pass.sigma_pointing_rad * 1e3:.1f}{THIN}mrad"
        facts.append(("Orbit error (1σ)", f"±{night_pass.sigma_time_s:.2f}{THIN}s, {direction}"))
    if night_pass.clear is not None:
        facts.append(("Sky", clear_sentence(night_pass.clear)))
    if night_pass.forecast is not None:
        key = night_pass.forecast.key
        facts[3:3] = [
            ("QBER", percent(key.qber, 2)),
            ("Phase error bound", percent(key.phase_error, 2)),
        ]
    return tuple(facts)


def _usable(contact: Contact, night_pass: NightPass) -> str:
    """Seconds of the contact, and of how many where it is a part of the pass."""
    if contact.is_whole:
        return duration(night_pass.usable_s)
    taken_s = sum((stop - start).total_seconds() for start, stop in contact.windows)
    return f"{duration(taken_s)} of {duration(night_pass.usable_s)}, the rest serves another"


def sky_caption(night_pass: NightPass) -> str:
    """Where the pass runs, Sun, Moon and keyhole in words."""
    path = (
        f"Rises in the {_compass(night_pass.aos_azimuth_rad)}, highest "
        f"{degrees(night_pass.max_elevation_rad)} in the {_compass(night_pass.tca_azimuth_rad)}, "
        f"sets in the {_compass(night_pass.los_azimuth_rad)}."
    )
    height = degrees(night_pass.sun_elevation_rad)
    sun = (
        f"The Sun stands at {height}, below the horizon."
        if night_pass.sun_elevation_rad < 0
        else f"The Sun is up, at {height}."
    )
    sentences = [path, sun, _moon_sentence(night_pass)]
    if night_pass.keyhole_s > 0 or keyhole_seconds(night_pass.track).any():
        seconds = count_of(round(night_pass.keyhole_s), "second")
        sentences.append(f"Keyhole: the mount cannot follow for {seconds}.")
    return " ".join(sentences)


def _moon_sentence(night_pass: NightPass) -> str:
    if night_pass.moon_elevation_rad <= 0:
        return "The Moon is down."
    direction = moon_direction(night_pass.track)
    where = "" if direction is None else f" in the {_compass(direction[0])}"
    return (
        f"The Moon, {percent(night_pass.moon_illumination)} lit, stands at "
        f"{degrees(night_pass.moon_elevation_rad)}{where} and comes within "
        f"{degrees(night_pass.moon_separation_rad)} of the line of sight."
    )


def _compass(azimuth_rad: float) -> str:
    return POINTS_OF_COMPASS[round(float(np.degrees(azimuth_rad)) / 45.0) % 8]


def legend_of(night_pass: NightPass, forecast: PassForecast) -> tuple[LegendEntry, ...]:
    """Loss of each group at the best second."""
    best = best_second(night_pass, forecast)
    return tuple(
        LegendEntry(group.value, float(forecast.budget.group_db(group)[best]))
        for group in present_groups(forecast.budget)
    )


def loss_caption(night_pass: NightPass, forecast: PassForecast) -> str:
    """The range of the loss in words."""
    total_db = forecast.budget.total_db[night_pass.track.is_usable]
    if not total_db.size:
        return "No second of this pass is usable."
    return (
        f"Total loss {total_db.min():.1f} to {total_db.max():.1f}{THIN}dB. "
        "From the bottom, at the best second:"
    )


def loss_words(night_pass: NightPass, forecast: PassForecast) -> str:
    """The range of the loss and what each group has of it, for where no legend stands."""
    groups = (
        f"{entry.group} {entry.loss_db:.1f}{THIN}dB" for entry in legend_of(night_pass, forecast)
    )
    caption = loss_caption(night_pass, forecast)
    return f"{caption} {', '.join(groups)}." if night_pass.track.is_usable.any() else caption


def rates_caption(night_pass: NightPass, forecast: PassForecast) -> str:
    """Rates, noise and error rate in words."""
    usable, rates = night_pass.track.is_usable, forecast.rates
    if not usable.any():
        return "No second of this pass is usable."
    qber = rates.qber[usable]
    return (
        f"Up to {rates.sifted_hz[usable].max() / 1e3:.2f}{THIN}kHz sifted, noise in the gates up "
        f"to {rates.noise_hz[usable].max():.0f}{THIN}Hz. QBER {percent(float(qber.min()), 1)} to "
        f"{percent(float(qber.max()), 1)} along the pass; {bits(forecast.key.sifted_bits)} sifted "
        "in the key basis."
    )
