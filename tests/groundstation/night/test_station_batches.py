"""A large network's passes, station by station: what comes out is the survey's, to the bit."""

import dataclasses
import tracemalloc
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np
import pytest

from groundstation.catalogue import read_element_files, select_elements
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.export.plan_document import plan_document
from groundstation.night.decision import Circumstances
from groundstation.night.forecasts import with_forecasts
from groundstation.night.nightly import middle_of
from groundstation.night.offering import offering_of
from groundstation.night.outcome import decide_night, outcome_of, span_of
from groundstation.night.pass_names import KnownPass
from groundstation.night.pass_weather import attach_weather
from groundstation.night.station_batches import Asked, offering_in_batches
from groundstation.night.survey import Survey, find_night_passes
from groundstation.night.weather_step import NightWeather
from groundstation.night.window_keys import SlotKeys
from groundstation.permission.records import LinkPermission, Permissions
from groundstation.plan.windows import clipped
from groundstation.weather.records import Provenance, Quantity, Weather, WeatherKind
from groundstation.weather.scenarios import joint_scenarios

NIGHT = "2026-06-14"
NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
LATER = timedelta(seconds=1)
# Of the whole network: where a night begins depends on its stations.
SPAN = span_of(load_network(example_path("europe-2026")), NIGHT)


@pytest.fixture(scope="module")
def selection(europe):
    network = europe.network
    return select_elements(network, read_element_files(network), middle_of(network, NIGHT))


@pytest.fixture(scope="module")
def seen(europe):
    return Survey(europe.passes, europe.skies, europe.elements, europe.ground_tracks, ())


@pytest.fixture(scope="module")
def weather(europe):
    """Three members with cover that changes in the night; one station has none."""
    records = [
        Weather(
            station=station.name,
            provenance=Provenance(WeatherKind.ENSEMBLE, "made up", NOW, NOW, "00"),
            epoch=SPAN[0],
            times_s=np.array([0.0, 50_000.0, 90_000.0]),
            members=("00", "01", "02"),
            series={
                Quantity.CLOUD_TOTAL: np.array(
                    [[0.1, k / 20.0, 0.9], [0.0, 0.5, 0.2], [1.0, 1.0, 1.0]]
                )
            },
            is_held=False,
            longest_gap_s=60_000.0,
        )
        for k, station in enumerate(europe.network.stations[1:])
    ]
    return NightWeather(
        scenarios=joint_scenarios(records),
        records=MappingProxyType({record.station: record for record in records}),
        unknown=MappingProxyType({europe.network.stations[0].name: "nobody looked"}),
        safety=MappingProxyType({}),
        warnings=(),
        documents=(("made up", b"bytes"),),
        digest="",
    )


@pytest.fixture(scope="module")
def made(europe, selection):
    return in_batches(europe.network, selection)


@pytest.fixture(scope="module")
def pair(europe):
    """Two of the stations: what is asked of them takes half of the time."""
    return dataclasses.replace(europe.network, stations=europe.network.stations[:2])


def in_batches(network, selection, asked=None, processes=1):
    asked = Asked(night=NIGHT) if asked is None else asked
    return offering_in_batches(network, selection, *SPAN, asked, processes=processes)


def under(seen, weather, network):
    return dataclasses.replace(seen, passes=attach_weather(seen.passes, weather, network))


def differences(a, b, path="offering"):
    """Where two records differ, by a bit of an array or by anything else."""
    if dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        names = [field.name for field in dataclasses.fields(a)]
        return [d for n in names for d in differences(getattr(a, n), getattr(b, n), f"{path}.{n}")]
    if isinstance(a, np.ndarray):
        return [] if a.dtype == b.dtype and a.tobytes() == b.tobytes() else [path]
    if isinstance(a, tuple | list):
        if len(a) != len(b):
            return [f"{path}: {len(a)} and {len(b)}"]
        pairs = zip(a, b, strict=True)
        return [d for i, (x, y) in enumerate(pairs) for d in differences(x, y, f"{path}[{i}]")]
    return [] if a == b or (a != a and b != b) else [f"{path}: {a} and {b}"]  # noqa: PLR0124  NaN


def test_batches_give_what_the_survey_gives(europe, seen, made):
    expected = offering_of(europe.network, seen, NIGHT)
    # The fixture's survey has no warnings of the search; its passes have spreads, which none needs.
    assert not differences(expected, dataclasses.replace(made, warnings=()))
    assert sum(item.slots is not None for item in made.passes) > 10
    refusals = {item.candidate.refusal for item in made.passes}
    assert any(text is not None and text.startswith("not dark: the Sun at") for text in refusals)


def test_batches_warn_of_what_the_survey_warns_of(pair, selection):
    # Without a receiver there is no budget, and one sentence says so.
    lame = dataclasses.replace(pair.stations[0], receivers=(), missing=("telescope.aperture_m",))
    network = dataclasses.replace(pair, stations=(lame,))
    survey = find_night_passes(network, selection, *SPAN)
    survey = with_forecasts(network, survey, NIGHT)
    assert any("telescope.aperture_m" in text for text in survey.warnings)
    assert in_batches(network, selection).warnings == survey.warnings


