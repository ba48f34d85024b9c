"""One pass on its page: a real one, with the numbers of its own forecast, decision and result."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.errors import UsageError
from groundstation.night.pass_outcome import pass_outcome
from groundstation.pass_records import PassDecision
from groundstation.plan.records import Contact, Rejection
from groundstation.report.pass_falls import measured_rows, pass_falls, pass_times
from groundstation.report.pass_numbers import pass_numbers
from groundstation.report.pass_page import loss_rows, render_pass, verdict
from groundstation.results.records import Result, Sky
from groundstation.results.store import RecordedResult

PASS = "speqtre-helmos-20260614T2043"
DAYLIGHT = "spoqc-heriot-watt-hogs-20260615T0354"
NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def network():
    return load_network(example_path("europe-2026"))


@pytest.fixture(scope="module")
def outcome(network):
    """A pass over Helmos whose middle the mount cannot follow; no plan, no weather, no result."""
    return pass_outcome(network, PASS, None, now=NOW)


@pytest.fixture(scope="module")
def taken(outcome):
    """The same with a plan that takes its first window alone."""
    window = outcome.night_pass.windows[0]
    contact = Contact(PASS, "speqtre", "helmos", (window,), 300_000, is_whole=False)
    return replace(outcome, decision=PassDecision("0123456789ab", contact, None, ()))


@pytest.fixture(scope="module")
def page(outcome):
    return render_pass(outcome)


def result(outcome, **values):
    recorded = RecordedResult(
        version=1, night=outcome.night, satellite="speqtre", station="helmos",
        result=Result(PASS, Sky.CLEAR, **values), forecast=None, is_hindsight=False,
        file="x.json", recorded_at=NOW,
    )  # fmt: skip
    return replace(outcome, result=recorded)


def test_the_json_in_the_page_is_that_of_the_pass(outcome, page):
    pattern = r'<script type="application/json" id="pass-data">(.*?)</script>'
    text = re.search(pattern, page, re.DOTALL)
    assert text is not None
    assert json.loads(text.group(1)) == json.loads(json.dumps(pass_numbers(outcome)))
    numbers = json.loads(text.group(1))
    item = outcome.night_pass
    assert numbers["schema"] == "pass/1"
    assert numbers["pass"]["pass_id"] == PASS
    assert numbers["elements"]["sha256"] == outcome.elements.digest
    assert len(numbers["series"]["times_s"]) == len(item.track.times_s)
    assert numbers["series"]["is_usable"] == item.track.is_usable.astype(int).tolist()
    # One radian is 57.29577951308232 degrees; a series has six digits.
    assert numbers["series"]["elevation_deg"] == pytest.approx(
        (item.track.elevation_rad * 57.29577951308232).tolist(), rel=1e-5
    )


def test_the_same_pass_gives_the_same_bytes(outcome, page):
    assert render_pass(outcome) == page


def test_the_page_asks_for_nothing_outside_itself(page):
    assert "http" not in page.lower()
    assert page.count("<script") == 1
    assert not re.search(r"@import|url\((?!#)|<link|<img|<iframe", page)
    assert page.count("<figcaption>") == page.count("<figure")


def test_every_link_of_the_page_has_its_target(taken):
    text = render_pass(result(taken, key_bits=1))
    targets = set(re.findall(r'href="#([\w-]+)"', text))
    assert targets <= set(re.findall(r'\bid="([\w-]+)"', text))
    assert {"result", "waterfall", "loss", "seconds"} <= targets


def test_terms_of_the_budget_add_up_to_the_total(outcome):
    *terms, total = loss_rows(outcome.night_pass, outcome.night_pass.forecast)
    for column in ("first_db", "best_db", "last_db"):
        assert sum(getattr(row, column) for row in terms) == pytest.approx(getattr(total, column))
    assert total.best_db < min(total.first_db, total.last_db)
    item = outcome.night_pass
    along = item.forecast.budget.total_db[item.track.is_usable]
    assert (total.first_db, total.best_db, total.last_db) == (along[0], along.min(), along[-1])
    assert total.first_db != total.last_db
    loss = pass_numbers(outcome)["loss"]
    assert loss["total_db"] == pytest.approx(total.best_db)
    assert sum(loss["groups_db"].values()) == pytest.approx(total.best_db)


def test_seconds_only_ever_become_fewer(taken):
    times = {time.name: time.seconds for time in pass_times(taken)}
    assert list(times) == ["Offered", "High enough", "Dark", "Usable", "Taken"]
    assert sorted(times.values(), reverse=True) == list(times.values())
    item = taken.night_pass
    assert times["Usable"] == pytest.approx(sum((b - a).total_seconds() for a, b in item.windows))
    start, stop = item.windows[0]
    assert times["Taken"] == (stop - start).total_seconds()
    assert "Taken" not in {time.name for time in pass_times(replace(taken, decision=None))}


def test_pulses_become_clicks_bits_and_key(outcome):
    sent, received, sifted, corrected, amplified = pass_falls(outcome)
    key, track = outcome.night_pass.forecast.key, outcome.night_pass.track
    # 100 MHz in every usable second, of which the track has one sample each.
    assert sent.amount == pytest.approx(1e8 * np.count_nonzero(track.is_usable))
    rates = outcome.night_pass.forecast.rates
    assert received.amount == pytest.approx(float(rates.detected_hz[track.is_usable].sum()))
    assert sifted.amount == key.sifted_bits
    assert corrected.amount == pytest.approx(key.sifted_bits - key.error_correction_bits)
    assert amplified.amount == key.secret_key_bits
    levels = [fall.amount for fall in pass_falls(outcome)]
    assert sorted(levels, reverse=True) == levels
    # The published account of the proof ends where the waterfall does.
    assert outcome.light.steps[-1].left_bits == pytest.approx(key.unclipped_bits)
    assert sum(outcome.light.qber_by_cause.values()) == pytest.approx(
        float((rates.qber * rates.sifted_hz)[track.is_usable].sum()
              / rates.sifted_hz[track.is_usable].sum())
    )  # fmt: skip


def test_the_decision_is_told_in_one_sentence(outcome, taken):
    assert verdict(outcome).startswith("No plan is published")
    assert "takes a part of the pass" in verdict(taken)
    whole = replace(taken.decision, contact=replace(taken.decision.contact, is_whole=True))
    assert "takes the whole pass" in verdict(replace(taken, decision=whole))
    refused = PassDecision("0123456789ab", None, Rejection(PASS, "speqtre serves matera"), ())
    assert verdict(replace(taken, decision=refused)).endswith("speqtre serves matera.")


def test_a_refused_pass_has_a_page_that_says_why(network):
    refused = pass_outcome(network, DAYLIGHT, None, now=NOW)
    assert refused.night_pass.forecast is None
    text = render_pass(refused)
    assert refused.night_pass.refusal is not None
    assert refused.night_pass.refusal in text
    assert 'id="waterfall"' not in text
    assert pass_numbers(refused)["waterfall"] == []
    assert pass_numbers(refused)["loss"] is None


def test_a_result_stands_beside_its_forecast(outcome):
    rows = measured_rows(result(outcome, sifted=1_000_000, errors=20_000, key_bits=250_000))
    assert [row[0] for row in rows] == ["Sifted", "QBER", "Secret key"]
    assert rows[1][2].replace("\N{NARROW NO-BREAK SPACE}", " ") == "2.00 %"
    assert {row[1] for row in rows} == {"none issued"}
    text = render_pass(result(outcome, key_bits=250_000))
    assert 'id="result"' in text
    assert pass_numbers(result(outcome, key_bits=7))["result"]["key_bits"] == 7


@pytest.mark.parametrize(
    ("came", "verdict"), [(0.5, "below"), (1.0, "within"), (2.0, "within"), (2.5, "above")]
)
def test_a_result_is_judged_against_p10_and_p90(outcome, came, verdict):
    quantiles = SimpleNamespace(p10=1e5, p50=1.5e5, p90=2e5)
    spread = SimpleNamespace(sifted=quantiles, qber=quantiles, key_bits=quantiles)
    found = result(outcome, key_bits=int(came * 1e5))
    issued = replace(found.result, forecast=SimpleNamespace(spread=spread))
    assert measured_rows(replace(found, result=issued))[-1][3] == verdict


def test_a_degraded_pass_says_so_at_the_top(outcome, page):
    assert "degraded" not in page[: page.index('aria-label="Headline"')]
    text = render_pass(replace(outcome, warnings=("the elements are old",)))
    top = text[: text.index('aria-label="Headline"')]
    assert "This report is degraded:" in top
    assert "the elements are old" in top


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("speqtre-helmos", "is no pass id like"),
        ("speqtre-helmso-20260614T2043", "did you mean 'speqtre-helmos'"),
        ("speqtre-helmos-20260614T2053", "did you mean 'speqtre-helmos-20260614T2043'"),
        ("speqtre-helmos-20269914T2043", "is no pass id like"),
    ],
)
def test_a_pass_that_is_not_there_is_refused_with_the_nearest_one(network, wrong, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        pass_outcome(network, wrong, None, now=NOW)


def test_a_station_whose_name_begins_another_is_not_mistaken(network):
    helmos = next(s for s in network.stations if s.name == "helmos")
    both = replace(network, stations=(*network.stations, replace(helmos, name="helmos-2")))
    found = pass_outcome(both, "speqtre-helmos-2-20260614T2043", None, now=NOW)
    assert found.network.stations[0].name == "helmos-2"
    assert found.night_pass.station == "helmos-2"
