"""The referee finds every kind of fault, and the command shows what it accepts."""

import copy
import json

import pytest
from click.testing import CliRunner

from groundstation.cli.main import groundstation
from groundstation.plan.solver.errors import InstanceError
from groundstation.plan.solver_check import check_result


@pytest.fixture
def good():
    """The optimum of the tiny instance: window and bits by hand from the format."""
    return {
        "contacts": [[0, 3], [1, 4], [2, 0], [4, 4]],
        "deliveries": [
            [0, 0, 0, 0, 2, 40.128], [4, 0, 0, 2, 3, 26.778], [5, 0, 0, 3, 4, 13.154],
        ],
        "value": 581.4446, "bound": 581.4446,
    }  # fmt: skip


def test_a_sound_result_is_accepted(tiny, good):
    assert check_result(tiny, good, "relay") == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda r: r.update(value=581.5, bound=582.0), "is worth 581.444600"),
        (lambda r: r.update(bound=581.0), "above the bound"),
        (lambda r: r["contacts"].append([0, 5]), "serves two stations at once"),
        (lambda r: r["contacts"].append([9, 0]), "does not exist"),
        (lambda r: r["contacts"].append([4, 4]), "taken twice"),
        (lambda r: r["deliveries"][0].__setitem__(5, 44.981), "more than it wants"),
        (lambda r: r["deliveries"][0].__setitem__(5, 40.5), "kbit short"),
        (lambda r: r["deliveries"][0].__setitem__(3, 1), "fibre"),
        (lambda r: r["deliveries"][0].__setitem__(4, 0), "to itself"),
        (lambda r: r["deliveries"][0].__setitem__(1, 1), "no such demand or period"),
        (lambda r: r["deliveries"][0].__setitem__(5, -1.0), "nothing"),
    ],
)
def test_every_fault_is_found(tiny, good, fault, message):
    broken = copy.deepcopy(good)
    fault(broken)
    assert any(message in text for text in check_result(tiny, broken, "relay"))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_contacts_night": 1}, "contacts in night"),
        ({"duty_s_per_orbit": 300}, "s in orbit 0"),
        ({"operator_nights": 1}, "works 2 nights"),
        ({"memory_kbit": 100}, "bits at once"),
    ],
)
def test_every_limit_is_watched(tiny, good, limits, message):
    instance = copy.deepcopy(tiny)
    instance["limits"].update(limits)
    # The same pass half a day later is another night, the same pass a little later the same one.
    for delay in (5_000, 50_000):
        instance["passes"].append([0, 4, 9_170 + delay, 170, 85_595])
        good["contacts"].append([len(instance["passes"]) - 1, 0])
    assert any(message in text for text in check_result(instance, good, "relay"))


def test_the_time_to_turn_to_the_next_station_counts(tiny):
    # The first contact ends at 3,450 s, when the second begins; 20 s of set-up lie between.
    result = {"contacts": [[0, 3], [1, 0]], "deliveries": [], "value": 0.0, "bound": 1e9}
    assert any("stations at once" in text for text in check_result(tiny, result, "relay"))
    assert not any(
        "stations at once" in text
        for text in check_result({**tiny, "setup_sat_s": 0}, result, "relay")
    )


def test_a_memory_is_emptied_over_radio_stations(tiny):
    instance = copy.deepcopy(tiny)
    result = {"contacts": [[0, 0], [2, 0]], "deliveries": [], "value": 0.0, "bound": 1e9}
    # 92,747 bits, then 40,128: together more than 100 kbit; a radio pass between them helps.
    instance["limits"].update(memory_kbit=100, rf_stations=0)
    assert any("at once" in text for text in check_result(instance, result, "relay"))
    instance["limits"].update(rf_stations=3)
    assert not any("at once" in text for text in check_result(instance, result, "relay"))


def test_the_command_prints_value_bound_gap_and_time(tiny, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(tiny))
    words = ["plan", "solve", str(path), "--progress"]
    run = CliRunner().invoke(groundstation, words, standalone_mode=False)
    assert run.exception is None
    for word in ("value     581.445", "bound     581.445", "gap       0.000 %", "time"):
        assert word in run.stdout
    assert "one programme: value 581.44, gap 0.000 %" in run.stderr


def test_the_command_keeps_its_progress_to_itself_off_a_terminal(tiny, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(tiny))
    words = ["plan", "solve", str(path), "--time-limit", "0"]
    run = CliRunner().invoke(groundstation, words, standalone_mode=False)
    assert run.exception is None
    assert run.stderr == ""
    assert "checked" in run.stdout


def test_the_command_writes_the_result_of_the_format(tiny, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(tiny))
    words = ["plan", "solve", str(path), "--problem", "contacts", "--json"]
    run = CliRunner().invoke(groundstation, words, standalone_mode=False)
    result = json.loads(run.stdout)
    assert (result["value"], result["bound"], result["deliveries"]) == (302_860.0, 302_860.0, [])
    assert check_result(tiny, result, "contacts") == []


def test_the_command_names_what_is_wrong_with_an_instance(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text("{")
    run = CliRunner().invoke(groundstation, ["plan", "solve", str(path)], standalone_mode=False)
    assert isinstance(run.exception, InstanceError)
    assert "is not JSON" in str(run.exception)
    assert run.exception.exit_code == 78
