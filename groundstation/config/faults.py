"""What pydantic found wrong, told as people read it: path, value, limit."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from groundstation.config.document.fields import NAME_PATTERN, Table
from groundstation.config.locator import KeyPath
from groundstation.suggest import did_you_mean

Finding = tuple[KeyPath, str]

_LONGEST_VALUE = 60

_KINDS = {
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "string_type": "a text",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "date_type": "a date like 2026-06-14",
    "datetime_type": "an instant like 2026-06-14T20:00:00Z",
}


def findings_of(error: ValidationError, model: type[Table]) -> list[Finding]:
    """Every fault of a validation, in the order of the tables of the model."""
    return [
        (tuple(detail["loc"]), _message(model, dict(detail)))
        for detail in error.errors(include_url=False)
    ]


def _message(model: type[Table], detail: Mapping[str, Any]) -> str:
    kind, value = detail["type"], detail["input"]
    special = _MESSAGES.get(kind)
    if special is not None:
        return special(model, detail)
    if kind in _KINDS:
        return f"{_shown(value)} is not {_KINDS[kind]}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        return f"{_shown(value)} is {_breach(_metadata_at(model, detail['loc']))}"
    return f"{_shown(value)}: {detail['msg']}"


def _missing(model: type[Table], detail: Mapping[str, Any]) -> str:
    field = _field_at(model, detail["loc"])
    meaning = f" ({field.description})" if field is not None and field.description else ""
    return f"is missing{meaning}"


def _unknown(model: type[Table], detail: Mapping[str, Any]) -> str:
    *parents, key = detail["loc"]
    table = _model_at(model, tuple(parents))
    known = list(table.model_fields) if table is not None else []
    return f"unknown key{did_you_mean(str(key), known)}"


def _not_a_choice(model: type[Table], detail: Mapping[str, Any]) -> str:
    annotation = _annotation_at(model, detail["loc"])
    words = [str(word) for word in get_args(annotation)]
    value = detail["input"]
    guess = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"{_shown(value)} is not one of {', '.join(words)}{guess}"


def _no_match(model: type[Table], detail: Mapping[str, Any]) -> str:
    del model
    value = detail["input"]
    if detail["ctx"]["pattern"] != NAME_PATTERN:
        return f"{_shown(value)} is not a time of day like 18:00"
    return f"{_shown(value)} is not a name (lower-case letters, digits and hyphens)"


def _wrong_length(model: type[Table], detail: Mapping[str, Any]) -> str:
    del model
    context = detail["ctx"]
    least, most = context.get("min_length"), context.get("max_length")
    wanted = f"at least {least}" if least is not None else f"at most {most}"
    return f"has {len(detail['input'])} elements, not {wanted}"


def _empty_text(model: type[Table], detail: Mapping[str, Any]) -> str:
    del model, detail
    return "is empty"


def _naive(model: type[Table], detail: Mapping[str, Any]) -> str:
    del model
    return f"{detail['input'].isoformat()} has no offset from UTC; append Z"


_MESSAGES: dict[str, Callable[[type[Table], Mapping[str, Any]], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _not_a_choice,
    "string_pattern_mismatch": _no_match,
    "too_short": _wrong_length,
    "too_long": _wrong_length,
    "string_too_short": _empty_text,
    "timezone_aware": _naive,
}


def _shown(value: object) -> str:
    """A value as it stands in the file, shortened where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _breach(metadata: Sequence[Any]) -> str:
    """What a number out of limits is: `outside -90..90`, `not above 0`."""
    limits = {
        name: getattr(item, name)
        for item in metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(item, name, None) is not None
    }
    if "ge" in limits and "le" in limits:
        return f"outside {limits['ge']:.15g}..{limits['le']:.15g}"
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return "not " + " and ".join(f"{words[name]} {limit:.15g}" for name, limit in limits.items())


def _field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    """The field that a path names, if its last part is a key."""
    table = _model_at(model, path[:-1])
    return table.model_fields.get(str(path[-1])) if table is not None else None


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The table that a path leads to."""
    annotation, _ = _descend(model, path)
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_table else None


def _annotation_at(model: type[BaseModel], path: KeyPath) -> Any:
    return _descend(model, path)[0]


def _metadata_at(model: type[BaseModel], path: KeyPath) -> Sequence[Any]:
    return _descend(model, path)[1]


def _descend(annotation: Any, path: KeyPath) -> tuple[Any, Sequence[Any]]:
    """Follow a path through tables and lists; the type at its end with its limits."""
    metadata: Sequence[Any] = ()
    annotation, metadata = _bare(annotation)
    for part in path:
        if isinstance(part, int):
            annotation, metadata = _bare(get_args(annotation)[0])
            continue
        fields = getattr(annotation, "model_fields", {})
        if part not in fields:
            return None, ()
        field: FieldInfo = fields[part]
        annotation, inner = _bare(field.annotation)
        metadata = [*field.metadata, *inner]
    return annotation, metadata


def _bare(annotation: Any) -> tuple[Any, Sequence[Any]]:
    """A type without None and Annotated, and the limits that stood there."""
    metadata: list[Any] = []
    while True:
        if get_origin(annotation) in {Union, UnionType}:
            annotation = next(a for a in get_args(annotation) if a is not type(None))
        elif hasattr(annotation, "__metadata__"):
            for item in annotation.__metadata__:
                metadata += item.metadata if isinstance(item, FieldInfo) else [item]
            annotation = annotation.__origin__
        else:
            return annotation, metadata
