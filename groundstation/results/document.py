"""The JSON form of a result as it is read, checked by pydantic."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

_LARGEST = 10**14

Count = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class CountsTable(_Strict):
    """Counts slot by slot, without a gap from the start on; null is not known."""

    start_utc: AwareDatetime
    slot_s: Annotated[float, Field(ge=1e-3, le=10.0)] = 1.0
    sifted: Annotated[list[Count | None], Field(min_length=2, max_length=1_000_000)]
    errors: list[Count | None] | None = None
    background: list[Count | None] | None = None


class ResultTable(_Strict):
    """A result: counts, or totals, or what the sky did."""

    format: Literal["result/1"] = Field(default="result/1", alias="schema")
    pass_id: str | None = None
    sky: Literal["clear", "partly-cloudy", "clouded-out", "failed"] = "clear"
    counts: CountsTable | None = None
    sifted: Count | None = None
    errors: Count | None = None
    key_bits: Count | None = None
    remark: Annotated[str, Field(max_length=2_000)] = ""


def fault_of(error: ValidationError) -> str:
    """The first fault as `path: value, limit`, and how many more there are."""
    faults = error.errors(include_url=False)
    first = faults[0]
    path = ""
    for part in first["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    message = {
        "extra_forbidden": "unknown key",
        "missing": "is missing",
    }.get(first["type"])
    if message is None:
        said = str(first["msg"])
        message = f"{_shown(first['input'])} is refused: {said[0].lower()}{said[1:]}"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{path or 'result'}: {message}{more}"


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
