"""Nights that run by themselves in a world with clouds, hidden constants and accidents."""

from typing import Any

import numpy as np
import pytest

from groundstation.results.calibration_store import latest_calibration
from groundstation.results.store import results_of
from groundstation.results.verification import verify
from passes.counts.calibration.unknowns import Constant

# Part of the European example, so that a month takes minutes: 15 links of 40.
SATELLITES = ("speqtre", "spoqc", "eagle-1-class")
STATIONS = ("matera", "calern", "helmos", "skinakas", "esa-ogs")
DEMANDS = ("carrier-trunk", "bank-carrier")


def assert_sound(season, nights):
    """Every night has a plan that holds, no pass is there twice, and every plan can be replayed."""
    assert season.broken == []
    for number in range(nights):
        assert season.codes[number] in {0, 3}
        assert season.plan_faults(number) == []
    assert season.duplicates(nights) == []
    for number in range(nights):
        last = season.instant(nights, 12)
        assert season.call(last, "night", "replay", season.night(number), "--all") == 0


def say(*words):
    """The figures of a season, with `pytest -s`."""
    print(*words)  # noqa: T201


def lived(season, nights, crowded):
    """All nights, each with what it delivers; how often a run was killed."""
    for number in range(nights):
        season.run_night(number, is_crowded=number in crowded)
        season.deliver(number)
    for name in sorted(season.count):
        say(f"{name}: {season.count[name]}")
    say("exit codes", {code: season.codes.count(code) for code in sorted(set(season.codes))})
    say("CPU seconds", {name: round(seconds, 1) for name, seconds in season.seconds.items()})
    return sum(count for name, count in season.count.items() if name.startswith("killed"))


@pytest.mark.slow
def test_four_nights_with_accidents_end_with_plans_that_hold(season):
    made = season(
        3, network=(SATELLITES[:2], STATIONS[:2], ()), faults=0.6, kinds=("page", "stale")
    )
    assert lived(made, 4, crowded={1}) > 0
    assert_sound(made, 4)
    assert made.count["delivered"] > 0
    assert 3 in made.codes


@pytest.mark.slow
def test_three_nights_of_the_whole_network_with_accidents(season):
    made = season(5, faults=0.6)
    assert lived(made, 3, crowded={2}) > 0
    assert_sound(made, 3)
    assert made.count["delivered"] > 5


@pytest.mark.slow
@pytest.mark.parametrize("block_db", [0.0, 0.9])
def test_thirty_nights_keep_what_they_promise(season, block_db):
    nights = 30
    made = season(20, network=(SATELLITES, STATIONS, DEMANDS), block_db=block_db)
    assert lived(made, nights, crowded={4, 17}) > 5
    assert_sound(made, nights)
    db = made.database()
    # The first week is not "after calibration": a station has hardly been seen.
    scored: Any = verify(results_of(db, start=made.night(6)))[0]
    for name, coverage in (("counts", scored.sifted.coverage), ("key", scored.key.coverage)):
        sigma = np.sqrt(0.8 * 0.2 / coverage.count)
        say(f"coverage of {name}: {coverage.share:.3f} of {coverage.count}, sigma {sigma:.3f}")
        assert coverage.count > 60
        # Two sigma of 64 passes; what passes of one station-night share makes it wider.
        assert coverage.share == pytest.approx(0.8, abs=0.1)
    say(f"Brier score {scored.clear.score:.3f} of {scored.clear.count}, {scored.clear.rows}")
    # No worse than the base rate told in advance, within the doubt of its own estimate.
    assert scored.clear.score < scored.clear.uncertainty + 0.03
    calibration: Any = latest_calibration(db)
    for band in calibration.bands:
        for satellite in SATELLITES:
            found = band.constant(Constant.LOSS, satellite).value
            true = made.world.loss_db(satellite, band.station)
            say(f"{satellite} over {band.station}: {found.mean - true:+.2f} +- {found.sigma:.2f}")
            # What was hardly seen is not known, and says so.
            assert abs(found.mean - true) < (0.3 if found.sigma < 0.15 else 3.0 * found.sigma)
    db.close()
