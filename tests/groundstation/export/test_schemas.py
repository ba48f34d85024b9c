"""What is written for machines is what the shipped schemas say."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from typing import Any

import jsonschema
import pytest

from groundstation.export.formats import FORMATS, ExportSettings
from groundstation.export.manifest import manifest
from groundstation.export.plan_document import plan_document, plan_from_document
from groundstation.export.schemas import SCHEMAS, schema_text
from groundstation.plan.difference import KeyChange, MovedContact, PlanDifference
from groundstation.plan.records import PlannedBlock

FOLDER = resources.files("groundstation").joinpath("data/schemas")


def validator(name: str) -> Any:
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(name: str, document: Any) -> list[str]:
    # Through text, without Infinity and NaN: what is written is what is judged.
    written = json.loads(json.dumps(document, allow_nan=False))
    return [f"{fault.json_path}: {fault.message}" for fault in validator(name).iter_errors(written)]


def exported(outcome, name: str) -> dict[str, str]:
    return {f.name: f.content.decode() for f in FORMATS[name].write(outcome, ExportSettings())}


@pytest.fixture(scope="module")
def plan(europe):
    return plan_document(europe)


def test_every_shipped_schema_has_a_name_and_the_other_way_round():
    assert {f"{name}.schema.json" for name in SCHEMAS} == {path.name for path in FOLDER.iterdir()}


def test_what_is_exported_as_json_is_what_the_shipped_schemas_say(europe, micius, hostile):
    for night in (europe, micius, hostile):
        files = exported(night, "json")
        assert faults("passes", json.loads(files["passes.json"])) == []
        assert faults("plan", json.loads(files["plan.json"])) == []
        listed = manifest({"a.txt": b"a"}, night="2026-06-14", plan_id=night.plan.plan_id,
                          created=night.generated)  # fmt: skip
        assert faults("export", json.loads(listed)) == []


def test_every_line_of_the_json_lines_names_and_keeps_its_schema(micius):
    lines = exported(micius, "jsonl")["passes.jsonl"].splitlines()
    assert len(lines) == len(micius.passes)
    judge = validator("pass-line")
    for line in lines:
        assert not list(judge.iter_errors(json.loads(line)))


def test_a_line_has_the_columns_of_a_row():
    row = json.loads(schema_text("passes"))["properties"]["rows"]["items"]
    line = json.loads(schema_text("pass-line"))
    assert line["properties"].pop("schema") == {"const": "passes/1"}
    assert line["properties"] == row["properties"]
    assert line["required"] == ["schema", *row["required"]]


def test_a_plan_with_all_that_it_can_tell_keeps_its_schema(plan):
    told = json.loads(json.dumps(plan))
    difference = PlanDifference(
        "0123456789ab", ("p1",), ("p2",), (MovedContact("p3", 1.5, -2.0),),
        (KeyChange("p4", 10, 20),),
    )  # fmt: skip
    from groundstation.export.plan_document import _difference

    told["difference"] = _difference(difference)
    told["stocks"] = [{"satellite": "a", "station": "b", "bits": 7}]
    told["permissions"] = [
        {"name": "n", "kind": "windows", "file": "f", "sha256": None, "dated_utc": None, "says": ""}
    ]
    assert faults("plan", told) == []


def test_blocks_of_a_plan_keep_the_schema_and_come_back(europe):
    """A plan without blocks says nothing of them, so that its document is what it always was."""
    first, second, *others = europe.plan.contacts
    bits = first.key_bits + second.key_bits
    block = PlannedBlock(
        "sat-graz-20260614", (first.pass_id, second.pass_id), bits, None, (7, 9), (-1, 12)
    )
    contacts = (replace(first, block=block.name), replace(second, block=block.name), *others)
    joined = replace(europe.plan, contacts=contacts, blocks=(block,))
    told = json.loads(json.dumps(plan_document(replace(europe, plan=joined))))
    assert faults("plan", told) == []
    back = plan_from_document(told)
    assert back.blocks == (block,)
    assert [contact.block for contact in back.contacts] == [c.block for c in contacts]
    alone = plan_document(europe)
    assert "blocks" not in alone
    assert not any("block" in contact for contact in alone["contacts"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("qber", 1.5), ("aos_utc", "2026-06-14 20:00"), ("secret_key_bits", 0.5), ("unknown", 1)],
)
def test_the_schema_refuses_what_is_not_a_pass(micius, key, value):
    document = json.loads(exported(micius, "json")["passes.json"])
    document["rows"] = [{**document["rows"][0], key: value}]
    assert faults("passes", document)
    line = {"schema": "passes/1", **document["rows"][0]}
    assert faults("pass-line", line)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("plan_id",), "xyz"),
        (("unknown",), 1),
        (("schema",), "plan/2"),
        (("contacts", 0, "key_bits"), -1),
        (("contacts", 0, "key_bits"), 0.5),
        (("contacts", 0, "windows_utc"), []),
        (("contacts", 0, "windows_utc", 0), ["2026-06-14T20:00:00.000Z"]),
        (("contacts", 0, "probability_clear"), 1.1),
        (("deliveries", 0, "delivered_bits"), None),
        (("relays", 0, "hops"), []),
        (("rejections", 0, "reason"), ""),
        (("outlook", 0, "starved_h"), -1.0),
    ],
)
def test_the_schema_refuses_what_is_not_a_plan(plan, path, value):
    changed = json.loads(json.dumps(plan))
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert faults("plan", changed)


def test_a_plan_comes_back_from_its_document_to_the_millisecond(europe, plan):
    back = plan_from_document(json.loads(json.dumps(plan)))
    assert back.deliveries == europe.plan.deliveries
    assert back.relays == europe.plan.relays
    assert back.rejections == europe.plan.rejections
    assert math.isclose(back.value, europe.plan.value)
    for ours, theirs in zip(europe.plan.contacts, back.contacts, strict=True):
        assert abs(ours.start - theirs.start) <= timedelta(milliseconds=1)
        assert abs(ours.stop - theirs.stop) <= timedelta(milliseconds=1)
        assert (ours.pass_id, ours.key_bits) == (theirs.pass_id, theirs.key_bits)
