"""Pooling passes: what it gains, when to close a block, and the best partition."""

import dataclasses
import itertools
from functools import reduce
from operator import add

import numpy as np
import pytest

from passes.counts.moments import moments_from_slots
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.block.pooling import BlockTerms, PlannedPass, best_partition, close_or_wait, pooled
from passes.key.records import ErrorCorrection, Proof, SecurityParameters

SOURCE = DecoySource(1e8, (0.65, 0.15, 0.0), (0.8, 0.12, 0.08), 0.85, 0.0, 0.005)
TERMS = BlockTerms(SOURCE, 0.85, 1e-3, SecurityParameters(1e-9, 1e-15, ErrorCorrection.BLOCK, 1.16))
HOUR = 3_600.0


def a_pass(loss_db, hour=0.0, probability=1.0, noise=5e-7):
    eta = 10.0 ** (-(loss_db + 8.0 * np.linspace(-1.0, 1.0, 200) ** 2) / 10.0)
    moments = moments_from_slots(eta, 1e8, noise, noise)
    return PlannedPass(f"{loss_db:g} dB", hour * HOUR, moments, probability, SOURCE)


def test_pooling_gains_more_the_closer_to_the_cliff():
    gains = []
    for loss_db in (26.0, 30.0, 34.0):
        passes = [a_pass(loss_db + extra) for extra in (0.0, 1.0, 2.0)]
        apart = sum(TERMS.key_bits(item.moments) for item in passes)
        gains.append(TERMS.key_bits(pooled(passes, TERMS)) / apart)
    assert 1.02 < gains[0] < gains[1] < gains[2]


def test_cutting_a_pass_and_adding_the_parts_is_the_identity():
    eta = np.random.default_rng(2).uniform(1e-4, 1e-2, 90)
    whole = moments_from_slots(eta, 1e8, 3e-7, 2e-7)
    parts = [moments_from_slots(eta[k : k + 30], 1e8, 3e-7, 2e-7) for k in (0, 30, 60)]
    assert TERMS.key_bits(reduce(add, parts)) == pytest.approx(TERMS.key_bits(whole), rel=1e-9)


def test_waiting_is_an_expectation_over_what_may_happen():
    pending, one, two = a_pass(32.0), a_pass(32.0, 1.0, 0.6), a_pass(33.0, 2.0, 0.3)
    result = close_or_wait(pending.moments, [one, two], TERMS, now_s=0.0)
    assert [option.awaited for option in result.options] == [0, 1, 2]
    assert [option.latency_s for option in result.options] == [0.0, HOUR, 2.0 * HOUR]

    def key(*items):
        return TERMS.key_bits(reduce(add, (item.moments for item in items))) if items else 0.0

    closed_now = key(pending)
    later = 0.6 * 0.3 * key(one, two) + 0.6 * 0.7 * key(one) + 0.4 * 0.3 * key(two)
    assert result.options[0].block_bits == pytest.approx(closed_now)
    assert result.options[0].total_bits == pytest.approx(closed_now + later)
    waited = 0.6 * key(pending, one) + 0.4 * closed_now
    assert result.options[1].block_bits == pytest.approx(waited)
    assert result.options[1].total_bits == pytest.approx(waited + 0.3 * key(two))


def test_a_price_on_delay_closes_the_block_earlier():
    pending, one = a_pass(28.0), a_pass(29.0, 24.0, 0.8)
    free = close_or_wait(pending.moments, [one], TERMS, now_s=0.0)
    assert free.best == 1
    gain = free.options[1].total_bits - free.options[0].total_bits
    for price, best in ((0.9 * gain, 1), (1.1 * gain, 0)):
        dear = close_or_wait(pending.moments, [one], TERMS, now_s=0.0, price_bits_per_day=price)
        assert dear.best == best


def test_a_block_without_key_says_so():
    result = close_or_wait(a_pass(42.0).moments, [a_pass(26.0, 1.0, 0.25)], TERMS, now_s=0.0)
    assert result.options[0].no_key_probability == 1.0
    assert result.options[1].no_key_probability == pytest.approx(0.75)


def test_the_partition_is_the_best_of_all_that_are_allowed():
    passes = [a_pass(loss, hour) for loss, hour in
              ((31.0, 0.0), (36.0, 1.6), (33.0, 20.0), (30.0, 22.0), (35.0, 45.0))]  # fmt: skip
    for longest_s in (np.inf, 10.0 * HOUR, 1.0 * HOUR):
        found = best_partition(passes, TERMS, longest_s=longest_s)
        totals = []
        for cuts in itertools.product((False, True), repeat=len(passes) - 1):
            ends = [0, *(k + 1 for k, cut in enumerate(cuts) if cut), len(passes)]
            blocks = [passes[a:b] for a, b in itertools.pairwise(ends)]
            if all(b[-1].ends_s - b[0].ends_s <= longest_s for b in blocks):
                totals.append(sum(TERMS.key_bits(pooled(b, TERMS)) for b in blocks))
        assert found.total_bits == pytest.approx(max(totals), rel=1e-12)
        assert [k for block in found.blocks for k in block] == list(range(len(passes)))
    assert best_partition(passes, TERMS).blocks == ((0, 1, 2, 3, 4),)
    assert len(best_partition(passes, TERMS, longest_s=1.0 * HOUR).blocks) == 5
    assert best_partition([], TERMS).total_bits == 0.0


def test_passes_with_other_settings_never_share_a_block():
    other = dataclasses.replace(
        a_pass(30.0), source=dataclasses.replace(SOURCE, intensities=(0.6, 0.15, 0.0))
    )
    with pytest.raises(KeyLengthError, match="30 dB was flown with other source settings"):
        pooled([a_pass(30.0), other], TERMS)
    with pytest.raises(KeyLengthError, match="other source settings"):
        close_or_wait(a_pass(30.0).moments, [other], TERMS, now_s=0.0)


def test_nonsense_is_refused_by_name():
    with pytest.raises(KeyLengthError, match=r"probability 1\.2 is outside 0\.\.1"):
        a_pass(30.0, 0.0, 1.2)
    with pytest.raises(KeyLengthError, match="9 upcoming passes; at most 8"):
        close_or_wait(a_pass(30.0).moments, [a_pass(30.0)] * 9, TERMS, now_s=0.0)
    with pytest.raises(KeyLengthError, match="now_s = nan is not finite"):
        close_or_wait(a_pass(30.0).moments, [], TERMS, now_s=np.nan)
    with pytest.raises(KeyLengthError, match="not in order of time"):
        close_or_wait(
            a_pass(30.0).moments, [a_pass(30.0, 2.0), a_pass(30.0, 1.0)], TERMS, now_s=0.0
        )
    with pytest.raises(KeyLengthError, match="price_bits_per_day = -1"):
        close_or_wait(a_pass(30.0).moments, [], TERMS, now_s=0.0, price_bits_per_day=-1.0)
    with pytest.raises(KeyLengthError, match="not in order of time"):
        best_partition([a_pass(30.0, 2.0), a_pass(30.0, 1.0)], TERMS)
    with pytest.raises(KeyLengthError, match="a block needs a pass"):
        pooled([], TERMS)
    assert dataclasses.replace(TERMS, proof=Proof.SATQUMA).key_bits(a_pass(26.0).moments) > 0.0
