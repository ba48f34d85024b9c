"""Extinction is that of the published tables and grows with air and haze."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passes.errors import LinkError
from passes.link.air.extinction import (
    aerosol_optical_depth,
    pressure_ratio,
    slant_extinction_db,
    water_line_warning,
)
from passes.link.air.tables import aerosol_shape, gas_absorption
from passes.link.terminals import Atmosphere

AIR = Atmosphere(0.15, "rural23", 0.010, 320.0, cirrus_optical_depth=0.05)


def total_db(wavelength_m, elevation_rad, air=AIR, height_m=0.0):
    return sum(slant_extinction_db(wavelength_m, elevation_rad, air, height_m).values())


def test_tables_cover_400_to_1600_nm_without_gaps():
    gases, aerosol = gas_absorption(), aerosol_shape()
    assert np.array_equal(gases.wavelength_nm, np.arange(400.0, 1601.0))
    assert np.array_equal(aerosol.wavelength_nm, np.arange(400.0, 1601.0, 25.0))
    assert all(np.all(column >= 0.0) for column in gases.columns.values())
    assert all(column[6] == 1.0 for column in aerosol.columns.values())  # 550 nm


@pytest.mark.parametrize("wavelength_m", [400e-9, 1600e-9])
def test_ends_of_the_tables_belong_to_them(wavelength_m):
    assert np.isfinite(total_db(wavelength_m, 1.0))


@pytest.mark.parametrize("wavelength_nm", [399, 1601, 785e-3])
def test_wavelength_outside_the_tables_is_refused_and_named(wavelength_nm):
    with pytest.raises(LinkError, match=rf"wavelength {wavelength_nm:g} nm, outside the tables"):
        total_db(1e-9 * wavelength_nm, 1.0)


def test_unknown_aerosol_is_refused_with_the_known_ones():
    with pytest.raises(LinkError, match="no aerosol 'desert'") as caught:
        aerosol_optical_depth(850e-9, 0.1, "desert")
    assert "rural23" in str(caught.value.hint)


@given(
    st.floats(400e-9, 1600e-9),
    st.floats(0.0, np.pi / 2),
    st.floats(0.0, np.pi / 2),
)
def test_a_higher_satellite_never_loses_more(wavelength_m, one, other):
    low, high = sorted((one, other))
    assert total_db(wavelength_m, low) >= total_db(wavelength_m, high) * (1 - 1e-9)


@given(st.floats(400e-9, 1600e-9), st.floats(0.0, np.pi / 2))
def test_one_elevation_gives_what_an_array_gives(wavelength_m, elevation):
    alone = slant_extinction_db(wavelength_m, elevation, AIR, 500.0)
    beside = slant_extinction_db(wavelength_m, np.array([0.3, elevation]), AIR, 500.0)
    for name, loss_db in alone.items():
        assert loss_db.shape == ()
        assert beside[name][1] == pytest.approx(float(loss_db), rel=1e-12)


def test_height_thins_the_molecules_but_not_what_is_given_at_the_station():
    sea = slant_extinction_db(1570e-9, 0.6, AIR, 0.0)
    mountain = slant_extinction_db(1570e-9, 0.6, AIR, 3000.0)
    # Counting the height again in the aerosol would halve its 0.3 dB.
    for name in ("aerosol", "water", "ozone", "cirrus"):
        assert mountain[name] == sea[name]
    assert mountain["rayleigh"] == pytest.approx(0.6919 * sea["rayleigh"], rel=1e-4)
    assert 0.0 < mountain["mixed gases"] < sea["mixed gases"]


def test_no_column_no_loss():
    nothing = Atmosphere(0.0, "rural23", 0.0, 0.0)
    losses = slant_extinction_db(850e-9, np.array([0.2, 1.5]), nothing, 0.0)
    for name in ("aerosol", "water", "ozone", "cirrus"):
        assert np.all(losses[name] == 0.0)


def test_cirrus_of_depth_one_costs_4_34_db_at_zenith():
    cloudy = Atmosphere(0.0, "rural23", 0.0, 0.0, cirrus_optical_depth=1.0)
    loss_db = slant_extinction_db(850e-9, np.pi / 2, cloudy, 0.0)["cirrus"]
    # exp(-1) is 4.343 dB; the airmass at zenith is 0.9997 in Kasten & Young's fit.
    assert loss_db == pytest.approx(4.343, abs=0.002)


@pytest.mark.parametrize(("wavelength_nm", "is_named"), [(812, False), (820, True), (850, False)])
def test_lasers_among_water_lines_are_named(wavelength_nm, is_named):
    warning = water_line_warning(1e-9 * wavelength_nm)
    assert (warning is not None) is is_named
    if warning is not None:
        assert "820 nm lies among water lines" in warning


@pytest.mark.parametrize("height_m", [-600.0, 12_000.0])
def test_height_outside_the_troposphere_is_refused(height_m):
    with pytest.raises(LinkError, match=rf"height {height_m:g} m is outside"):
        pressure_ratio(height_m)
