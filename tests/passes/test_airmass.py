"""Air masses are those of the published formulas and of a ray through the air."""

import numpy as np
import pvlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.errors import PassError
from passes.sky.airmass import gueymard_1995_water, kasten_young_1989

elevations = st.floats(0.0, np.pi / 2)


def test_airmass_equals_that_of_pvlib_at_every_elevation():
    elevation_deg = np.linspace(0.0, 90.0, 181)
    theirs = pvlib.atmosphere.get_relative_airmass(90.0 - elevation_deg, "kastenyoung1989")
    # The same formula in both; only rounding is left.
    np.testing.assert_allclose(kasten_young_1989(np.radians(elevation_deg)), theirs, rtol=1e-12)


@given(elevations, elevations)
def test_a_lower_line_of_sight_never_crosses_less_air(one, other):
    low, high = sorted((one, other))
    for airmass in (kasten_young_1989, gueymard_1995_water):
        assert airmass(low) >= airmass(high) * (1 - 1e-12)


def test_low_layers_weigh_more_at_the_horizon_and_the_same_at_zenith():
    assert gueymard_1995_water(np.pi / 2) == pytest.approx(1.0, abs=1e-9)
    assert gueymard_1995_water(np.radians(5.0)) > kasten_young_1989(np.radians(5.0))


@pytest.mark.parametrize("elevation_deg", [-0.5, 91.0, np.nan])
def test_airmass_below_the_horizon_is_refused(elevation_deg):
    with pytest.raises(PassError, match=rf"elevation {elevation_deg:g} deg, outside 0\.\.90 deg"):
        kasten_young_1989(np.radians([45.0, elevation_deg]))
