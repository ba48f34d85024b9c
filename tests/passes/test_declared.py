"""A declared parameter that cannot be is refused by name: percentages, signs, NaN."""

from dataclasses import replace
from math import inf, nan

import pytest

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.declared import require_possible
from passes.link.terminals import Atmosphere, BasisChoice, Detector, Receiver, Transmitter

SENDER = Transmitter(850e-9, 7.4e-6, "7.4 urad 1/e2-half", 1.2e-6, 0.0, 1.0, 1.0, 0.2)
DETECTOR = Detector(0.5, 25.0, 50e-9, 350e-12, 2e-9, 0.001, 4, BasisChoice.PASSIVE, 0.5)
TELESCOPE = Receiver(850e-9, 1.0, 0.3, 0.16, 1e-9, 100e-6, 500e-12, 2e10, DETECTOR)
SOURCE = DecoySource(1e8, (0.8, 0.1, 0.0), (0.5, 0.25, 0.25), 0.5, 200e-12, 0.0036)
AIR = Atmosphere(0.15, "rural23", 0.014, 344.0)


def test_a_link_that_can_be_is_let_through():
    require_possible(SENDER, SOURCE, TELESCOPE, AIR)
    require_possible(replace(SENDER, albedo=None, reflecting_area_m2=None), SOURCE, TELESCOPE, AIR)


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        (SENDER, "optics_efficiency", 1.5),
        (SENDER, "pointing_bias_rad", nan),
        (SENDER, "albedo", 2.0),
        (SENDER, "reflecting_area_m2", -1.0),
        (TELESCOPE, "optics_efficiency", 80.0),
        (TELESCOPE, "optics_efficiency", 0.0),
        (TELESCOPE, "obscuration", nan),
        (TELESCOPE, "obscuration", -0.3),
        (TELESCOPE, "obscuration", 1.0),
        (TELESCOPE, "aperture_m", 0.0),
        (TELESCOPE, "field_of_view_rad", 100.0),
        (TELESCOPE, "filter_bandwidth_m", 1.0),
        (TELESCOPE, "dark_sky_radiance", inf),
        (DETECTOR, "efficiency", 60.0),
        (DETECTOR, "dead_time_s", -1e-9),
        (DETECTOR, "jitter_fwhm_s", -1e-12),
        (DETECTOR, "dark_count_rate_hz", -250.0),
        (DETECTOR, "afterpulse_probability", 5.0),
        (SOURCE, "intrinsic_qber", 0.9),
        (SOURCE, "pulse_rate_hz", 0.0),
        (AIR, "aerosol_optical_depth_550", -1.0),
        (AIR, "precipitable_water_m", -0.01),
        (AIR, "ozone_du", nan),
        (AIR, "cirrus_optical_depth", -0.1),
    ],
)
def test_what_cannot_be_is_refused_by_name(record, name, value):
    changed = replace(record, **{name: value})
    link = {type(one): one for one in (SENDER, SOURCE, TELESCOPE, AIR)} | {type(changed): changed}
    receiver = link[Receiver]
    if isinstance(changed, Detector):
        receiver = replace(TELESCOPE, detector=changed)
    with pytest.raises(LinkError, match=f"{name} = .* is outside"):
        require_possible(link[Transmitter], link[DecoySource], receiver, link[Atmosphere])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"intensities": (-0.1, 0.1, 0.0)}, r"intensities\[0\] = -0\.1"),
        ({"probabilities": (7.0, 0.25, 0.25)}, r"probabilities\[0\] = 7"),
        ({"probabilities": (0.5, 0.25, 0.2)}, r"probabilities sum to 0\.95"),
    ],
)
def test_a_source_that_cannot_be_is_refused(change, message):
    with pytest.raises(LinkError, match=message):
        require_possible(SENDER, replace(SOURCE, **change), TELESCOPE, AIR)
