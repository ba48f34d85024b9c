"""One pass with all that is known of it: geometry, light, decision, result; records only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from groundstation.network import Network
from groundstation.night_records import CloudOutlook, ElementsUsed, NightPass
from groundstation.plan.records import Contact, Rejection, Relay
from groundstation.results.store import RecordedResult
from passes.counts.by_cause import RatesByCause
from passes.key.decoy.waterfall import WaterfallStep


@dataclass(frozen=True, slots=True, eq=False)
class PassLight:
    """What a pass's forecast is made of.

    Parameters
    ----------
    causes : clicks and errors along the track by cause
    qber_by_cause : of the usable seconds; they add up to their error rate
    steps : what each cause costs between the sifted bits and the key
    sent_pulses, detected : pulses of the source, and clicks in the gates, in the usable seconds
    signal : of these clicks, those of the source's photons
    repeaterless_bits : what no protocol without a repeater exceeds
    terminal : the transmitter, source and receiver in words
    remarks : what a reader should know before trusting the budget
    """

    causes: RatesByCause
    qber_by_cause: Mapping[str, float]
    steps: tuple[WaterfallStep, ...]
    sent_pulses: float
    detected: float
    signal: float
    repeaterless_bits: float
    terminal: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassDecision:
    """What the published plan says of a pass.

    Parameters
    ----------
    plan_id : of the plan
    contact : None if the pass is not taken
    rejection : why it is not; None if it is, or where the plan does not know it
    relays : that spend key of this satellite and this station
    """

    plan_id: str
    contact: Contact | None
    rejection: Rejection | None
    relays: tuple[Relay, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PassOutcome:
    """Everything that a pass's report is made of.

    Parameters
    ----------
    network : with this satellite and this station alone
    night : date of its evening
    generated : the `now` of the report
    night_pass : geometry, forecast, chance of a clear sky
    elements : the set it was computed from
    light : None where the pass has no forecast
    decision : of the plan that is published; None where there is none
    cloud : over the station; None where the weather is not known
    result : the version that counts; None where none is recorded
    calibration_id : of the calibration in force, or ""
    warnings : what is degraded, one sentence each
    version, libraries : what computed it
    """

    network: Network
    night: str
    generated: datetime
    night_pass: NightPass
    elements: ElementsUsed
    light: PassLight | None
    decision: PassDecision | None
    cloud: CloudOutlook | None
    result: RecordedResult | None
    calibration_id: str
    warnings: tuple[str, ...]
    version: str
    libraries: tuple[tuple[str, str], ...]
