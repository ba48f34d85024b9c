"""The link of one satellite to one station: which receiver, what is missing, what it brings."""

from datetime import datetime

from groundstation.network import KeyPolicy, Satellite, Station
from groundstation.results.constants import LinkConstants, calibrated_source, calibration_term
from passes.counts.along import PreparedLink, prepare_link
from passes.counts.source import DecoySource
from passes.errors import PassError
from passes.forecast import PassForecast, forecast_along
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.still import still_track
from passes.track import Track

_Parts = tuple[Transmitter, DecoySource, Receiver, Atmosphere, float]
# Links that were prepared before, by everything they were prepared from.
PreparedLinks = dict[_Parts, PreparedLink]


def security_of(policy: KeyPolicy) -> SecurityParameters:
    """The promises of the network file as the key room wants them."""
    return SecurityParameters(
        epsilon_secrecy=policy.epsilon_secrecy,
        epsilon_correctness=policy.epsilon_correctness,
        error_correction=ErrorCorrection(policy.error_correction),
        error_correction_efficiency=policy.error_correction_efficiency,
    )


def forecast_link(
    policy: KeyPolicy,
    satellite: Satellite,
    station: Station,
    track: Track,
    constants: LinkConstants | None = None,
    prepared: PreparedLinks | None = None,
) -> tuple[str | None, PassForecast | None]:
    """Forecast the usable seconds of a pass, or say in one sentence why there is no budget.

    Parameters
    ----------
    constants : what counts have taught of the link; None forecasts what is declared
    prepared : of earlier passes of the same night, to which a link that is new is added; None
        prepares for this pass alone
    """
    refusal = refusal_of(satellite, station)
    receiver = receiver_for(satellite, station)
    if refusal is not None or receiver is None:
        return refusal, None
    transmitter, source, atmosphere = satellite.transmitter, satellite.source, station.atmosphere
    if transmitter is None or source is None or atmosphere is None:
        return f"no budget for {satellite.name} over {station.name}", None
    sent = calibrated_source(source, receiver, constants)
    parts = (transmitter, sent, receiver, atmosphere, station.site.height_m)
    try:
        forecast = forecast_along(
            _prepared(parts, {} if prepared is None else prepared),
            track,
            security=security_of(policy),
            proof=policy.proof,
            fitted_terms=()
            if constants is None
            else (calibration_term(track, transmitter.wavelength_m, atmosphere, constants),),
            light_scale=1.0 if constants is None else constants.light_scale,
        )
    except PassError as error:
        return f"no budget: {error}", None
    return None, forecast


def _prepared(parts: _Parts, links: PreparedLinks) -> PreparedLink:
    """The link of these parts, prepared once."""
    if parts not in links:
        links[parts] = prepare_link(*parts)
    return links[parts]


def forecast_point(
    policy: KeyPolicy,
    satellite: Satellite,
    station: Station,
    *,
    elevation_rad: float,
    range_m: float,
    instant: datetime,
) -> tuple[str | None, Track, PassForecast | None]:
    """Forecast one second of a satellite at a direction and a distance, Sun and Moon far down."""
    track = still_track(elevation_rad, range_m, instant)
    refusal, forecast = forecast_link(policy, satellite, station, track)
    return refusal, track, forecast


def receiver_for(satellite: Satellite, station: Station) -> Receiver | None:
    """The station's receiver whose filter passes the satellite's wavelength; None if none does."""
    if satellite.transmitter is None:
        return None
    wavelength_m = satellite.transmitter.wavelength_m
    for receiver in station.receivers:
        # Half a picometre of room for the rounding of decimal wavelengths.
        if abs(receiver.wavelength_m - wavelength_m) <= receiver.filter_bandwidth_m / 2.0 + 0.5e-12:
            return receiver
    return None


def refusal_of(satellite: Satellite, station: Station) -> str | None:
    """Which physical parameter a budget lacks, named as in the network file; None if none."""
    if satellite.transmitter is None or satellite.source is None:
        return f"no budget: {_listed(satellite.missing)} not given for {satellite.name}"
    if receiver_for(satellite, station) is None:
        if station.missing:
            return f"no budget: {_listed(station.missing)} not given for {station.name}"
        wavelengths = ", ".join(f"{r.wavelength_m * 1e9:g} nm" for r in station.receivers)
        return (
            f"no receiver for {satellite.transmitter.wavelength_m * 1e9:g} nm at {station.name} "
            f"(it has {wavelengths or 'none'})"
        )
    if station.atmosphere is None:
        return f"no budget: {_listed(station.missing)} not given for {station.name}"
    return None


def _listed(paths: tuple[str, ...]) -> str:
    shown = ", ".join(paths[:3]) or "payload"
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"
