"""A demand for key is told in the words that people use for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundstation.config.use import AES_KEY_BITS, SECONDS_PER_UNIT, KeyUse, parse_key_use


@given(
    st.one_of(
        st.tuples(st.sampled_from(AES_KEY_BITS), st.just(True)),
        st.tuples(st.integers(1, 10**9), st.just(False)),
    ),
    st.floats(1e-6, 1e9, allow_subnormal=False),
    st.sampled_from(list(SECONDS_PER_UNIT)),
)
def test_a_use_survives_being_written(key: tuple[int, bool], number: float, unit: str) -> None:
    use = KeyUse(*key, number, unit)
    assert parse_key_use(str(use)) == use


@pytest.mark.parametrize(
    ("words", "bits_per_day"),
    [
        ("AES-256 every 60 s", 256 * 1440),
        ("AES-256 every 1 min", 256 * 1440),
        ("aes-128 every 0.5 h", 128 * 48),
        ("AES-192 every 1 d", 192),
        ("4096 bits every 2 h", 4096 * 12),
        ("1 bit every 1 s", 86_400),
    ],
)
def test_a_use_is_counted_in_bits_per_day(words: str, bits_per_day: float) -> None:
    assert parse_key_use(words).bits_per_day == bits_per_day


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "cannot read"),
        ("AES-256", "cannot read"),
        ("AES-256 every minute", "cannot read"),
        ("AES-256 every -5 s", "cannot read"),
        ("a key every 60 s", "cannot read"),
        ("AES-512 every 60 s", "AES-512 does not exist"),
        ("AES-256 every 60 years", "unit 'years' is not one of s, min, h, d"),
        ("AES-256 every 0 s", "infinitely much"),
        ("0 bits every 1 s", "asks for nothing"),
    ],
)
def test_words_that_are_not_understood_are_refused(words: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_key_use(words)
