"""Whole counts in, whole bits out; and the cut-off cannot follow from the errors."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.audit import whole_bits
from passes.key.block.distillation import (
    MeasuredCounts,
    PublicChoice,
    above_elevation,
    best_of,
    distil,
    whole_pass,
)
from passes.key.decoy.proof import secret_key
from passes.key.optimum.cuts import PublicPass, scan_cuts
from passes.key.optimum.task import Optimisation
from passes.key.records import DecoyCounts, ErrorCorrection, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 0.0, 0.005)
SECURITY = SecurityParameters(1e-9, 1e-15, ErrorCorrection.DISCLOSED, 1.0, 90_000.0)
SLOTS = 40
ELEVATION = np.radians(np.concatenate([np.linspace(10, 80, 20), np.linspace(80, 10, 20)]))


def counted(seed=1):
    rng = np.random.default_rng(seed)
    detections = np.array([[60_000.0], [2_500.0], [5.0]])
    tests = np.array([[2_000.0], [80.0], [1.0]])
    wrong = np.array([[8.0], [0.3], [0.0]])
    return {
        "key": rng.poisson(detections, (3, SLOTS)),
        "test": rng.poisson(tests, (3, SLOTS)),
        "key_errors": rng.poisson(300, SLOTS),
        "test_errors": rng.poisson(wrong, (3, SLOTS)),
    }


def whole(arrays):
    return {name: np.asarray(values, dtype=np.int64) for name, values in arrays.items()}


def public():
    return PublicPass.of(ELEVATION, 1e-3 * np.sin(ELEVATION) ** 2, 1e8, 3e-7, 3e-7)


def test_the_length_is_that_of_the_sums_rounded_safely():
    arrays = whole(counted())
    result = distil(MeasuredCounts(**arrays), whole_pass(SLOTS), SOURCE, SECURITY)
    sums = DecoyCounts(
        arrays["key"].sum(axis=1).astype(float), arrays["test"].sum(axis=1).astype(float),
        float(arrays["key_errors"].sum()), arrays["test_errors"].sum(axis=1).astype(float),
    )  # fmt: skip
    exact = secret_key(sums, SOURCE, SECURITY)
    assert isinstance(result.secret_bits, int)
    assert exact.secret_key_bits - 2.0 < result.secret_bits <= exact.secret_key_bits - 1.0
    assert result.secret_bits > 0
    assert result.audit.proof == "tight"
    assert result.audit.error_correction_bits == 90_000.0
    assert result.audit.budget.spent == pytest.approx(1e-9, rel=1e-14)
    for name in ("vacuum_bits", "single_photon_bits", "test_single_photon_errors"):
        assert result.audit.bounds[name] == getattr(exact, name)


def test_counts_open_once():
    sealed = MeasuredCounts(**whole(counted()))
    distil(sealed, whole_pass(SLOTS), SOURCE, SECURITY)
    with pytest.raises(KeyLengthError, match=r"opened already \(whole pass\)"):
        distil(sealed, above_elevation(public(), 0.5), SOURCE, SECURITY)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_sealed_counts_cannot_be_multiplied(copied):
    with pytest.raises(KeyLengthError, match="cannot be copied or stored"):
        copied(MeasuredCounts(**whole(counted())))


def test_sealed_counts_show_nothing():
    sealed = MeasuredCounts(**whole(counted()))
    assert repr(sealed) == "MeasuredCounts(40 slots, sealed)"
    assert not [name for name in dir(sealed) if not name.startswith("_")
                and name not in {"open", "slots"}]  # fmt: skip
    for name in ("key", "test_errors", "__arrays"):
        with pytest.raises(AttributeError):
            getattr(sealed, name)


def test_the_choice_is_made_of_public_data_only():
    """Neither the record of a pass nor the scan over cut-offs has a place for counted errors."""
    names = {field.name for field in dataclasses.fields(PublicPass)}
    assert names == {"elevation_rad", "efficiency", "pulses", "noise_key", "noise_test"}
    task = Optimisation(dataclasses.replace(SECURITY, error_correction=ErrorCorrection.BLOCK))
    choice = best_of(public(), scan_cuts(public(), SOURCE, task))
    assert "longest expected key" in choice.reason
    assert 0 < choice.slots.sum() <= SLOTS
    result = distil(MeasuredCounts(**whole(counted())), choice, SOURCE, SECURITY)
    assert result.choice == choice.reason
    assert result.counts.key_errors == whole(counted())["key_errors"][choice.slots].sum()


def test_a_fixed_elevation_keeps_the_slots_above_it():
    choice = above_elevation(public(), np.radians(45.0))
    assert choice.slots.tolist() == (np.degrees(ELEVATION) >= 45.0 - 1e-9).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": np.full((3, SLOTS), 2.5)}, "key holds float64 values, not whole numbers"),
        ({"test": np.full((3, SLOTS), -1)}, "test holds a negative count"),
        ({"test": np.ones((2, SLOTS), dtype=int)}, r"test has shape \(2, 40\), not \(3, 40\)"),
        ({"key_errors": np.ones(3, dtype=int)}, r"key_errors has shape \(3,\), not \(40,\)"),
        ({"key": 5}, r"key has shape \(\), not \(3, 0\)"),
        ({"key_errors": np.full(SLOTS, 10**6)}, "a slot holds more errors than detections"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(change, message):
    with pytest.raises(KeyLengthError, match=message):
        MeasuredCounts(**(whole(counted()) | change))


@pytest.mark.parametrize(
    "slots", [np.ones(SLOTS, dtype=bool), np.zeros(SLOTS, dtype=int), counted()["key_errors"] < 290]
)
def test_a_choice_cannot_be_made_by_hand(slots):
    with pytest.raises(KeyLengthError, match="made by whole_pass, above_elevation or best_of only"):
        PublicChoice(slots, "mine")
    with pytest.raises(KeyLengthError, match="ndarray is no choice from public data"):
        MeasuredCounts(**whole(counted())).open(slots)


def test_a_choice_cannot_be_changed_afterwards():
    choice = above_elevation(public(), np.radians(45.0))
    with pytest.raises(ValueError, match="read-only"):
        choice.slots[0] = True
    with pytest.raises(AttributeError):
        setattr(choice, "slots", np.ones(SLOTS, dtype=bool))  # noqa: B010


def test_an_elevation_that_is_none_is_refused():
    with pytest.raises(KeyLengthError, match="elevation nan is outside"):
        above_elevation(public(), float("nan"))


def test_a_choice_of_another_pass_is_refused_and_leaves_the_seal():
    sealed = MeasuredCounts(**whole(counted()))
    with pytest.raises(KeyLengthError, match="choice is of 3 slots, counts of 40"):
        sealed.open(whole_pass(3))
    assert sealed.open(whole_pass(SLOTS)).key_errors > 0


def test_bits_are_rounded_down_and_never_below_zero():
    assert [whole_bits(x) for x in (372.999, 2.0, 1.0, 0.0, -5.0)] == [371, 1, 0, 0, 0]
    with pytest.raises(KeyLengthError, match="not finite"):
        whole_bits(float("nan"))
