"""What a night promises of its passes: counts and key as quantiles, kept to be compared with.

- Only a pass that has a forecast is promised anything.
- A promise holds the calibration it was made with; without one it is that of the declared link.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from groundstation.network import KeyPolicy, Satellite, Station
from groundstation.night.links import receiver_for, security_of
from groundstation.night_records import ElementsUsed, NightPass
from groundstation.results.calibration import DatedCalibration
from groundstation.results.constants import (
    LinkConstants,
    depth_of_budget,
    depth_prior,
    link_digest,
    uncalibrated_parts,
)
from groundstation.results.issued import ClearForecast, IssuedForecast
from groundstation.results.reference import pass_reference
from groundstation.results.spread import PassSpread, pass_spread
from passes.counts.spread.draws import Link
from passes.counts.spread.priors import default_priors
from passes.forecast import PassForecast, slot_s
from passes.track import Track


def link_of(satellite: Satellite, station: Station) -> Link | None:
    """The link as it is declared; None where something is missing."""
    receiver = receiver_for(satellite, station)
    transmitter, source, atmosphere = satellite.transmitter, satellite.source, station.atmosphere
    if receiver is None or transmitter is None or source is None or atmosphere is None:
        return None
    return Link(transmitter, source, receiver, atmosphere)


def constants_for(
    calibration: DatedCalibration | None, satellite: Satellite, station: Station, night: str
) -> LinkConstants | None:
    """What a calibration says of a link in a night; None if nothing."""
    link = link_of(satellite, station)
    if calibration is None or link is None:
        return None
    return calibration.constants_of(
        satellite.name,
        station.name,
        link.transmitter.wavelength_m,
        _digest(link, station),
        night,
    )


def spread_of(
    policy: KeyPolicy,
    satellite: Satellite,
    station: Station,
    track: Track,
    forecast: PassForecast,
    constants: LinkConstants | None,
) -> PassSpread | None:
    """Counts and key of a pass as quantiles; None where nothing is usable."""
    link = link_of(satellite, station)
    if link is None:
        return None
    return pass_spread(
        track,
        forecast,
        transmitter=link.transmitter,
        source=link.source,
        receiver=link.receiver,
        atmosphere=link.atmosphere,
        security=security_of(policy),
        constants=constants,
    )


def issued_forecasts(
    passes: Sequence[NightPass],
    satellites: Sequence[Satellite],
    stations: Sequence[Station],
    elements: Sequence[ElementsUsed],
    *,
    night: str,
    plan_id: str,
    contacts: frozenset[str],
    issued_at: datetime,
    calibration: DatedCalibration | None,
) -> list[IssuedForecast]:
    """The promises of all passes that have one, in order.

    Parameters
    ----------
    contacts : ids of the passes that the plan takes
    calibration : that the forecasts were made with
    """
    senders = {satellite.name: satellite for satellite in satellites}
    places = {station.name: station for station in stations}
    sources = {item.satellite: item.source for item in elements}
    issued = (
        issued_forecast(
            item,
            senders[item.satellite],
            places[item.station],
            night=night,
            plan_id=plan_id,
            is_contact=item.pass_id in contacts,
            issued_at=issued_at,
            elements_source=sources.get(item.satellite, ""),
            constants=constants_for(
                calibration, senders[item.satellite], places[item.station], night
            ),
        )
        for item in passes
    )
    return [forecast for forecast in issued if forecast is not None]


def issued_forecast(
    item: NightPass,
    satellite: Satellite,
    station: Station,
    *,
    night: str,
    plan_id: str,
    is_contact: bool,
    issued_at: datetime,
    elements_source: str,
    constants: LinkConstants | None,
) -> IssuedForecast | None:
    """The promise of one pass; None if it was promised nothing."""
    link, forecast, spread = link_of(satellite, station), item.forecast, item.spread
    if link is None or forecast is None or spread is None:
        return None
    wavelength_m = link.transmitter.wavelength_m
    budget, noise = uncalibrated_parts(forecast, constants)
    priors = default_priors(link.transmitter, link.source, link.receiver, link.atmosphere)
    return IssuedForecast(
        pass_id=item.pass_id,
        satellite=item.satellite,
        station=item.station,
        night=night,
        aos=item.aos,
        los=item.los,
        issued_at=issued_at,
        plan_id=plan_id,
        is_contact=is_contact,
        elements_epoch=item.elements_epoch,
        elements_source=elements_source,
        wavelength_m=wavelength_m,
        link_digest=_digest(link, station),
        depth_prior=depth_prior(priors, wavelength_m),
        spread=spread,
        clear=_clear(item),
        reference=pass_reference(
            item.track,
            budget,
            noise,
            source=link.source,
            receiver=link.receiver,
            optical_depth=depth_of_budget(wavelength_m, link.atmosphere),
            slot_s=slot_s(item.track),
        ),
    )


def _clear(item: NightPass) -> ClearForecast | None:
    """The chance of a clear sky, where it is known."""
    if item.clear is None or math.isnan(item.clear.whole.probability):
        return None
    whole = item.clear.whole
    return ClearForecast(whole.probability, whole.low, whole.high, whole.source)


def _digest(link: Link, station: Station) -> str:
    return link_digest(
        link.transmitter, link.source, link.receiver, link.atmosphere, station.site.height_m
    )
