"""Every value of a network file as one row: path, value, unit, and where it comes from."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from groundstation.config.load import NetworkFile
from groundstation.config.locator import KeyPath, path_text
from groundstation.network import Network

Row = dict[str, Any]

_POLICY_KEYS = ("min_elevation_deg", "max_sun_elevation_deg")


def rows_of(file: NetworkFile, network: Network) -> list[Row]:
    """Rows in the order of the tables, with defaults and with what was computed from the file.

    A row has `path`, `value` (in the unit of the file, unrounded), `unit`, `origin` ("file",
    "default", "computed", "missing", "not given", or the policy that holds) and `line`.
    """
    missing = {path for satellite in network.satellites for path in satellite.missing}
    missing |= {path for station in network.stations for path in station.missing}
    rows = [
        _row(file, path, value, unit, is_given, missing)
        for path, value, unit, is_given in _walk(file.document, ())
    ]
    _resolve(rows, file, network)
    return rows + _computed(network)


def _walk(table: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, Any, str, bool]]:
    """Every key of a table and of the tables in it."""
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        here = (*path, key)
        if isinstance(value, BaseModel):
            yield from _walk(value, here)
        elif isinstance(value, list) and value and isinstance(value[0], BaseModel):
            for index, item in enumerate(value):
                yield from _walk(item, (*here, index))
        else:
            extra = field.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            yield here, value, unit, key in table.model_fields_set


def _row(
    file: NetworkFile, path: KeyPath, value: Any, unit: str, is_given: bool, missing: set[str]
) -> Row:
    text = path_text(path)
    origin = (
        "file"
        if is_given
        else "missing"
        if text in missing
        else "not given"
        if value is None
        else "default"
    )
    return {
        "path": text,
        "value": _plain(value),
        "unit": unit,
        "origin": origin,
        "line": file.lines.lines.get(path) if is_given else None,
    }


def _plain(value: Any) -> Any:
    """A value that JSON can carry; times in UTC with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _resolve(rows: list[Row], file: NetworkFile, network: Network) -> None:
    """Fill in what a key that was left out means: the policy, the name, the computed amount."""
    by_path = {row["path"]: row for row in rows}
    for index in range(len(network.stations)):
        for key in _POLICY_KEYS:
            row = by_path[f"stations[{index}].{key}"]
            if row["value"] is None:
                row["value"] = getattr(file.document.policies, key)
                row["origin"] = f"policies.{key}"
    for row in rows:
        if row["path"].endswith(".title") and row["value"] is None:
            name = by_path[row["path"].removesuffix(".title") + ".name"]
            row["value"], row["origin"] = name["value"], "default"
    for index, demand in enumerate(network.demands):
        _fill(by_path[f"demands[{index}].bits_per_day"], demand.bits_per_day)
    for index, link in enumerate(network.fibre_links):
        _fill(by_path[f"fibre_links[{index}].key_rate_bps"], link.key_rate_bps)


def _fill(row: Row, value: float) -> None:
    if row["value"] is None:
        row["value"], row["origin"] = value, "computed"


def _computed(network: Network) -> list[Row]:
    """What follows from several keys of a payload."""
    rows = []
    for index, satellite in enumerate(network.satellites):
        path = f"satellites[{index}].payload"
        if satellite.transmitter is not None:
            half_angle_urad = satellite.transmitter.half_angle_rad * 1e6
            rows.append(_computed_row(f"{path}.half_angle_urad", half_angle_urad, "urad"))
        if satellite.source is not None:
            rows.append(
                _computed_row(f"{path}.intrinsic_qber", satellite.source.intrinsic_qber, "1")
            )
    return rows


def _computed_row(path: str, value: float, unit: str) -> Row:
    return {"path": path, "value": value, "unit": unit, "origin": "computed", "line": None}
