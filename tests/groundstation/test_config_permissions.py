"""Permissions in the network file: records, rules, faults with their paths."""

from datetime import timedelta

import pytest

from groundstation.config import example_path, load_network
from groundstation.errors import ConfigError
from groundstation.permission.records import PermissionKind, PermissionRule

EUROPE = example_path("europe-2026").read_text(encoding="utf-8")


def load(tmp_path, tables):
    path = tmp_path / "groundstation.toml"
    path.write_text(EUROPE + "\n" + tables, encoding="utf-8")
    elements = tmp_path / "elements"
    elements.mkdir(exist_ok=True)
    return load_network(path)


def faults_of(tmp_path, tables):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, tables)
    return [(fault.path, fault.message) for fault in caught.value.faults]


def test_a_rule_arrives_with_the_age_of_its_kind(tmp_path):
    network = load(
        tmp_path,
        """
[[permissions]]
name = "lch"
kind = "windows"
file = "lch/windows.csv"
stations = ["matera"]

[[permissions]]
name = "mission"
kind = "go-nogo"
file = "flags/{satellite}.txt"
satellites = ["spoqc"]

[[permissions]]
name = "air"
kind = "segments"
file = "air/{station}.txt"
max_age_h = 6.0
""",
    )
    hours = timedelta(hours=1)
    assert network.permissions == (
        PermissionRule(
            "lch", PermissionKind.WINDOWS, "lch/windows.csv", (), ("matera",), 168 * hours
        ),
        PermissionRule(
            "mission", PermissionKind.GO_FLAG, "flags/{satellite}.txt", ("spoqc",), (), hours / 4
        ),
        PermissionRule("air", PermissionKind.SEGMENTS, "air/{station}.txt", (), (), 6 * hours),
    )
    assert network.permissions[1].path_for("spoqc", "matera") == "flags/spoqc.txt"


def test_faults_are_named_with_their_place(tmp_path):
    table = '[[permissions]]\nname = "a"\nkind = "go-nogo"\nfile = "{sat}.txt"\n'
    assert faults_of(
        tmp_path, table + 'satellites = ["spoqk"]\nstations = ["nowhere"]\n' + table
    ) == [
        ("permissions[0].file", "{sat} is neither {satellite} nor {station}"),
        ("permissions[0].satellites[0]", "no satellite 'spoqk' (did you mean 'spoqc'?)"),
        ("permissions[0].stations[0]", "no station 'nowhere'"),
        ("permissions[1].name", "'a' is already the name of permissions[0]"),
        ("permissions[1].file", "{sat} is neither {satellite} nor {station}"),
    ]
    (fault,) = faults_of(tmp_path, '[[permissions]]\nname = "a"\nkind = "verbal"\nfile = "x"\n')
    assert fault[0] == "permissions[0].kind"


def test_without_a_table_nothing_needs_permission_and_the_freeze_is_half_an_hour(tmp_path):
    network = load(tmp_path, "")
    assert network.permissions == ()
    assert network.policies.freeze_s == 1_800.0
