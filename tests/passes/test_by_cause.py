"""Every click and every error has one cause, and the causes add up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.counts.by_cause import rates_by_cause
from passes.counts.expected import expected_rates
from passes.counts.noise import Noise
from passes.counts.source import DecoySource
from passes.link.budget import LinkBudget, Term, TermGroup
from passes.link.terminals import BasisChoice, Detector, Receiver

SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.7, 200e-12, 0.01)
DETECTOR = Detector(0.5, 25.0, 24e-9, 350e-12, 2e-9, 0.02, 4, BasisChoice.PASSIVE, 0.6)
TELESCOPE = Receiver(785e-9, 1.0, 0.0, 0.25, 1e-9, 100e-6, 0.0, 1.9e10, DETECTOR)


def budget_of(*loss_db):
    return LinkBudget((Term("all", np.array(loss_db), TermGroup.GEOMETRY, "test"),))


def noise_of(size=1, **rates):
    names = ("dark", "sky", "twilight", "moon", "satellite")
    return Noise(**{f"{name}_hz": np.full(size, rates.get(name, 0.0)) for name in names})


@settings(max_examples=50)
@given(
    st.floats(20.0, 60.0),
    st.lists(st.floats(0.0, 1e7), min_size=5, max_size=5),
    st.sampled_from(list(BasisChoice)),
)
def test_causes_add_up_to_the_expected_rates(loss_db, rates, choice):
    names = ("dark", "sky", "twilight", "moon", "satellite")
    noise = noise_of(**dict(zip(names, rates, strict=True)))
    receiver = replace(TELESCOPE, detector=replace(DETECTOR, basis_choice=choice))
    whole = expected_rates(budget_of(loss_db), noise, SOURCE, receiver)
    split = rates_by_cause(budget_of(loss_db), noise, SOURCE, receiver)
    assert sum(split.clicks_hz.values()) == pytest.approx(whole.detected_hz, rel=1e-12)
    assert split.clicks_hz["signal"] == pytest.approx(whole.signal_hz, rel=1e-12)
    assert split.sifted_hz[:, 0].sum(axis=0) == pytest.approx(whole.sifted_hz, rel=1e-12)
    assert sum(split.qber_by_cause.values()) == pytest.approx(whole.qber, rel=1e-12)
    in_signal = split.errors_hz[:, 0].sum(axis=0) / split.sifted_hz[:, 0].sum(axis=0)
    assert in_signal == pytest.approx(whole.qber, rel=1e-12)


def test_dark_counts_alone_are_half_wrong_and_count_in_full_gates():
    # 100 a second in all four detectors, gates of 2 ns at 1e8 Hz: 20 a second, and 2 % afterpulses.
    split = rates_by_cause(budget_of(400.0), noise_of(dark=100.0), SOURCE, TELESCOPE)
    assert split.clicks_hz["dark"] == pytest.approx([20.0], rel=1e-6)
    assert split.clicks_hz["afterpulse"] == pytest.approx([0.4], rel=1e-6)
    assert split.clicks_hz["background"] == pytest.approx([0.0], abs=1e-12)
    # Half of the counts are wrong, and half of the echoes: (0.5 + 0.02 x 1.02 / 2) / 1.02.
    assert split.qber_by_cause["dark"] == pytest.approx([0.5 / 1.02], rel=1e-9)
    assert split.qber_by_cause["afterpulse"] == pytest.approx([0.01], rel=1e-9)


def test_light_of_the_sky_splits_in_proportion_to_its_sources():
    noise = noise_of(dark=100.0, sky=30.0, twilight=20.0, moon=10.0, satellite=40.0)
    receiver = replace(TELESCOPE, detector=replace(DETECTOR, key_basis_probability=0.5))
    split = rates_by_cause(budget_of(35.0), noise, SOURCE, receiver).qber_by_cause
    # With an even splitter dark counts weigh as much as light.
    for name, rate in {"dark": 100.0, "twilight": 20.0, "moon": 10.0, "satellite": 40.0}.items():
        assert split[name] / split["sky"] == pytest.approx([rate / 30.0], rel=1e-12)


def test_bases_and_intensities_stand_where_they_are_named():
    quiet = replace(TELESCOPE, detector=replace(DETECTOR, afterpulse_probability=0.0))
    split = rates_by_cause(budget_of(30.0), noise_of(), SOURCE, quiet)
    # 1e8 x 0.5 x (1 - exp(-0.8e-3)) photons, sent with 0.7 and measured with 0.6 in the key basis.
    signal_hz = 1e8 * 0.5 * -np.expm1(-0.8e-3)
    assert split.sifted_hz[0, 0] == pytest.approx([0.7 * 0.6 * signal_hz], rel=1e-12)
    assert split.sifted_hz[1, 0] == pytest.approx([0.3 * 0.4 * signal_hz], rel=1e-12)
    decoy_hz = 1e8 * 0.25 * -np.expm1(-0.1e-3)
    assert split.sifted_hz[0, 1] == pytest.approx([0.7 * 0.6 * decoy_hz], rel=1e-12)
    assert split.sifted_hz[:, 2] == pytest.approx(np.zeros((2, 1)))
    np.testing.assert_allclose(split.errors_hz, 0.01 * split.sifted_hz, rtol=1e-12)


def test_one_sample_gives_what_an_array_gives():
    one = rates_by_cause(budget_of(33.0), noise_of(dark=50.0, moon=9.0), SOURCE, TELESCOPE)
    two = rates_by_cause(budget_of(40.0, 33.0), noise_of(2, dark=50.0, moon=9.0), SOURCE, TELESCOPE)
    assert two.errors_hz[:, :, 1] == pytest.approx(one.errors_hz[:, :, 0], rel=1e-12)
    for name, rate in one.clicks_hz.items():
        assert two.clicks_hz[name][1] == pytest.approx(rate[0], rel=1e-12)