def test_passes_keep_the_names_that_an_earlier_run_gave(pair, selection, seen):
    names = {station.name for station in pair.stations}
    known = [
        KnownPass(f"old-{n}", p.satellite, p.station, p.aos + LATER, p.los + LATER)
        for n, p in enumerate(p for p in seen.passes if p.station in names)
    ]
    found = in_batches(pair, selection, Asked(known=known, night=NIGHT))
    assert [item.pass_id for item in found.passes] == [k.pass_id for k in known]


def test_batches_cut_passes_to_their_permission(pair, selection, seen):
    names = {station.name for station in pair.stations}
    first = next(p for p in seen.passes if p.windows and p.station in names)
    half = first.windows[0][0] + (first.windows[0][1] - first.windows[0][0]) / 2.0
    rule = LinkPermission("range office", ((first.windows[0][0], half),), "not permitted")
    permissions = Permissions({(first.satellite, first.station): (rule,)}, (), ())
    found = in_batches(pair, selection, Asked(permissions=permissions, night=NIGHT))
    survey = find_night_passes(pair, selection, *SPAN, (), permissions)
    assert [p.candidate.windows for p in found.passes] == [p.windows for p in survey.passes]
    for ours, theirs in zip(found.passes, survey.passes, strict=True):
        # The forecast, which the search does not make, may refuse what it leaves open.
        assert theirs.refusal in {None, ours.candidate.refusal}
    (cut,) = [p.candidate for p in found.passes if p.pass_id == first.pass_id]
    # To a microsecond, to which instants are told.
    assert abs(cut.windows[-1][1] - half) <= timedelta(microseconds=1)


def test_batches_find_the_chance_of_a_clear_sky(europe, selection, seen, weather):
    survey = under(seen, weather, europe.network)
    expected = offering_of(europe.network, survey, NIGHT, weather)
    made = in_batches(europe.network, selection, Asked(night=NIGHT, weather=weather))
    assert made.sky is not None
    assert not differences(expected.sky, made.sky)
    assert not differences([p.clear for p in expected.passes], [p.clear for p in made.passes])


def test_a_part_of_the_span_has_the_sky_of_its_passes_only(europe, seen, weather):
    survey = under(seen, weather, europe.network)
    offering = offering_of(europe.network, survey, NIGHT, weather)
    middle = offering.passes[len(offering.passes) // 2].candidate.aos
    half = offering.between(offering.passes[0].candidate.aos, middle)
    assert 0 < len(half.passes) < len(offering.passes)
    expected = offering_of(
        europe.network,
        survey.between(offering.passes[0].candidate.aos, middle), NIGHT, weather,
    )  # fmt: skip
    assert not differences(expected.passes, half.passes)
    assert not differences(expected.sky, half.sky)


@pytest.mark.slow
def test_a_plan_of_batches_is_the_plan_of_the_survey(europe, selection, made):
    around = Circumstances(NOW)
    decision = decide_night(europe.network, selection, NIGHT, made, around)
    outcome = outcome_of(europe.network, NIGHT, NOW, made, decision, around)
    document, expected = plan_document(outcome), plan_document(europe)
    assert document == expected
    assert len(document["contacts"]) > 5
    assert outcome.passes == ()


def test_what_is_kept_of_a_pass_is_five_numbers_a_second(europe, seen):
    slots = offering_of(europe.network, seen, NIGHT).slots
    for own in slots.values():
        arrays = (own.times_s, own.efficiency, own.noise_key, own.noise_test, own.scintillation)
        assert sum(a.nbytes for a in arrays if a is not None) <= 5 * 8 * len(own.times_s)
        # Views would keep whole tracks alive.
        assert all(a is None or a.base is None for a in arrays)


def test_sums_of_one_pass_at_a_time_are_kept(europe, seen):
    slots = offering_of(europe.network, seen, NIGHT).slots
    longest = max(len(own.times_s) for own in slots.values())
    keys = SlotKeys(europe.network.key, slots)
    for name, own in slots.items():
        keys.bits(name, own.windows)
    tracemalloc.start()
    for name, own in slots.items():
        middle = own.windows[0][0].timestamp() + 100.0
        keys.bits(name, clipped(own.windows, own.windows[0][0].timestamp(), middle))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Three tables of twelve sums and what they are made from, against one table for every pass.
    assert held < 3 * 3 * 12 * 8 * (longest + 1)
    assert len(slots) > 20


@pytest.mark.slow
def test_two_processes_give_what_one_gives(europe, selection, weather):
    asked = Asked(night=NIGHT, weather=weather)
    one = in_batches(europe.network, selection, asked)
    two = in_batches(europe.network, selection, asked, processes=2)
    assert not differences(one, two)


@pytest.mark.slow
def test_two_processes_value_parts_as_one_does(europe, seen):
    slots = offering_of(europe.network, seen, NIGHT).slots
    rng = np.random.default_rng(3)
    parts = []
    for name, own in slots.items():
        begin, end = own.windows[0][0].timestamp(), own.windows[-1][1].timestamp()
        for _ in range(4):
            first, last = np.sort(rng.uniform(begin, end, 2))
            parts.append((name, clipped(own.windows, float(first), float(last))))
    parts = [(name, windows) for name, windows in parts if windows] * 2
    one, two = SlotKeys(europe.network.key, slots), SlotKeys(europe.network.key, slots, processes=2)
    two.foresee(parts)
    assert [two.bits(*part) for part in parts] == [one.bits(*part) for part in parts]
    assert sum(one.bits(*part) > 0 for part in parts) > 20
