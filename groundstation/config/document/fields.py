"""The kinds of keys that the tables of a network file are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]*$"
TIME_OF_DAY_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
TimeOfDay = Annotated[str, StringConstraints(pattern=TIME_OF_DAY_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Table(BaseModel):
    """A table of the network file: unknown keys, strings for numbers, nan and inf are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def needed(text: str, unit: str | None = None, **limits: Any) -> Any:
    """A key that every file must have."""
    return Field(description=_describe(text, unit), json_schema_extra=_extra(unit), **limits)


def physical(text: str, unit: str | None = None, **limits: Any) -> Any:
    """A physical parameter without default: where it is missing, the budget is refused."""
    return Field(
        default=None, description=_describe(text, unit), json_schema_extra=_extra(unit), **limits
    )


def optional(default: Any, text: str, unit: str | None = None, **limits: Any) -> Any:
    """A key that may be left out; what then holds is the default."""
    return Field(
        default=default, description=_describe(text, unit), json_schema_extra=_extra(unit), **limits
    )


def tables(text: str, **limits: Any) -> Any:
    """A list of tables, empty where there are none."""
    return Field(default_factory=list, description=text, **limits)


def _describe(text: str, unit: str | None) -> str:
    return text if unit is None else f"{text} [{unit}]"


def _extra(unit: str | None) -> dict[str, Any] | None:
    return None if unit is None else {"unit": unit}
