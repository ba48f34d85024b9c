"""The plan commands as people and scripts call them, on the night of micius-2016."""

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout

import pytest

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import copy_example
from groundstation.export.plan_document import plan_from_document

NIGHT = ("--night", "2016-12-19")
XINGLONG, LIJIANG = "micius-xinglong-20161219T1652", "micius-lijiang-20161219T1656"
DELINGHA, NANSHAN = "micius-delingha-20161219T1827", "micius-nanshan-20161219T1826"
BY_DAY = "micius-graz-20161219T1010"
PASSES = 14
WHOLE = "\n[plan]\ncut_passes = false\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example of four contacts out of fourteen passes."""
    made = tmp_path_factory.mktemp("commands") / "micius"
    copy_example("micius-2016", made)
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory, folder):
    """The same, with passes taken whole or not at all: Xinglong and Lijiang exclude each other."""
    made = tmp_path_factory.mktemp("whole") / "micius"
    shutil.copytree(folder, made)
    with (made / "groundstation.toml").open("a", encoding="utf-8") as file:
        file.write(WHOLE)
    return made


def call(folder, *arguments):
    """Exit code, what is printed, and what is said about it."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(groundstation, ["-c", str(folder), *arguments])
    return code, out.getvalue(), err.getvalue()


def planned(folder, *arguments):
    code, out, _ = call(folder, "plan", *arguments, "--json")
    assert code == 0
    return json.loads(out)


def taken(document):
    return {contact["pass_id"] for contact in document["contacts"]}


@pytest.fixture(scope="module")
def plain(folder):
    return planned(folder, *NIGHT)


# -- plan ---------------------------------------------------------------------------------------


def test_every_pass_is_a_contact_or_has_a_reason(plain):
    reasons = {r["pass_id"]: r["reason"] for r in plain["rejections"]}
    assert len(taken(plain)) == 4
    assert len(taken(plain) | set(reasons)) == PASSES
    assert all(reasons.values())
    assert plain["bound_kbit"] >= plain["value_kbit"] > 0.0


@pytest.mark.slow
def test_nothing_is_stored_and_a_second_call_says_the_same(folder, plain):
    before = sorted(path.name for path in folder.rglob("*"))
    again = planned(folder, *NIGHT, "--dry-run")
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert plan_from_document(again) == plan_from_document(plain)


def test_a_pass_that_is_excluded_is_left_out_and_says_so(folder, plain):
    document = planned(folder, *NIGHT, "--exclude", XINGLONG)
    reasons = {r["pass_id"]: r["reason"] for r in document["rejections"]}
    assert XINGLONG in taken(plain)
    assert reasons[XINGLONG] == "it was to be left out"
    assert document["value_kbit"] < plain["value_kbit"]
    assert document["plan_id"] != plain["plan_id"]


@pytest.mark.slow
def test_a_pass_that_is_included_displaces_another(folder, plain):
    document = planned(folder, *NIGHT, "--include", DELINGHA)
    assert DELINGHA not in taken(plain)
    assert DELINGHA in taken(document)
    assert document["value_kbit"] < plain["value_kbit"]


def test_two_included_passes_that_overlap_give_one_of_them_and_a_sentence(whole):
    document = planned(whole, *NIGHT, "--include", XINGLONG, "--include", LIJIANG)
    assert len(taken(document) & {XINGLONG, LIJIANG}) == 1
    (remark,) = document["remarks"]
    assert re.fullmatch(
        r"micius-\S+ was to be taken but overlaps micius-\S+, which is taken", remark
    )


@pytest.mark.slow
def test_wishes_for_passes_that_cannot_be_are_sentences(folder):
    document = planned(folder, *NIGHT, "--include", BY_DAY, "--include", "nobody")
    said = " ".join(document["remarks"])
    assert f"{BY_DAY} was to be taken but cannot be: not dark: the Sun at 18.7" in said
    assert "nobody was named but is no pass of this span" in said
    assert len(taken(document)) == 4


def test_a_pass_cannot_be_both_included_and_excluded(folder):
    code, _, err = call(folder, "plan", *NIGHT, "--include", XINGLONG, "--exclude", XINGLONG)
    assert code == 2
    assert f"{XINGLONG} is both included and excluded" in err


@pytest.mark.slow
def test_two_nights_are_one_plan_with_twice_the_demand(folder, plain):
    document = planned(folder, "--from", "2016-12-19T12:00Z", "--to", "2016-12-21T05:00Z")
    days = {contact["start_utc"][:10] for contact in document["contacts"]}
    assert {"2016-12-19", "2016-12-20"} <= days
    once = {d["demand"]: d["wanted_bits"] for d in plain["deliveries"]}
    twice = {d["demand"]: d["wanted_bits"] for d in document["deliveries"]}
    assert twice == {name: 2 * bits for name, bits in once.items()}
    assert document["value_kbit"] > plain["value_kbit"]
    assert document["plan_id"] != plain["plan_id"]


def test_an_empty_span_has_a_plan_that_says_so(folder):
    document = planned(folder, "--from", "2016-12-19T12:00Z", "--to", "2016-12-19T13:00Z")
    assert (document["contacts"], document["value_kbit"]) == ([], 0.0)
    remark = "no satellite passes over a station in this span: nothing to plan"
    assert remark in document["remarks"]
    assert all(delivery["remark"] for delivery in document["deliveries"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2016-12-19T12:00Z"), "--from and --to belong together"),
        (("--from", "2016-12-19T12:00Z", "--to", "2016-12-19T12:00Z"), "--to must be after --from"),
        (("--from", "2016-12-01T12:00Z", "--to", "2017-02-01T12:00Z"), "nights (limit 31)"),
        ((*NIGHT, "--from", "2016-12-19T12:00Z", "--to", "2016-12-20"), "exclude each other"),
        (("--night", "2016-13-19"), "'2016-13-19' is not a night"),
        (("--goal", "best"), "'best' is not one of"),
        (("--time-limit", "-1"), "is not in the range"),
    ],
)
def test_what_contradicts_itself_is_refused(folder, arguments, said):
    code, out, err = call(folder, "plan", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_time_limit_of_nothing_gives_a_plan_with_an_honest_bound(folder, plain):
    document = planned(folder, *NIGHT, "--time-limit", "0")
    assert document["contacts"]
    assert document["value_kbit"] <= plain["bound_kbit"] + 1e-6
    assert document["bound_kbit"] >= plain["value_kbit"] - 1e-6


@pytest.mark.slow
def test_the_goal_max_min_may_be_asked_for(folder, plain):
    document = planned(folder, *NIGHT, "--goal", "max-min")
    assert document["goal"] == "max-min"
    assert document["plan_id"] != plain["plan_id"]

    def smallest(found):
        return min(d["delivered_bits"] / d["wanted_bits"] for d in found["deliveries"])

    assert smallest(document) >= smallest(plain) - 1e-5


@pytest.mark.slow
def test_people_read_contacts_pairs_reasons_and_the_certificate(folder):
    code, out, err = call(folder, "plan", *NIGHT)
    assert (code, err) == (0, "")
    assert "4 contacts" in out
    assert "not dark: the Sun at" in out
    assert re.search(
        r"value [\d,.]+ kbit, no plan of this model exceeds it by more than 0\.00", out
    )


def test_a_demand_without_a_trusted_path_is_told(folder, tmp_path):
    made = tmp_path / "distrust"
    shutil.copytree(folder, made)
    file = made / "groundstation.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace('name = "backbone"', 'name = "backbone"\nuntrusted = ["micius"]')
    file.write_text(text, encoding="utf-8")
    document = planned(made, *NIGHT)
    remarks = {d["demand"]: d["remark"] for d in document["deliveries"]}
    assert remarks["backbone"] == "no trusted path joins beijing and nanshan"
    assert len(taken(document)) == 4


# -- plan explain ---------------------------------------------------------------------------------


def explained(folder, *arguments):
    code, out, _ = call(folder, "plan", "explain", *arguments, *NIGHT, "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.slow
def test_a_taken_pass_is_explained_by_what_its_key_is_for(folder, plain):
    answer = explained(folder, XINGLONG)
    contact = next(c for c in plain["contacts"] if c["pass_id"] == XINGLONG)
    assert answer["is_taken"]
    assert answer["key_bits"] == contact["key_bits"]
    assert {use["demand"] for use in answer["uses"]} == {"video-conference", "backbone"}


@pytest.mark.slow
def test_a_pass_left_out_is_explained_by_the_swap_and_by_the_best_plan_with_it(folder, plain):
    answer = explained(folder, DELINGHA, "--exact")
    assert answer["displaced"] == [NANSHAN]
    told = "micius serves nanshan at 18:23Z; swapping with micius over nanshan cut short would"
    assert answer["reason"].startswith(told)
    forced = planned(folder, *NIGHT, "--include", DELINGHA)
    cost = plain["value_kbit"] - forced["value_kbit"]
    assert answer["exact"]["cost_kbit"] == pytest.approx(cost, abs=1e-9)
    assert 0.0 < cost <= answer["swap_kbit"] + 1e-6
    assert DELINGHA in answer["exact"]["added"]


@pytest.mark.slow
def test_a_pass_that_cannot_be_taken_is_explained_by_its_reason(folder):
    answer = explained(folder, BY_DAY, "--exact")
    assert answer["reason"].startswith("not dark: the Sun at 18.7")
    assert answer["swap_kbit"] is None
    assert not answer["exact"]["is_possible"]
    assert "cannot be: not dark" in answer["exact"]["reason"]


@pytest.mark.slow
def test_people_read_the_same_explanation(folder):
    code, out, _ = call(folder, "plan", "explain", DELINGHA, *NIGHT)
    assert code == 0
    assert f"{DELINGHA} is not taken: micius serves nanshan at 18:23Z" in out
    assert f"it excludes {NANSHAN}" in out


def test_an_unknown_pass_suggests_the_nearest(folder):
    code, out, err = call(folder, "plan", "explain", DELINGHA[:-1] + "8", *NIGHT)
    assert (code, out) == (2, "")
    assert f"did you mean '{DELINGHA}'?" in err


# -- plan what-if ---------------------------------------------------------------------------------


def asked(folder, *arguments):
    code, out, _ = call(folder, "plan", "what-if", *arguments, *NIGHT, "--json")
    assert code == 0
    return json.loads(out)


def changes(answer):
    return {pair["demand"]: pair["change_bits"] for pair in answer["pairs"]}


def test_a_station_under_cloud_costs_the_pairs_that_need_it(folder, plain):
    answer = asked(folder, "--cloud-out", "nanshan")
    assert answer["change"] == "nanshan clouded out"
    assert changes(answer) == {"backbone": -100_000, "video-conference": 0}
    assert answer["before"]["value_kbit"] == pytest.approx(plain["value_kbit"])
    assert any("dropped: " in text and NANSHAN in text for text in answer["sentences"])
    assert "nanshan is out from 06:13Z: clouded out" in answer["remarks"]


@pytest.mark.slow
def test_without_its_only_satellite_the_network_has_a_plan_and_a_sentence(folder):
    answer = asked(folder, "--without", "micius")
    assert changes(answer) == {"backbone": -100_000, "video-conference": -182_826}
    assert answer["after"] == {"value_kbit": 0.0, "bound_kbit": 0.0}
    assert "the network has no satellite" in answer["remarks"]


def second_station(folder, tmp_path, **changed):
    """The tables of a further station, which has what Nanshan has but stands elsewhere."""
    text = (folder / "groundstation.toml").read_text(encoding="utf-8")
    block = next(b for b in text.split("[[stations]]")[1:] if 'name = "nanshan"' in b)
    for key, value in ({"name": '"kashgar"'} | changed).items():
        block = re.sub(rf"^{key} = .*$", f"{key} = {value}", block, count=1, flags=re.MULTILINE)
    file = tmp_path / "more.toml"
    file.write_text("[[stations]]" + block, encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_station_more_never_lowers_the_value(folder, tmp_path):
    # Kashgar: 39.47 degrees north, 75.99 east.
    file = second_station(folder, tmp_path, latitude_deg="39.47", longitude_deg="75.99")
    answer = asked(folder, "--add-station", str(file))
    assert answer["change"] == "with kashgar"
    assert answer["after"]["value_kbit"] > answer["before"]["value_kbit"]
    assert any("added: " in text and "kashgar" in text for text in answer["sentences"])
    out = asked(folder, "--add-station", str(file), "--cloud-out", "kashgar")
    assert out["change"] == "with kashgar and kashgar clouded out"
    assert out["after"]["value_kbit"] == pytest.approx(answer["before"]["value_kbit"], abs=1e-6)


def test_faults_of_an_added_station_are_told_with_its_own_lines(folder, tmp_path):
    file = second_station(folder, tmp_path, latitude_deg="123.4")
    line = 1 + file.read_text(encoding="utf-8").split("latitude_deg")[0].count("\n")
    code, out, err = call(folder, "plan", "what-if", *NIGHT, "--add-station", str(file))
    assert (code, out) == (78, "")
    assert f"{file}:{line}: stations[5].latitude_deg" in err


def test_a_file_that_adds_nothing_and_names_that_nobody_knows_are_refused(folder, tmp_path):
    empty = tmp_path / "empty.toml"
    empty.write_text("", encoding="utf-8")
    for arguments, said in (
        (("--add-station", str(empty)), "empty.toml adds no station"),
        (("--without", "micus"), "unknown satellite 'micus' (did you mean 'micius'?)"),
        (("--cloud-out", "nanshn"), "unknown station 'nanshn' (did you mean 'nanshan'?)"),
        ((), "nothing to ask"),
    ):
        code, out, err = call(folder, "plan", "what-if", *NIGHT, *arguments)
        assert (code, out) == (2, "")
        assert said in err
