"""The JSON input of `groundstation key length`, checked with all faults at once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.counts import decoy_counts_from_slots
from passes.key.records import CountBound, DecoyCounts, ErrorCorrection, Proof, SecurityParameters
from passes.key.validity import (
    check_counts,
    check_epsilon,
    check_intensities,
    check_probabilities,
)

PROTOCOLS = ("decoy-bb84",)
_WITH_EFFICIENCY = (
    "slot_s",
    "noise_probability_per_gate",
    "intrinsic_qber",
    "afterpulse_probability",
    "receiver",
)

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
HalfFraction = Annotated[Number, Field(ge=0.0, le=0.5)]
Triple = tuple[Number, Number, Number]


class InputFaultsError(Exception):
    """Everything that is wrong with an input; each fault is `path: message`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def _agreed(check: Callable[[Any], None]) -> AfterValidator:
    """A check of passes as one of pydantic's, so that both refuse alike."""

    def agree(value: Any) -> Any:
        try:
            check(value)
        except KeyLengthError as error:
            raise ValueError(str(error)) from error
        return value

    return AfterValidator(agree)


def _one_of(name: str, known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            exists = ", ".join(f"'{item}'" for item in known)
            raise ValueError(f"{name} '{value}' is not available; there is {exists}")
        return value

    return AfterValidator(check)


def _refuse_optimise(value: object) -> object:
    if value is not None and value is not False:
        raise ValueError("optimising is not available; give the source's settings in source")
    return value


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceInput(_Strict):
    """The sender."""

    pulse_rate_hz: Annotated[Number, Field(gt=0.0)]
    intensities: Annotated[Triple, _agreed(check_intensities)]
    probabilities: Annotated[Triple, _agreed(check_probabilities)]
    key_basis_probability: Fraction


class ReceiverInput(_Strict):
    """The receiver's choice of basis."""

    key_basis_probability: Fraction


class CountsInput(_Strict):
    """Measured or expected counts of the whole block, by intensity."""

    key: Triple
    key_errors: Number
    test: Triple
    test_errors: Triple

    def to_counts(self) -> DecoyCounts:
        """The record of the proof."""
        return DecoyCounts(
            key=np.array(self.key),
            test=np.array(self.test),
            key_errors=self.key_errors,
            test_errors=np.array(self.test_errors),
        )


class ErrorCorrectionInput(_Strict):
    """How many bits error correction discloses."""

    model: ErrorCorrection
    efficiency: Annotated[Number, Field(ge=1.0)] | None = None
    disclosed_bits: Annotated[Number, Field(ge=0.0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        is_modelled = self.model in {ErrorCorrection.BLOCK, ErrorCorrection.LOGM}
        is_counted = self.model is ErrorCorrection.DISCLOSED
        for name, value, is_needed in (
            ("efficiency", self.efficiency, is_modelled),
            ("disclosed_bits", self.disclosed_bits, is_counted),
        ):
            if is_needed and value is None:
                raise ValueError(f"{name} is missing for model '{self.model}'")
            if not is_needed and value is not None:
                raise ValueError(f"{name} has no meaning for model '{self.model}'")
        return self


class KeyLengthInput(_Strict):
    """Everything that a key length follows from."""

    comment: str | list[str] | None = None
    protocol: Annotated[str, _one_of("protocol", PROTOCOLS)]
    proof: Annotated[str, _one_of("proof", tuple(Proof))]
    source: SourceInput
    receiver: ReceiverInput | None = None
    efficiency: Annotated[list[Fraction], Field(min_length=1)] | None = None
    slot_s: Annotated[Number, Field(gt=0.0)] | None = None
    noise_probability_per_gate: Annotated[list[HalfFraction], BeforeValidator(_as_list)] | None = (
        None
    )
    intrinsic_qber: HalfFraction | None = None
    afterpulse_probability: Fraction | None = None
    counts: (
        Annotated[CountsInput, _agreed(lambda given: check_counts(given.to_counts()))] | None
    ) = None
    epsilon_secrecy: Annotated[Number, _agreed(partial(check_epsilon, "epsilon_secrecy"))]
    epsilon_correctness: Annotated[Number, _agreed(partial(check_epsilon, "epsilon_correctness"))]
    error_correction: ErrorCorrectionInput
    bounds: Literal["chernoff", "hoeffding"] = "chernoff"
    repeats: Annotated[int, Field(strict=True, ge=1)] = 1
    optimise: Annotated[Any, AfterValidator(_refuse_optimise)] = None

    def decoy_source(self) -> DecoySource:
        """The source as passes knows it; with counts, its intrinsic error plays no part."""
        return DecoySource(
            pulse_rate_hz=self.source.pulse_rate_hz,
            intensities=self.source.intensities,
            probabilities=self.source.probabilities,
            key_basis_probability=self.source.key_basis_probability,
            pulse_fwhm_s=0.0,
            intrinsic_qber=self.intrinsic_qber or 0.0,
        )

    def security(self) -> SecurityParameters:
        """The promises; a model without an efficiency gets the Shannon limit, which it ignores."""
        return SecurityParameters(
            epsilon_secrecy=self.epsilon_secrecy,
            epsilon_correctness=self.epsilon_correctness,
            error_correction=self.error_correction.model,
            error_correction_efficiency=self.error_correction.efficiency or 1.0,
            disclosed_bits=self.error_correction.disclosed_bits,
        )

    def count_bound(self) -> CountBound:
        """Statistics of the counts."""
        return CountBound(self.bounds)

    def pulses_per_slot(self) -> float:
        """Pulses of one slot in all repeats together."""
        return self.source.pulse_rate_hz * (self.slot_s or 0.0) * self.repeats

    def decoy_counts(self) -> DecoyCounts:
        """Counts as given, or as expected from the efficiencies."""
        if self.counts is not None:
            return self.counts.to_counts()
        noise = self.noise_probability_per_gate or [0.0]
        per_slot = noise[0] if len(noise) == 1 else noise
        return decoy_counts_from_slots(
            self.efficiency or [],
            self.pulses_per_slot(),
            per_slot,
            per_slot,
            self.decoy_source(),
            self.receiver.key_basis_probability if self.receiver else 0.0,
            self.afterpulse_probability or 0.0,
        )


def checked_input(document: object) -> KeyLengthInput:
    """The input as a record; InputFaultsError holds every fault with its path."""
    if not isinstance(document, dict):
        raise InputFaultsError([f"input: a {type(document).__name__} is not a JSON object"])
    faults = _presence_faults(document)
    try:
        checked = KeyLengthInput.model_validate(document)
    except ValidationError as error:
        faults = [_fault(dict(item)) for item in error.errors(include_url=False)] + faults
        raise InputFaultsError(faults) from error
    if faults:
        raise InputFaultsError(faults)
    return checked


def _presence_faults(document: Mapping[str, Any]) -> list[str]:
    """What is missing beside efficiencies, or means nothing beside counts."""
    has_counts = document.get("counts") is not None
    has_efficiency = document.get("efficiency") is not None
    if has_counts == has_efficiency:
        return ["efficiency: give either efficiency or counts" + (", not both" * has_counts)]
    if has_efficiency:
        faults = [
            f"{name}: is missing; efficiency needs it"
            for name in _WITH_EFFICIENCY
            if document.get(name) is None
        ]
        return faults + _length_faults(document)
    faults = [
        f"{name}: has no meaning with counts"
        for name in _WITH_EFFICIENCY
        if name != "receiver" and document.get(name) is not None
    ]
    if document.get("repeats", 1) != 1:
        faults.append("repeats: counts are those of the whole block; leave repeats out")
    return faults


def _length_faults(document: Mapping[str, Any]) -> list[str]:
    noise, efficiency = document.get("noise_probability_per_gate"), document["efficiency"]
    if not (isinstance(noise, list) and isinstance(efficiency, list)):
        return []
    if len(noise) == len(efficiency):
        return []
    return [f"noise_probability_per_gate: has {len(noise)} values, efficiency {len(efficiency)}"]


def _fault(item: Mapping[str, Any]) -> str:
    path = ""
    for part in item["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    if item["type"] == "extra_forbidden":
        return f"{path}: unknown key"
    if item["type"] == "missing":
        return f"{path}: is missing"
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "value_error":
        return f"{path}: {message}"
    return f"{path}: {item['input']!r:.60} is refused: {message[0].lower()}{message[1:]}"
