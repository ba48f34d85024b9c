"""A clear sky beside pvlib: airmass, and the direct beam of SPECTRL2."""

import warnings

import numpy as np
import pytest

from passes.link.air.extinction import slant_extinction_db
from passes.link.terminals import Atmosphere
from passes.sky.airmass import gueymard_1995_water, kasten_young_1989


@pytest.fixture(scope="module")
def pvlib():
    with warnings.catch_warnings():
        # Importing it may warn about its own dependencies, which is not our concern.
        warnings.simplefilter("ignore")
        return pytest.importorskip("pvlib")


@pytest.fixture(scope="module")
def spectrl2(pvlib):
    """Direct transmittance by (wavelength in nm, airmass), with and without aerosol."""

    def transmittance(airmass, turbidity):
        elevation_rad = np.array([elevation_of(one) for one in airmass])
        zenith_deg = 90.0 - np.degrees(elevation_rad)
        result = pvlib.spectrum.spectrl2(
            apparent_zenith=zenith_deg,
            aoi=zenith_deg,
            surface_tilt=0.0,
            ground_albedo=0.2,
            surface_pressure=101_325.0,
            relative_airmass=np.asarray(airmass),
            precipitable_water=1.42,
            ozone=0.344,
            aerosol_turbidity_500nm=turbidity,
            dayofyear=93,
            alpha=1.39,
        )
        return result["wavelength"], result["dni"] / result["dni_extra"]

    return transmittance


def elevation_of(airmass):
    grid = np.radians(np.linspace(5.0, 90.0, 8_501))
    return np.interp(-airmass, -kasten_young_1989(grid), grid)


def our_loss_db(wavelength_nm, airmass, depth_550=0.0, **options):
    air = Atmosphere(depth_550, "rural23", precipitable_water_m=0.0142, ozone_du=344.0)
    losses_db = slant_extinction_db(
        1e-9 * wavelength_nm, elevation_of(airmass), air, 0.0, **options
    )
    return float(sum(losses_db.values()))


def test_both_airmasses_enclose_the_others_of_pvlib(pvlib):
    elevation_deg = np.array([90.0, 60.0, 45.0, 30.0, 20.0, 15.0, 10.0])
    models = {
        name: pvlib.atmosphere.get_relative_airmass(90.0 - elevation_deg, name)
        for name in ("kastenyoung1989", "gueymard1993", "pickering2002")
    }
    molecules = kasten_young_1989(np.radians(elevation_deg))
    np.testing.assert_allclose(molecules, models["kastenyoung1989"], rtol=1e-12)
    for theirs in models.values():
        # Fits to the whole atmosphere by apparent elevation differ by 0.2 %.
        np.testing.assert_allclose(molecules, theirs, rtol=3e-3)
    # That of Young (1994) takes the geometric elevation: 0.8 % less at 10 deg, which is refraction.
    geometric = pvlib.atmosphere.get_relative_airmass(80.0, "young1994")
    assert molecules[-1] / geometric - 1.0 == pytest.approx(0.008, abs=0.001)
    # Low layers lie between the whole atmosphere and a flat Earth.
    low = gueymard_1995_water(np.radians(elevation_deg))
    assert np.all(low[1:] > molecules[1:])
    assert np.all(low[1:] < 1.0 / np.sin(np.radians(elevation_deg[1:])))


# Wavelengths of SPECTRL2 that lie in windows of both programs; its bands of water and oxygen are
# wider than the 2 nm of our table and differ there by up to decibels. In the windows it has less
# water, by up to 0.06 dB per airmass between 570 and 710 nm.
@pytest.mark.parametrize(
    ("wavelength_nm", "tolerance_db"),
    [
        (410.0, 0.02), (450.0, 0.02), (500.0, 0.02), (550.0, 0.02), (610.0, 0.02), (667.6, 0.02),
        (752.5, 0.02), (780.0, 0.02), (840.0, 0.03), (860.0, 0.02), (880.0, 0.02), (1040.0, 0.02),
    ],
)  # fmt: skip
def test_clean_air_in_windows_is_that_of_spectrl2(spectrl2, wavelength_nm, tolerance_db):
    airmasses = np.array([1.0, 2.0, 4.0])
    wavelength, transmittance = spectrl2(airmasses, 0.0)
    theirs_db = -10.0 * np.log10(transmittance[np.flatnonzero(wavelength == wavelength_nm)[0]])
    for airmass, expected_db in zip(airmasses, theirs_db, strict=True):
        ours_db = our_loss_db(wavelength_nm, airmass)
        assert ours_db == pytest.approx(expected_db, abs=tolerance_db * airmass)


def test_hazy_air_with_an_angstrom_exponent_is_that_of_spectrl2(spectrl2):
    # Depth 0.371 at 500 nm with exponent 1.39; at 4 airmasses 7 dB at 500 nm.
    airmasses = np.array([1.0, 2.0, 4.0])
    wavelength, transmittance = spectrl2(airmasses, 0.371)
    depth_550 = 0.371 * (500 / 550) ** 1.39
    for nm in (500.0, 780.0, 860.0, 1040.0):
        theirs_db = -10.0 * np.log10(transmittance[np.flatnonzero(wavelength == nm)[0]])
        for airmass, expected_db in zip(airmasses, theirs_db, strict=True):
            ours_db = our_loss_db(nm, airmass, depth_550, angstrom_exponent=1.39)
            # SPECTRL2 gives aerosol the airmass of the molecules: 1 % at 4.
            assert ours_db == pytest.approx(expected_db, abs=0.02 * airmass + 0.011 * expected_db)


def test_printed_transmittances_of_spectrl2_are_met_where_its_water_agrees(spectrl2):
    # Depth 0.371 at 500 nm, exponent 1.39, 1.42 cm, airmass 1 to 4, interpolated over its coarse
    # wavelengths: 785 and 850 nm to four digits.
    airmasses = np.array([1.0, 2.0, 3.0, 4.0])
    wavelength, transmittance = spectrl2(airmasses, 0.371)
    depth_550 = 0.371 * (500 / 550) ** 1.39
    printed = {785.0: [0.7996, 0.6396, 0.5119, 0.4098], 850.0: [0.8135, 0.6656, 0.5455, 0.4473]}
    for nm, row in printed.items():
        theirs = [np.interp(nm, wavelength, column) for column in transmittance.T]
        # SPECTRL2's own coefficients have moved a little since; 0.3 %.
        np.testing.assert_allclose(theirs, row, rtol=3e-3)
        ours = [
            10 ** (-our_loss_db(nm, m, depth_550, angstrom_exponent=1.39) / 10) for m in airmasses
        ]
        np.testing.assert_allclose(10 * np.log10(np.divide(ours, row)), 0.0, atol=0.1)
