"""`groundstation export` writes what is asked for, whole or not at all."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from groundstation.cli.main import groundstation
from groundstation.export.formats import FORMATS, ExportSettings
from groundstation.export_policy import FORMAT_NAMES

NOW = ["--example", "micius-2016", "--now", "2016-12-19T04:00Z"]


def call(*arguments):
    return CliRunner().invoke(groundstation, [*NOW, "export", *arguments], standalone_mode=False)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_and_the_network_file_offer_every_format():
    assert list(FORMAT_NAMES) == list(FORMATS)


def test_every_format_of_hostile_names_writes_files_with_safe_names(hostile):
    names = []
    for entry in FORMATS.values():
        for file in entry.write(hostile, ExportSettings()):
            assert Path(file.name).name == file.name
            assert file.name.isascii()
            assert file.content
            names.append(file.name)
    assert len(set(names)) == len(names)


def test_an_export_lists_what_it_wrote_and_says_unchanged_the_second_time(here):
    first = call("--format", "ics", "--format", "json", "--format", "cpf")
    assert first.exception is None, first.exception
    listed = [Path(line) for line in first.output.splitlines() if line.startswith("export/")]
    assert all(path.is_file() for path in listed)
    assert {path.name for path in listed} >= {"contacts.ics", "plan.json", "passes.json"}
    manifest = json.loads((here / "export/latest/manifest.json").read_text())
    assert set(manifest["files"]) == {path.name for path in listed}
    second = CliRunner().invoke(
        groundstation,
        [*NOW[:2], "--now", "2016-12-19T06:00Z", "export", "--format", "ics", "--format", "json",
         "--format", "cpf"],
        standalone_mode=False,
    )  # fmt: skip
    assert second.output.splitlines()[-1] == "unchanged"


def test_the_shipped_schemas_are_printed():
    printed = call("--schema", "plan")
    assert json.loads(printed.output)["$id"] == "urn:qkd-groundstation:plan:1"
