import json
from importlib import resources

import jsonschema
import pytest

from groundstation.export.pass_rows import SCHEMA, pass_rows


@pytest.fixture(scope="module")
def validator():
    text = resources.files("groundstation").joinpath("data/schemas/passes.schema.json").read_text()
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_passes_of_both_examples_are_what_the_shipped_schema_says(validator, europe, micius):
    for night in (europe, micius):
        rows = pass_rows(night.passes, night.network, night.plan)
        document = {"schema": SCHEMA, "night": night.night, "rows": rows}
        # Through text: what is written is what is judged.
        faults = list(validator.iter_errors(json.loads(json.dumps(document))))
        assert not faults, faults[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [("qber", 1.5), ("aos_utc", "2026-06-14 20:00"), ("secret_key_bits", 0.5), ("unknown", 1)],
)
def test_the_schema_refuses_what_is_not_a_pass(validator, micius, key, value):
    row = {**pass_rows(micius.passes, micius.network)[0], key: value}
    document = {"schema": SCHEMA, "rows": [json.loads(json.dumps(row))]}
    assert list(validator.iter_errors(document))
