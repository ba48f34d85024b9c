"""The table of airmasses stays as near to the formulas as it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.errors import PassError
from passes.sky.airmass import gueymard_1995_water, kasten_young_1989
from passes.sky.airmass_table import airmasses

FORMULAS = (kasten_young_1989, gueymard_1995_water)


# A straight line over h = 0.005 deg errs by h^2 f'' / 8 at most; with f = 1 / sin(e) that is
# h^2 / (4 sin^2 e) of the airmass, 6e-8 at 10 deg, 1.6e-6 at 2 deg. Gueymard's formula holds the
# tenth root of the zenith distance, a cusp of 3e-5 within one step of the zenith.
@pytest.mark.parametrize(
    ("lowest_deg", "highest_deg", "largest"),
    [(10.0, 89.9, 1e-7), (2.0, 89.9, 2e-6), (0.0, 90.0, 3e-5)],
)
def test_the_table_meets_the_formulas(lowest_deg, highest_deg, largest):
    elevation = np.radians(np.linspace(lowest_deg, highest_deg, 20_011))
    for ours, formula in zip(airmasses(elevation), FORMULAS, strict=True):
        exact = formula(elevation)
        assert np.max(np.abs(ours / exact - 1.0)) < largest


@settings(max_examples=50)
@given(st.floats(0.0, np.pi / 2))
def test_one_elevation_gives_what_an_array_gives(elevation):
    one = airmasses(elevation)
    many = airmasses(np.array([[elevation, 0.3]]))
    for alone, beside in zip(one, many, strict=True):
        assert alone.shape == ()
        assert beside.shape == (1, 2)
        assert beside[0, 0] == alone


def test_both_ends_are_the_formulas_own():
    for ours, formula in zip(airmasses([0.0, np.pi / 2]), FORMULAS, strict=True):
        np.testing.assert_allclose(ours, formula([0.0, np.pi / 2]), rtol=1e-12)


@pytest.mark.parametrize("elevation", [-0.01, 1.6, np.nan])
def test_what_is_no_elevation_is_refused(elevation):
    with pytest.raises(PassError, match=r"airmass at elevation .* deg, outside 0\.\.90 deg"):
        airmasses(np.array([0.5, elevation]))
