"""What every pass of a night brings under a clear sky; nothing is read or written."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from groundstation.catalogue import Selection
from groundstation.network import KeyPolicy, Network, Satellite, Station
from groundstation.night.issue import constants_for, spread_of
from groundstation.night.links import PreparedLinks, forecast_link
from groundstation.night.pass_names import KnownPass
from groundstation.night.span import night_of, reference_longitude_rad
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night_records import NightPass
from groundstation.permission.records import NOTHING_REQUIRED, Permissions
from groundstation.results.calibration import DatedCalibration
from groundstation.results.constants import LinkConstants
from passes.forecast import PassForecast
from passes.track import Track

# Outside the domain of a formula.
FAILURES = (ValueError, ArithmeticError, LookupError)


def survey(
    network: Network,
    selection: Selection,
    start: datetime,
    stop: datetime,
    known: Sequence[KnownPass] = (),
    permissions: Permissions = NOTHING_REQUIRED,
    calibration: DatedCalibration | None = None,
) -> Survey:
    """Find every pass of the span [start, stop) and forecast each that can be a contact."""
    seen = find_night_passes(network, selection, start, stop, known, permissions)
    return with_forecasts(
        network, seen, night_of(start, reference_longitude_rad(network)), calibration
    )


def with_forecasts(
    network: Network,
    seen: Survey,
    night: str = "",
    calibration: DatedCalibration | None = None,
) -> Survey:
    """The same passes, each that can be a contact with its forecast or with what it lacks.

    Parameters
    ----------
    night : that the calibration is used for
    calibration : what counts have taught of the links; None forecasts what is declared
    """
    satellites = {satellite.name: satellite for satellite in network.satellites}
    stations = {station.name: station for station in network.stations}
    prepared: PreparedLinks = {}
    passes: list[NightPass] = []
    warnings: list[str] = []
    for item in seen.passes:
        if item.refusal is not None:
            passes.append(item)
            continue
        satellite, station = satellites[item.satellite], stations[item.station]
        constants, spread = constants_for(calibration, satellite, station, night), None
        refusal, forecast, warning = forecast_or_refusal(
            network.key, satellite, station, item.track, constants, prepared
        )
        try:
            if forecast is not None:
                spread = spread_of(network.key, satellite, station, item.track, forecast, constants)
        except FAILURES as error:
            refusal, forecast = f"no budget: {error}", None
            warning = refusal
        if warning:
            warnings.append(f"{item.pass_id}: {warning}")
        passes.append(replace(item, refusal=refusal, forecast=forecast, spread=spread))
    return replace(seen, passes=tuple(passes), warnings=(*seen.warnings, *warnings))


def forecast_or_refusal(
    policy: KeyPolicy,
    satellite: Satellite,
    station: Station,
    track: Track,
    constants: LinkConstants | None,
    prepared: PreparedLinks,
) -> tuple[str | None, PassForecast | None, str]:
    """Refusal, forecast, and a warning where the pass is outside the domain of a formula."""
    try:
        return *forecast_link(policy, satellite, station, track, constants, prepared), ""
    except FAILURES as error:
        # This pass is lost, the night is not.
        refusal = f"no budget: {error}"
        return refusal, None, refusal
