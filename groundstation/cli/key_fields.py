"""Pieces of key-length inputs that the protocols share, and how their faults are told."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from passes.errors import KeyLengthError
from passes.key.records import ErrorCorrection, SecurityParameters
from passes.key.validity import check_epsilon

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[Number, Field(ge=0.0, le=1.0)]
HalfFraction = Annotated[Number, Field(ge=0.0, le=0.5)]
Positive = Annotated[Number, Field(gt=0.0)]
Pair = tuple[Number, Number]
Triple = tuple[Number, Number, Number]


class InputFaultsError(Exception):
    """Everything that is wrong with an input; each fault is `path: message`."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def agreed(check: Callable[[Any], None]) -> AfterValidator:
    """A check of passes as one of pydantic's, so that both refuse alike."""

    def agree(value: Any) -> Any:
        try:
            check(value)
        except KeyLengthError as error:
            raise ValueError(str(error)) from error
        return value

    return AfterValidator(agree)


def one_of(name: str, known: tuple[str, ...]) -> AfterValidator:
    """A name that has to be known."""

    def check(value: str) -> str:
        if value not in known:
            exists = ", ".join(f"'{item}'" for item in known)
            raise ValueError(f"{name} '{value}' is not available; there is {exists}")
        return value

    return AfterValidator(check)


def as_list(value: object) -> object:
    """One number as a list of one."""
    return value if isinstance(value, list) else [value]


def _refuse_optimise(value: object) -> object:
    if value is not None and value is not False:
        raise ValueError("optimising is there for protocol 'decoy-bb84' only")
    return value


NotOptimised = Annotated[Any, AfterValidator(_refuse_optimise)]


class Strict(BaseModel):
    """Unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReceiverInput(Strict):
    """The receiver's choice of basis."""

    key_basis_probability: Fraction


class ErrorCorrectionInput(Strict):
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


class PromisedInput(Strict):
    """What every protocol promises and discloses."""

    comment: str | list[str] | None = None
    epsilon_secrecy: Annotated[Number, agreed(partial(check_epsilon, "epsilon_secrecy"))]
    epsilon_correctness: Annotated[Number, agreed(partial(check_epsilon, "epsilon_correctness"))]
    error_correction: ErrorCorrectionInput
    repeats: Annotated[int, Field(strict=True, ge=1, le=10**9)] = 1

    def security(self) -> SecurityParameters:
        """The promises; a model without an efficiency gets the Shannon limit, which it ignores."""
        return SecurityParameters(
            epsilon_secrecy=self.epsilon_secrecy,
            epsilon_correctness=self.epsilon_correctness,
            error_correction=self.error_correction.model,
            error_correction_efficiency=self.error_correction.efficiency or 1.0,
            disclosed_bits=self.error_correction.disclosed_bits,
        )


def presence_faults(document: Mapping[str, Any], with_efficiency: tuple[str, ...]) -> list[str]:
    """What is missing beside efficiencies, or means nothing beside counts."""
    has_counts = document.get("counts") is not None
    has_efficiency = document.get("efficiency") is not None
    if has_counts == has_efficiency:
        return ["efficiency: give either efficiency or counts" + (", not both" * has_counts)]
    if has_efficiency:
        return [
            f"{name}: is missing; efficiency needs it"
            for name in with_efficiency
            if document.get(name) is None
        ]
    faults = [
        f"{name}: has no meaning with counts"
        for name in with_efficiency
        if name != "receiver" and document.get(name) is not None
    ]
    if document.get("repeats", 1) != 1:
        faults.append("repeats: counts are those of the whole block; leave repeats out")
    return faults


def length_faults(document: Mapping[str, Any], *names: str) -> list[str]:
    """Lists that are neither one number nor as long as the efficiencies."""
    efficiency = document.get("efficiency")
    if not isinstance(efficiency, list):
        return []
    return [
        f"{name}: has {len(values)} values, efficiency {len(efficiency)}"
        for name in names
        if isinstance(values := document.get(name), list) and len(values) != len(efficiency)
    ]


def fault_text(item: Mapping[str, Any]) -> str:
    """One of pydantic's errors as `path: message`."""
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
