"""Coupling into a fibre is that of the published integrals and of drawn wavefronts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson
from scipy.special import j1

from passes.errors import LinkError
from passes.link.turbulence.adaptive import (
    anisoplanatic_variance,
    fitting_variance,
    is_within_marechal,
    marechal_strehl,
    modal_variance,
    noll_residual,
    servo_variance,
)
from passes.link.turbulence.coupling import FibreCorrection, fibre_coupling, still_air_coupling
from passes.link.turbulence.seeing import field_stop_transmittance

PLAIN = {c: fibre_coupling(1.1209, 0.0, c) for c in FibreCorrection}
OBSTRUCTED = {c: fibre_coupling(1.028, 0.3, c) for c in FibreCorrection}
ratios = st.floats(0.0, 100.0)


def matrix_coupling(mode_ratio, obscuration, correction, aperture_over_fried):
    """Coupling from the covariance matrix of points of the pupil, tilts projected out of it."""
    unit, weight = np.polynomial.legendre.leggauss(14)
    square = obscuration**2 + (1 - obscuration**2) * (1 + unit) / 2
    angle = 2 * np.pi * np.arange(36) / 36
    x, y = (np.outer(np.sqrt(square), f(angle)).ravel() for f in (np.cos, np.sin))
    area = np.repeat(weight, 36)
    structure = 6.88 * (np.hypot(x[:, None] - x, y[:, None] - y) / 2) ** (5 / 3)
    if correction == "tip-tilt":
        shapes = np.stack([np.ones_like(x), x, y]) * np.sqrt(area)
        basis = np.linalg.qr(shapes.T)[0].T / np.sqrt(area)
        residual = np.eye(x.size) - basis.T @ (basis * area)
        covariance = residual @ (-structure / 2) @ residual.T
        variance = np.diag(covariance)
        structure = variance[:, None] + variance - 2 * covariance
    mode = area * np.exp(-(mode_ratio**2) * (x**2 + y**2))
    phasor = np.exp(-0.5 * structure * aperture_over_fried ** (5 / 3))
    return mode @ phasor @ mode / np.sum(mode) ** 2


@pytest.mark.parametrize("correction", list(FibreCorrection))
@pytest.mark.parametrize("aperture_over_fried", [0.3, 1.0, 2.5, 5.0])
def test_fibre_coupling_is_that_of_the_covariance_matrix(correction, aperture_over_fried):
    # 504 points resolve 5 r0 to 0.4 %.
    for coupling, mode_ratio, obscuration in ((PLAIN, 1.1209, 0.0), (OBSTRUCTED, 1.028, 0.3)):
        exact = matrix_coupling(mode_ratio, obscuration, correction, aperture_over_fried)
        ours = coupling[correction].relative(aperture_over_fried)
        assert ours == pytest.approx(exact, rel=0.005)


@given(ratios, ratios)
@settings(max_examples=50)
def test_worse_seeing_never_couples_more(one, other):
    good, bad = sorted((one, other))
    for coupling in (*PLAIN.values(), *OBSTRUCTED.values()):
        assert coupling.relative(bad) <= coupling.relative(good)
        assert 0.0 < coupling.mean(bad) <= coupling.still_air


@given(ratios)
@settings(max_examples=50)
def test_a_tip_tilt_mirror_never_hurts(aperture_over_fried):
    for coupling in (PLAIN, OBSTRUCTED):
        without, steered = (coupling[c].relative(aperture_over_fried) for c in FibreCorrection)
        assert without <= steered


@given(st.lists(ratios, min_size=1, max_size=5))
@settings(max_examples=30)
def test_scalars_and_arrays_give_the_same_coupling(listed):
    for coupling in PLAIN.values():
        together = coupling.relative(np.array([listed]))
        assert together.shape == (1, len(listed))
        for column, ratio in enumerate(listed):
            assert together[0, column] == pytest.approx(coupling.relative(ratio), rel=1e-12)


def test_weak_turbulence_costs_little_and_none_costs_nothing():
    for coupling in PLAIN.values():
        assert coupling.relative(0.0) == 1.0
        # The loss follows the 5/3 power of D/r0 where the table has ended too.
        losses = -np.log(coupling.relative([0.01, 0.02, 0.06]))
        assert losses[1] / losses[0] == pytest.approx(2 ** (5 / 3), rel=1e-6)
        assert losses[2] / losses[1] == pytest.approx(3 ** (5 / 3), rel=5e-3)


def test_strong_turbulence_leaves_the_speckles_of_r0():
    # Far above D = r0 the pupil is (D/r0)^2 independent pieces: twice D/r0, a quarter couples. The
    # short separations that count hardly notice a tilt.
    without = PLAIN[FibreCorrection.NONE].relative([40.0, 80.0])
    steered = PLAIN[FibreCorrection.TIP_TILT].relative([40.0, 80.0])
    assert without[0] / without[1] == pytest.approx(4.0, rel=0.01)
    assert 1.0 < steered[1] / without[1] < 1.5


def test_small_residuals_couple_as_marechal_says():
    # For D = r0 tip-tilt leaves 0.134 rad^2 over an even pupil; the fibre's mode weighs the rim
    # less, so that a little more than exp(-0.134) couples.
    steered = PLAIN[FibreCorrection.TIP_TILT].relative(1.0)
    assert 1.0 < steered / marechal_strehl(modal_variance(1.0, 3)) < 1.03


@given(st.floats(1e-7, 1e-2), st.floats(0.01, 2.0), st.floats(1.0, 3.0))
@settings(max_examples=50, deadline=None)  # the first call computes the table
def test_a_wider_stop_and_better_seeing_pass_more(field_rad, fried_m, factor):
    ours = field_stop_transmittance(field_rad, 785e-9, fried_m)
    assert 0.0 < ours <= 1.0
    assert ours <= field_stop_transmittance(factor * field_rad, 785e-9, fried_m)
    assert ours <= field_stop_transmittance(field_rad, 785e-9, factor * fried_m)


def test_field_stop_follows_the_transform_far_beyond_its_table():
    baseline = np.linspace(0.0, 3.0, 20_001)
    for stop in (1e-3, 0.013, 0.3, 1.7, 12.0, 33.0, 200.0):
        kernel = np.pi * stop * j1(np.pi * stop * baseline)
        exact = simpson(kernel * np.exp(-3.44 * baseline ** (5 / 3)), x=baseline)
        ours = field_stop_transmittance(stop * 785e-9 / 0.1, 785e-9, 0.1)
        # Either what passes or what is lost, whichever is smaller.
        assert ours == pytest.approx(exact, rel=3e-4)
        assert 1 - ours == pytest.approx(1 - exact, rel=2e-2)


def test_field_of_view_is_the_full_angle():
    # 100 urad of full angle are 10.8 wavelength/r0 for r0 8.5 cm at 785 nm: 0.994 pass. A stop of
    # half that angle passes 0.981.
    full, half = (field_stop_transmittance(a, 785e-9, 0.085) for a in (100e-6, 50e-6))
    assert full == pytest.approx(0.9942, abs=5e-4)
    assert half == pytest.approx(0.9811, abs=5e-4)


def test_field_stop_takes_arrays_of_seeing():
    fried_m = np.array([[0.05, 0.1], [0.2, 0.4]])
    together = field_stop_transmittance(1e-5, 785e-9, fried_m)
    for place in np.ndindex(fried_m.shape):
        alone = field_stop_transmittance(1e-5, 785e-9, fried_m[place])
        assert together[place] == pytest.approx(alone, rel=1e-12)


def test_errors_of_adaptive_optics_follow_the_five_thirds_power():
    # 2^(5/3) = 3.1748.
    assert fitting_variance(2.0) == pytest.approx(0.28 * 3.1748, rel=1e-4)
    assert servo_variance([1.0, 2.0]) == pytest.approx([1.0, 3.1748], rel=1e-4)
    assert anisoplanatic_variance(2.0) == pytest.approx(3.1748, rel=1e-4)
    assert modal_variance(2.0, 3) == pytest.approx(0.134 * 3.1748, rel=1e-4)


@given(st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=50)
def test_more_corrected_modes_leave_less(one, other):
    few, many = sorted((one, other))
    assert noll_residual(many) <= noll_residual(few)


def test_marechal_beyond_one_radian_squared_is_refused():
    assert marechal_strehl([0.0, 1.0]) == pytest.approx([1.0, np.exp(-1.0)])
    np.testing.assert_array_equal(is_within_marechal([0.5, 1.0, 1.01, np.nan]), [1, 1, 0, 0])
    for variance in (1.01, -0.01, np.nan):
        with pytest.raises(LinkError, match=rf"variance {variance:g} rad\^2 is outside 0\.\.1"):
            marechal_strehl([0.1, variance])


def test_impossible_telescopes_and_ratios_are_refused():
    with pytest.raises(LinkError, match="mode ratio 0 and obscuration 0"):
        still_air_coupling(0.0)
    with pytest.raises(LinkError, match="obscuration 1"):
        fibre_coupling(1.0, 1.0, "none")
    with pytest.raises(ValueError, match="is not a valid FibreCorrection"):
        fibre_coupling(1.0, 0.0, "perfect")
    for ratio in (-1.0, 101.0, np.nan):
        with pytest.raises(LinkError, match=rf"of {ratio:g} Fried parameters, .* 0\.\.100"):
            PLAIN[FibreCorrection.NONE].relative([1.0, ratio])
    with pytest.raises(LinkError, match="0 Zernike modes"):
        noll_residual(0)
    with pytest.raises(LinkError, match="relative angle -1 must be at least 0"):
        anisoplanatic_variance([-1.0, 2.0])
    with pytest.raises(LinkError, match="must be positive"):
        field_stop_transmittance(1e-4, 785e-9, [0.1, 0.0])
