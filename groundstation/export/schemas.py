"""JSON Schemas of the files that a night is exported as, as they are shipped."""

from importlib import resources

# Name on the command line, and what it describes.
SCHEMAS = {
    "passes": "passes.json",
    "pass-line": "one line of passes.jsonl",
    "plan": "plan.json",
    "export": "manifest.json",
}


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) of a name of SCHEMAS."""
    folder = resources.files("groundstation").joinpath("data/schemas")
    return folder.joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
