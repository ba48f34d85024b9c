"""The shipped examples: complete, sourced line by line, and copied whole or not at all."""

import math
import re
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from groundstation.config import EXAMPLES, copy_example, example_path, load_network
from groundstation.config.schema import network_schema
from groundstation.errors import StateError, UsageError
from tle.lines import read_lines

# Keys that hold names and words, not figures.
WORDS = {"name", "title", "operator", "node", "a", "b", "note", "reason", "proof", "model"}
ASSIGNMENT = re.compile(r"^(?P<key>[a-z0-9_]+) = (?P<value>.*?)(?:\s+# (?P<comment>.*))?$")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_fault_and_lacks_nothing(name: str) -> None:
    network = load_network(example_path(name))
    assert network.name == name
    assert [satellite.missing for satellite in network.satellites if satellite.missing] == []
    assert [station.missing for station in network.stations if station.missing] == []
    assert all(satellite.transmitter and satellite.source for satellite in network.satellites)
    assert all(station.receivers and station.atmosphere for station in network.stations)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_figure_of_an_example_names_its_source_or_says_assumed(name: str) -> None:
    text = example_path(name).read_text(encoding="utf-8")
    legend = {
        tag
        for line in text[: text.index("[network]")].splitlines()
        for tag in re.findall(r"\[([^\]]+)\]", line)
    }
    assert legend
    figures = 0
    for number, line in enumerate(text.splitlines(), start=1):
        match = ASSIGNMENT.match(line)
        if match is None:
            assert not line or line[0] in "#[", f"line {number} is not understood: {line}"
            continue
        if match["key"] in WORDS:
            continue
        figures += 1
        comment = match["comment"] or ""
        tags = re.findall(r"\[([^\]]+)\]", comment)
        assert "assumed" in comment or tags, f"line {number} has no source: {line}"
        assert set(tags) <= legend, f"line {number} names a source that is not listed: {line}"
    assert figures > 100


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_element_sets_of_an_example_are_sound_and_those_of_its_satellites(name: str) -> None:
    network = load_network(example_path(name))
    sets = []
    for path in sorted(example_path(name).parent.glob("elements/*.tle")):
        found, faults = read_lines(path.read_text(encoding="utf-8"), path.name)
        assert faults == []
        sets += found
    wanted = {s.norad_cat_id for s in network.satellites if s.planned_orbit is None}
    assert {elements.norad_cat_id for elements in sets} == wanted
    night = datetime.fromisoformat(network.default_night or "").replace(hour=18, tzinfo=UTC)
    for elements in sets:
        assert abs((night - elements.epoch).total_seconds()) < 2 * 86_400.0


def test_the_european_example_is_what_the_handbook_promises() -> None:
    network = load_network(example_path("europe-2026"))
    assert [s.norad_cat_id for s in network.satellites] == [68423, 66769, 69023, None]
    assert network.satellites[3].planned_orbit is not None
    assert "stand-in" in network.satellites[1].note
    assert len(network.stations) >= 8
    assert len(network.fibre_links) == 2
    assert {link.origin.split(":")[0] for link in network.fibre_links} == {"declared", "computed"}
    operators = sorted(site.operator for site in network.sites)
    assert operators == ["bank", "bank", "carrier", "carrier", "grid operator", "grid operator"]
    assert len(network.demands) >= 5
    assert len({demand.priority for demand in network.demands}) >= 3
    assert any(demand.untrusted for demand in network.demands)
    assert network.default_night == "2026-06-14"


def test_the_sun_limit_of_the_northernmost_station_can_be_reached_in_its_night() -> None:
    # On 2026-06-14 the Sun's declination is 23.3 degrees: at midnight it stands at
    # latitude + declination - 90 degrees. The policy's -12 is never reached at 55.9 N.
    hogs = load_network(example_path("europe-2026")).stations[0]
    lowest_deg = math.degrees(hogs.site.latitude_rad) + 23.3 - 90.0
    assert -12.0 < lowest_deg < math.degrees(hogs.max_sun_elevation_rad)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_satisfies_the_published_schema(name: str) -> None:
    jsonschema.validate(
        as_json(tomllib.loads(example_path(name).read_text(encoding="utf-8"))), network_schema()
    )


def as_json(value: Any) -> Any:
    """TOML as editors see it: dates and times are texts."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_schema_describes_every_key_and_gives_every_number_a_unit() -> None:
    schema = network_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    bare = []
    for table, definition in {"Document": schema, **schema["$defs"]}.items():
        assert definition["description"]
        assert definition["additionalProperties"] is False
        for key, field in definition["properties"].items():
            holds_numbers = '"number"' in str(field).replace("'", '"') or field.get("type") in {
                "number",
                "integer",
            }
            if not field.get("description") or (holds_numbers and not field.get("unit")):
                bare.append(f"{table}.{key}")
    assert bare == []
    assert "null" not in str(schema)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("latitude_deg = 40.395867", "latitude_deg = 140.4"), "140.4 is greater than"),
        (('name = "micius"', 'nmae = "micius"'), "'nmae' was unexpected"),
        (('"disc-full"', '"disc"'), "'disc' is not one of"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(change: tuple[str, str], part: str) -> None:
    text = example_path("micius-2016").read_text(encoding="utf-8").replace(*change, 1)
    with pytest.raises(jsonschema.ValidationError, match=part):
        jsonschema.validate(as_json(tomllib.loads(text)), network_schema())


def test_an_unknown_example_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"no example 'europe-2025'.*did you mean 'europe-2026'"):
        example_path("europe-2025")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_copy_is_the_example_and_a_second_copy_changes_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "night"
    first = copy_example(name, folder)
    assert first.written[-1] == "groundstation.toml"
    assert first.unchanged == ()
    assert load_network(folder).demands == load_network(example_path(name)).demands
    second = copy_example(name, folder)
    assert (second.written, second.unchanged) == ((), first.written)


def test_a_copy_completes_what_is_there_in_part(tmp_path: Path) -> None:
    copy_example("micius-2016", tmp_path)
    (tmp_path / "groundstation.toml").unlink()
    again = copy_example("micius-2016", tmp_path)
    assert again.written == ("groundstation.toml",)
    assert again.unchanged == ("elements/2016-12.tle", "measured/liao-2017-loss.csv")


def test_a_copy_never_overwrites_and_then_writes_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "groundstation.toml").write_text("mine")
    with pytest.raises(StateError, match=r"groundstation\.toml exists and is not") as caught:
        copy_example("europe-2026", tmp_path)
    assert caught.value.where == str(tmp_path)
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["groundstation.toml"]
    assert (tmp_path / "groundstation.toml").read_text() == "mine"


def test_a_copy_that_fails_half_way_takes_back_what_it_made(
    read_only_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    # The element file can be written, the network file, which comes last, cannot.
    elements = read_only_folder / "elements"
    elements.mkdir()
    elements.chmod(0o777)
    with unprivileged(), pytest.raises(StateError, match=r"cannot write groundstation\.toml"):
        copy_example("europe-2026", read_only_folder)
    assert list(read_only_folder.iterdir()) == [elements]
    assert list(elements.iterdir()) == []


def test_a_copy_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "night").write_text("a file")
    with pytest.raises(StateError):
        copy_example("europe-2026", tmp_path / "night")
    assert (tmp_path / "night").read_text() == "a file"
