"""The spot of an uplink is that of its turbulence, wander and steering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma, j0

from passes.errors import LinkError
from passes.link.optics.beam import aperture_capture
from passes.link.turbulence.elevation_table import tabulate
from passes.link.turbulence.profile import hufnagel_valley, layered
from passes.link.turbulence.uplink import (
    SpotModel,
    UplinkSpot,
    diffraction_radius_m,
    mean_capture,
    point_ahead_tilt_residual,
    uplink_coherence_radius_m,
    uplink_spot,
)

HV57 = hufnagel_valley()
ZENITH = np.pi / 2
SHORT = SpotModel.SHORT_TERM_WITH_WANDER
elevations = st.floats(np.radians(10.0), np.pi / 2)


def spot(elevation_rad=ZENITH, model="long-term", profile=HV57, **changes):
    range_m = 600e3 / np.sin(elevation_rad)
    return uplink_spot(profile, 785e-9, 0.0884, elevation_rad, range_m, model, **changes)


def test_long_term_spot_with_wander_is_refused():
    short = spot(model=SHORT)
    with pytest.raises(LinkError, match="contains the beam wander already"):
        UplinkSpot(SpotModel.LONG_TERM, spot().radius_m, short.wander_rms_m)


def test_long_term_spot_cannot_be_steered():
    with pytest.raises(LinkError, match="cannot be steered"):
        spot(tip_tilt_residual=0.3)


@given(elevations, st.floats(0.05, 1.0), st.floats(0.0, 0.6))
@settings(max_examples=50)
def test_both_models_catch_the_same_light_on_average(elevation_rad, aperture_m, obscuration):
    means = [mean_capture(spot(elevation_rad, m), aperture_m, obscuration) for m in SpotModel]
    assert means[0] == pytest.approx(means[1], rel=1e-9)


def test_mean_capture_is_the_average_over_the_wander():
    # The short-term spot, offset by r with density r/s^2 exp(-r^2/2s^2), s per axis. With s as the
    # radial standard deviation the loss would be 0.9 dB less.
    short = spot(model=SHORT)
    radius_m, sigma_m = float(short.radius_m), float(short.wander_rms_m)

    def lit(r):
        density = r / sigma_m**2 * np.exp(-(r**2) / (2 * sigma_m**2))
        return (aperture_capture(radius_m, 2.0, r) - aperture_capture(radius_m, 0.6, r)) * density

    averaged = quad(lit, 0.0, 10 * sigma_m)[0]
    assert mean_capture(short, 2.0, 0.3) == pytest.approx(averaged, rel=1e-6)


def test_wander_is_near_the_tilt_of_the_beam():
    # The gradient of Kolmogorov phase, weighted with the beam's irradiance, has both axes together
    # a variance of E[half the Laplacian of 6.88 (s/r0)^(5/3)] / k^2 over two points of the beam:
    # 6.88 x 25/18 x Gamma(5/6) x w0^(-1/3) x 0.423 mu_0 at zenith. It is 18 % above the variance of
    # the literature, 9 % in the rms, at every wavelength.
    exact = 6.88 * 25 / 18 * gamma(5 / 6) * 0.0884 ** (-1 / 3) * 0.423 * HV57.mu_0
    ours = 2 * (spot(model=SHORT).wander_rms_m / 600e3) ** 2
    assert exact / ours == pytest.approx(1.18, abs=0.02)


@given(elevations, elevations)
@settings(max_examples=50)
def test_a_lower_satellite_receives_less(one, other):
    low, high = sorted((one, other))
    for model in SpotModel:
        captured = [float(mean_capture(spot(e, model), 0.3)) for e in (low, high)]
        assert captured[0] <= captured[1] * (1 + 1e-12)


@given(st.floats(0.01, 2.0), st.floats(0.01, 2.0))
@settings(max_examples=50)
def test_a_larger_satellite_telescope_catches_more(one, other):
    small_m, large_m = sorted((one, other))
    assert mean_capture(spot(), small_m) <= mean_capture(spot(), large_m)


@given(st.lists(elevations, min_size=1, max_size=4))
@settings(max_examples=30)
def test_scalars_and_arrays_give_the_same_spot(listed):
    for model in SpotModel:
        together = spot(np.array([listed]), model)
        for column, elevation_rad in enumerate(listed):
            alone = spot(elevation_rad, model)
            assert together.radius_m[0, column] == pytest.approx(alone.radius_m, rel=1e-12)
            assert together.wander_rms_m[0, column] == pytest.approx(alone.wander_rms_m, rel=1e-12)


def test_weight_of_a_high_layer_is_that_of_a_spherical_wave():
    # One layer at a tenth of the satellite's height counts (1 - 0.1)^(5/3) = 0.839 of one at the
    # ground; the series has its worst case at half the height, 0.315, and errs by 0.2 % there.
    ground = layered([0.0], [1e-12])
    for height_m, satellite_m, tolerance in ((30e3, 300e3, 1e-6), (30e3, 60e3, 3e-3)):
        high = layered([height_m], [1e-12])
        radii = [uplink_coherence_radius_m(p, 785e-9, ZENITH, satellite_m) for p in (ground, high)]
        weight = (radii[1] / radii[0]) ** (-5 / 3)
        assert weight == pytest.approx((1 - height_m / satellite_m) ** (5 / 3), rel=tolerance)


def test_without_turbulence_the_spot_is_that_of_diffraction():
    # 785 nm, waist 8.84 cm, Rayleigh length 31.3 km.
    calm = layered([100.0], [1e-22])
    assert spot(profile=calm).radius_m == pytest.approx(
        diffraction_radius_m(785e-9, 0.0884, 600e3), rel=1e-6
    )
    assert diffraction_radius_m(785e-9, 0.0884, 31_274.3) == pytest.approx(
        np.sqrt(2) * 0.0884, rel=1e-4
    )


def test_steering_shrinks_the_wander_and_not_the_spot():
    free, steered = (spot(model=SHORT, tip_tilt_residual=share) for share in (1.0, 0.25))
    assert steered.radius_m == free.radius_m
    assert steered.wander_rms_m == pytest.approx(0.5 * free.wander_rms_m)
    assert mean_capture(steered, 0.3) > mean_capture(free, 0.3)


def tilt_spectrum(kappa, waist_m):
    """Spectrum of the gradient of Kolmogorov phase, weighted with a Gaussian irradiance."""
    return kappa ** (-2 / 3) * np.exp(-((kappa * waist_m) ** 2) / 4)


@pytest.mark.parametrize("apart_m", [0.01, 0.2, 1.5])
def test_tip_tilt_residual_is_that_of_the_spectrum(apart_m):
    # One layer at 10 km, waist 0.2 m; the integral over spatial frequencies with 2 (1 - J0).
    one, waist_m = layered([10_000.0], [1e-12]), 0.2
    kappa = np.geomspace(1e-7, 60.0, 40_001)
    weight = kappa * tilt_spectrum(kappa, waist_m)
    left = np.trapezoid(weight * 2 * (1 - j0(kappa * apart_m)), np.log(kappa))
    # Below the lowest frequency lies the integral of kappa^(-2/3).
    whole = np.trapezoid(weight, np.log(kappa)) + 3 * kappa[0] ** (1 / 3)
    ours = point_ahead_tilt_residual(one, waist_m, ZENITH, apart_m / 10_000.0)
    assert ours == pytest.approx(left / whole, rel=1e-3)
    # At 30 deg the path to the layer is twice as long.
    halved = point_ahead_tilt_residual(one, waist_m, np.radians(30.0), apart_m / 20_000.0)
    assert halved == pytest.approx(ours, rel=1e-9)


def test_steering_by_a_beacon_ahead_helps_at_sea_level():
    # 50.8 urad of point-ahead, waist 8.84 cm: less than a fifth of the variance is left.
    residual = point_ahead_tilt_residual(HV57, 0.0884, ZENITH, 50.8e-6)
    assert 0.05 < residual < 0.2
    assert point_ahead_tilt_residual(HV57, 0.0884, ZENITH, 0.0) == pytest.approx(0.0, abs=1e-12)
    # A radian apart nothing above the lowest metres is shared.
    assert 1.5 < point_ahead_tilt_residual(HV57, 0.0884, ZENITH, 1.0) < 2.0


def test_tip_tilt_residual_can_be_tabulated():
    elevation_rad = np.radians(np.linspace(5.0, 90.0, 50))
    table = tabulate(lambda e: point_ahead_tilt_residual(HV57, 0.0884, e, 50e-6))
    direct = point_ahead_tilt_residual(HV57, 0.0884, elevation_rad, 50e-6)
    np.testing.assert_allclose(table.at(elevation_rad), direct, rtol=2e-4)


def test_spots_outside_the_model_are_refused():
    with pytest.raises(
        LinkError, match=r"satellite 0\.6 km above the station, must be at least 60"
    ):
        uplink_spot(HV57, 785e-9, 0.0884, ZENITH, 600.0, "long-term")
    with pytest.raises(LinkError, match=r"beam waist 0 m is not positive"):
        uplink_spot(HV57, 785e-9, 0.0, ZENITH, 6e5, "long-term")
    with pytest.raises(LinkError, match=r"coherence radius of 0\.0406 m, above two waists"):
        uplink_spot(HV57, 785e-9, 0.02, ZENITH, 6e5, "short-term-with-wander")
    with pytest.raises(LinkError, match=r"aperture 0 m"):
        mean_capture(spot(), 0.0)
    with pytest.raises(LinkError, match="must not be negative"):
        point_ahead_tilt_residual(HV57, 0.1, ZENITH, -1e-6)
    with pytest.raises(LinkError, match=r"tip-tilt residual -0\.1 is not a share of 0\.\.2"):
        spot(model=SHORT, tip_tilt_residual=-0.1)
    with pytest.raises(ValueError, match="is not a valid SpotModel"):
        spot(model="both")
