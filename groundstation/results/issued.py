"""A forecast as it was issued for one pass: what a result is compared with."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundstation.instants import utc_instant, utc_text
from groundstation.results.reference import PassReference
from groundstation.results.spread import PassSpread, spread_document, spread_from_document
from passes.counts.spread.distributions import Normal

SCHEMA = "forecast/1"


@dataclass(frozen=True, slots=True)
class ClearForecast:
    """Chance that a pass is clear, as it was forecast.

    Parameters
    ----------
    probability : in [0, 1]
    low, high : its interval
    source : of the weather
    """

    probability: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class IssuedForecast:
    """What one run said of one pass.

    Parameters
    ----------
    pass_id, satellite, station, night : of the pass
    aos, los : rise and set, aware UTC
    issued_at : of the run
    plan_id : of the plan the run made
    is_contact : whether the plan took the pass
    elements_epoch, elements_source : of the set the orbit came from
    wavelength_m : of the laser
    link_digest : of the description of the link, see `groundstation.results.constants`
    depth_prior : optical depth of a night of which nothing is known, at the laser's wavelength
    spread : counts and key under a clear sky, with the calibration in force
    clear : None where no weather was known
    reference : what the uncalibrated budget expects, second by second
    """

    pass_id: str
    satellite: str
    station: str
    night: str
    aos: datetime
    los: datetime
    issued_at: datetime
    plan_id: str
    is_contact: bool
    elements_epoch: datetime
    elements_source: str
    wavelength_m: float
    link_digest: str
    depth_prior: Normal
    spread: PassSpread
    clear: ClearForecast | None
    reference: PassReference


def issued_document(forecast: IssuedForecast, reference_sha256: str) -> dict[str, Any]:
    """The forecast as a JSON object, its reference by digest."""
    clear, depth = forecast.clear, forecast.depth_prior
    return {
        "schema": SCHEMA,
        "pass_id": forecast.pass_id,
        "satellite": forecast.satellite,
        "station": forecast.station,
        "night": forecast.night,
        "aos_utc": utc_text(forecast.aos),
        "los_utc": utc_text(forecast.los),
        "issued_at_utc": utc_text(forecast.issued_at),
        "plan_id": forecast.plan_id,
        "is_contact": forecast.is_contact,
        "elements_epoch_utc": utc_text(forecast.elements_epoch),
        "elements_source": forecast.elements_source,
        "wavelength_nm": forecast.wavelength_m * 1e9,
        "link_digest": forecast.link_digest,
        "depth_prior": {"mean": depth.mean, "sigma": depth.sigma, "source": depth.source},
        "spread": spread_document(forecast.spread),
        "clear": None
        if clear is None
        else {
            "probability": clear.probability,
            "low": clear.low,
            "high": clear.high,
            "source": clear.source,
        },
        "reference_sha256": reference_sha256,
    }


def issued_from_document(document: dict[str, Any], reference: PassReference) -> IssuedForecast:
    """The forecast that `issued_document` wrote."""
    return IssuedForecast(
        pass_id=document["pass_id"],
        satellite=document["satellite"],
        station=document["station"],
        night=document["night"],
        aos=utc_instant(document["aos_utc"]),
        los=utc_instant(document["los_utc"]),
        issued_at=utc_instant(document["issued_at_utc"]),
        plan_id=document["plan_id"],
        is_contact=document["is_contact"],
        elements_epoch=utc_instant(document["elements_epoch_utc"]),
        elements_source=document["elements_source"],
        wavelength_m=document["wavelength_nm"] * 1e-9,
        link_digest=document["link_digest"],
        depth_prior=Normal(**document["depth_prior"]),
        spread=spread_from_document(document["spread"]),
        clear=None if document["clear"] is None else ClearForecast(**document["clear"]),
        reference=reference,
    )
