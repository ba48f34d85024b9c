"""`groundstation result`, as people and scripts call it."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import example_path
from groundstation.results.issued import ClearForecast
from groundstation.results.store import add_forecasts


@pytest.fixture
def folder(new_nights, simulated_world, tmp_path):
    """A working folder with five promised passes, and the counts of two as files."""
    shutil.copytree(example_path("europe-2026").parent, tmp_path / "net", dirs_exist_ok=True)
    source = example_path("europe-2026")
    target = tmp_path / "net" / "groundstation.toml"
    shutil.copy(source, target)
    nights = new_nights(tmp_path / "net" / "state" / "groundstation.db")
    world = simulated_world(8)
    for number in range(5):
        item = nights.night_pass("speqtre", "helmos", number, 50.0 + 5 * number)
        issued = nights.issue(item, number)
        clear = ClearForecast(0.8 if number < 4 else 0.3, 0.2, 0.9, "drawn")
        issued = type(issued)(
            **{name: getattr(issued, name) for name in issued.__slots__} | {"clear": clear}
        )
        add_forecasts(nights.db, [issued])
        delivered = nights.result(world, issued)
        lines = ["utc,sifted,errors,background"]
        counts = delivered.counts
        for index, values in enumerate(
            zip(counts.sifted, counts.errors, counts.background, strict=True)
        ):
            begin = counts.instant(index) - timedelta(seconds=0.5)
            cells = ",".join(str(int(value)) for value in values)
            lines.append(f"{begin.astimezone(UTC).isoformat(timespec='microseconds')},{cells}")
        (tmp_path / f"{number}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / f"{number}.id").write_text(f"{item.pass_id} {delivered.key_bits}")
    nights.db.close()
    return tmp_path


@pytest.fixture
def call(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder / "net")

    def of(*arguments):
        code = run(groundstation, ["--now", "2026-07-01T08:00Z", "result", *arguments])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return of


def passes_of(folder):
    return [(folder / f"{n}.id").read_text().split() for n in range(5)]


def test_a_week_from_counts_to_a_calibration(folder, call):
    ids = passes_of(folder)
    for number, (name, key) in enumerate(ids[:4]):
        code, out, err = call(
            "record", name, str(folder / f"{number}.csv"), "--key-bits", key, "--no-fit"
        )
        assert (code, err) == (0, "")
        assert out.startswith(f"recorded: {name}, version 1, ")
    code, out, _ = call("record", ids[4][0], "--clouded-out")
    assert code == 0
    assert "used from the night 2026-06-18" in out

    code, out, _ = call("record", ids[4][0], "--clouded-out")
    assert (code, out.split(":")[0]) == (0, "unchanged")

    code, out, _ = call("list", "--json")
    rows = json.loads(out)["rows"]
    assert [row["sky"] for row in rows] == ["clear"] * 4 + ["clouded-out"]
    assert rows[0]["key_bits"] == int(ids[0][1])
    assert rows[0]["sifted_p10"] < rows[0]["sifted_p90"]
    assert rows[4]["probability_clear"] == 0.3

    code, out, _ = call("verify", "--json")
    document = json.loads(out)
    (score,) = document["scores"]
    assert document["schema"] == "verification/1"
    # Four times 0.8 and clear, once 0.3 and not: (4 x 0.04 + 0.09) / 5.
    assert score["probability_clear"]["score"] == pytest.approx(0.05)
    assert score["sifted_counts"]["count"] == 4
    assert score["key_bits"]["coverage"]["is_enough"] is False

    code, out, _ = call("verify")
    assert "too few to judge P(clear); wait for 30" in out
    assert "of 4 clear passes lie within P10 and P90" in out
    code, out, _ = call("calibration", "--json")
    (band,) = json.loads(out)["bands"]
    assert band["station"] == "helmos"
    loss = next(c for c in band["constants"] if c["constant"] == "loss_constant_db")
    assert loss["value"]["sigma"] < 0.3
    code, out, _ = call("calibration")
    assert "helmos 785 nm: 4 passes from 2026-06-14 to 2026-06-17" in out
    assert call("calibration", "--night", "2026-06-14")[1].startswith("no calibration")
    assert json.loads(call("calibration", "--night", "2026-06-14", "--json")[1]) is None
    assert call("calibrate")[1].startswith("unchanged: calibration ")


def test_a_correction_needs_its_name_and_keeps_the_old(folder, call):
    ((name, key), *_) = passes_of(folder)
    assert call("record", name, "--key-bits", key, "--no-fit")[0] == 0
    code, _, err = call("record", name, "--key-bits", "7", "--no-fit")
    assert code == 1
    assert "has another result on record: version 1" in err
    assert "--correct" in err
    code, out, _ = call("record", name, "--key-bits", "7", "--correct", "--no-fit")
    assert (code, out[:9]) == (0, "corrected")
    code, out, _ = call("show", name)
    assert "7 bits of key, promised" in out
    assert "version 1 recorded 2026-07-01T08:00:00.000Z from command line" in out
    document = json.loads(call("show", name, "--json")[1])
    assert [v["key_bits"] for v in document["versions"]] == [int(key), 7]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("record", "speqtre-helmos-x", "--clouded-out"), 1, "no pass 'speqtre-helmos-x' is known"),
        (("record", "PASS"), 2, "neither a file nor totals"),
        (("record", "PASS", "--clouded-out", "--failed", "dome"), 2, "exclude each other"),
        (("record", "PASS", "--clouded-out", "--key-bits", "5"), 2, "excludes a file and totals"),
        (("record", "PASS", "--sifted", "5", "--errors", "6"), 1, "errors 6 exceeds sifted 5"),
        (("record", "PASS", "no-such-file.csv"), 1, "cannot be read"),
        (("show", "PASS"), 1, "no result of"),
        (("verify", "--from", "yesterday"), 2, "'yesterday' is not a night"),
        (("list", "--station", "helmoss"), 2, "did you mean 'helmos'"),
        (("list", "--exit-status"), 4, ""),
    ],
)
def test_what_cannot_be_is_refused_with_its_exit_code(folder, call, arguments, code, message):
    name = passes_of(folder)[0][0]
    found, _, err = call(*(name if a == "PASS" else a for a in arguments))
    assert found == code
    assert message in err


def test_a_faulty_line_stores_nothing(folder, call):
    name = passes_of(folder)[0][0]
    path = folder / "0.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[7] = lines[7].rsplit(",", 3)[0] + ",5,9,0"
    path.write_text("\n".join(lines), encoding="utf-8")
    code, _, err = call("record", name, str(path))
    assert code == 1
    assert "errors 9 exceed sifted 5" in err
    assert "0.csv:8" in err
    assert call("list", "--exit-status")[0] == 4


def test_a_pass_that_failed_scores_no_sky(folder, call):
    (first, _), (second, _), *_ = passes_of(folder)
    assert call("record", first, "--failed", "dome stuck", "--no-fit")[0] == 0
    assert call("record", second, "--partly-cloudy", "--sifted", "500", "--no-fit")[0] == 0
    (score,) = json.loads(call("verify", "--json")[1])["scores"]
    # The cloudy one was promised 0.8 and was not clear; its counts are not scored.
    assert score["probability_clear"]["count"] == 1
    assert score["probability_clear"]["score"] == pytest.approx(0.64)
    assert score["sifted_counts"] is None
    assert "dome stuck" in call("show", first)[1]


def test_nothing_on_record_is_said_in_a_sentence(call):
    assert call("verify")[1].startswith("no result is on record")
    assert call("calibration")[1].startswith("no calibration: links are forecast as")
    assert call("calibrate")[1] == "no result says anything of a link yet\n"


def test_an_example_keeps_no_results(capsys):
    code = run(
        groundstation, ["--example", "europe-2026", "result", "record", "a", "--clouded-out"]
    )
    assert code == 2
    assert "cannot keep results" in capsys.readouterr().err


def test_the_instant_of_a_result_is_an_argument(folder, call):
    name = passes_of(folder)[0][0]
    call("record", name, "--clouded-out", "--no-fit")
    (row,) = json.loads(call("list", "--json")[1])["rows"]
    assert row["recorded_at_utc"] == "2026-07-01T08:00:00.000Z"
    assert datetime.fromisoformat(row["recorded_at_utc"]).tzinfo is not None
