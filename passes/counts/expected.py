"""Expected counts per second along a track."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.budget import LinkBudget
from passes.link.extinction import slant_extinction_db
from passes.link.receiver import collecting_area_m2, field_of_view_sr
from passes.link.terminals import Atmosphere, BasisChoice, Receiver, Transmitter
from passes.sky.radiance import (
    dark_sky_radiance,
    krisciunas_schaefer_1991,
    moonlight_radiance,
    sunlight_radiance,
)
from passes.sky.reflection import diffuse_sphere_magnitude_v, reflected_photon_flux
from passes.track import Track

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Clicks that are not signal, per second and before gating; arrays of shape (n,).

    Each rate is what all detectors together would count without a gate, detector efficiency
    included.

    Parameters
    ----------
    dark_hz : dark counts
    sky_hz : night sky without Moon, airglow and stars
    twilight_hz : scattered sunlight
    moon_hz : scattered moonlight
    satellite_hz : sunlight reflected by the satellite itself
    """

    dark_hz: Floats
    sky_hz: Floats
    twilight_hz: Floats
    moon_hz: Floats
    satellite_hz: Floats

    @property
    def light_hz(self) -> Floats:
        """Everything that comes in through the telescope, hence passes the beam splitter."""
        return self.sky_hz + self.twilight_hz + self.moon_hz + self.satellite_hz

    @property
    def total_hz(self) -> Floats:
        """All noise clicks."""
        return self.dark_hz + self.light_hz


@dataclass(frozen=True, slots=True)
class CountRates:
    """Expected rates per second along a track; arrays of shape (n,).

    Parameters
    ----------
    detected_hz : clicks in the gates, all intensities and bases, noise included
    signal_hz : of these, clicks from photons of the source
    noise_hz : of these, everything else in the gates
    sifted_hz : signal-intensity clicks where both sides chose the same basis (the published
        meaning of "sifted key" for Micius; decoys are not in it)
    qber : error rate of the sifted clicks
    """

    detected_hz: Floats
    signal_hz: Floats
    noise_hz: Floats
    sifted_hz: Floats
    qber: Floats


def expected_noise(
    track: Track, transmitter: Transmitter, receiver: Receiver, atmosphere: Atmosphere
) -> Noise:
    """Background of a pass: darkness, sky, twilight, Moon, the lit satellite itself.

    Parameters
    ----------
    track : samples of the pass with the Sun and the Moon
    transmitter : its reflecting area and albedo, needed where the satellite is sunlit
    receiver : wavelength, aperture, field of view, filter, efficiencies, detectors
    atmosphere : sets how moonlight is scattered and the satellite dimmed. The pressure of sea level
        is assumed, which matters 0.15 mag of moonlight at 3 km.

    Returns
    -------
    Rates of all detectors together, before gating and without dead time. Right to a factor of two
    at best: the night sky differs that much between two nights of the same site.

    Raises
    ------
    LinkError
        The satellite is sunlit while the contact may run, and what it reflects is not known. Where
        the contact may not run, an unknown reflection is left out.
    """
    wavelength_m = receiver.wavelength_m
    band_mag = _zenith_extinction_mag(wavelength_m, atmosphere)
    visual_mag = _zenith_extinction_mag(550e-9, atmosphere)
    moonlight = krisciunas_schaefer_1991(
        track.moon_phase_angle_rad,
        track.moon_separation_rad,
        track.moon_elevation_rad,
        track.elevation_rad,
        visual_mag,
    )
    per_flux_hz = (
        collecting_area_m2(receiver)
        * 1e9
        * receiver.filter_bandwidth_m
        * receiver.optics_efficiency
        * receiver.detector.efficiency
    )
    per_radiance_hz = per_flux_hz * field_of_view_sr(receiver)
    dark_sky = dark_sky_radiance(receiver.dark_sky_radiance, track.elevation_rad, band_mag)
    dark_hz = receiver.detector.count * receiver.detector.dark_count_rate_hz
    return Noise(
        dark_hz=np.full(track.times_s.shape, dark_hz),
        sky_hz=per_radiance_hz * dark_sky,
        twilight_hz=per_radiance_hz * sunlight_radiance(track.sun_elevation_rad, wavelength_m),
        moon_hz=per_radiance_hz * moonlight_radiance(moonlight, wavelength_m),
        satellite_hz=per_flux_hz
        * _satellite_photon_flux(track, transmitter, wavelength_m, atmosphere),
    )


def _zenith_extinction_mag(wavelength_m: float, atmosphere: Atmosphere) -> float:
    losses_db = slant_extinction_db(wavelength_m, np.pi / 2, atmosphere, 0.0)
    # One magnitude is a factor of 10^0.4, four decibels.
    return float(sum(losses_db.values())) / 4.0


def _satellite_photon_flux(
    track: Track, transmitter: Transmitter, wavelength_m: float, atmosphere: Atmosphere
) -> Floats:
    """Sunlight off the satellite at the telescope [photon s-1 m-2 nm-1]."""
    area_m2, albedo = transmitter.reflecting_area_m2, transmitter.albedo
    if area_m2 is None or albedo is None:
        if np.any(track.is_usable & (track.sunlit_fraction > 0.0)):
            name = "reflecting_area_m2" if area_m2 is None else "albedo"
            raise LinkError(
                f"satellite is sunlit during the contact but {name} is not given",
                hint=f"give {name}, or use the satellite in the Earth's shadow only",
            )
        return np.zeros(track.times_s.shape)
    magnitude_v = diffuse_sphere_magnitude_v(
        area_m2, albedo, track.solar_phase_angle_rad, track.range_m
    )
    extinction_db = sum(
        slant_extinction_db(wavelength_m, track.elevation_rad, atmosphere, 0.0).values()
    )
    flux = reflected_photon_flux(magnitude_v, wavelength_m)
    return np.asarray(track.sunlit_fraction * flux * 10.0 ** (-extinction_db / 10.0))


def noise_probability_per_gate(noise: Noise, receiver: Receiver) -> tuple[Floats, Floats]:
    """Noise probability of one detector in one gate, in the key and in the test basis.

    It is the p of D = (1 + p_ap) [1 - (1 - 2 p) exp(-mu eta)], the click probability given that the
    receiver measured in that basis: either of two detectors may click by itself.

    Parameters
    ----------
    noise : ungated rates of all detectors
    receiver : gate, number of detectors, choice of the basis

    Returns
    -------
    p of the key basis and of the test basis, each with the shape of the rates and in [0, 1/2]. A
    switched receiver has two detectors that serve both bases. Behind a beam splitter each basis has
    its own two: light splits like the signal, but dark counts come at their own rate however
    seldom the basis is chosen, so that they weigh 1 / P on a basis of probability P.
    """
    detector = receiver.detector
    if detector.basis_choice is BasisChoice.ACTIVE:
        both = _half_click_probability(noise.total_hz * detector.gate_s)
        return both, both
    key = detector.key_basis_probability
    if not 0.0 < key < 1.0:
        raise LinkError(
            f"key_basis_probability {key:g} of a passive receiver is not between 0 and 1"
        )
    dark_in_basis_hz = noise.dark_hz / 2.0
    key_clicks, test_clicks = (
        (dark_in_basis_hz / share + noise.light_hz) * detector.gate_s for share in (key, 1.0 - key)
    )
    return _half_click_probability(key_clicks), _half_click_probability(test_clicks)


def _half_click_probability(mean_clicks: Floats) -> Floats:
    """Half the probability that Poisson noise of that mean clicks at all in a gate."""
    return np.asarray(-np.expm1(-mean_clicks) / 2.0)


def expected_rates(
    budget: LinkBudget, noise: Noise, source: DecoySource, receiver: Receiver
) -> CountRates:
    """Expected clicks per second along a pass.

    Parameters
    ----------
    budget : loss of the link, gate and detectors included
    noise : ungated rates; dead time is not taken off them, which overstates noise by 0.01 % at most
    source : intensities, probabilities, pulse rate, intrinsic error
    receiver : detectors and choice of basis

    Returns
    -------
    Rates by the detection model of the decoy proof, within the basis of the measurement:
    D = (1 + p_ap) [1 - (1 - 2p) E] with E = exp(-mu eta), errors p + p_ap D / 2 + q (1 - E).

    References
    ----------
    C. C. W. Lim et al., Phys. Rev. A 89, 022307 (2014), channel model; with the afterpulse factor
    inside D.
    """
    detector = receiver.detector
    noise_by_basis = np.stack(noise_probability_per_gate(noise, receiver))[:, None, :]
    chosen = np.array([detector.key_basis_probability, 1.0 - detector.key_basis_probability])
    sent = np.array([source.key_basis_probability, 1.0 - source.key_basis_probability])
    probabilities = np.array(source.probabilities)
    # Axes below: basis of the receiver, intensity, time.
    signal = -np.expm1(-np.multiply.outer(np.array(source.intensities), budget.efficiency))
    afterpulse = detector.afterpulse_probability
    clicks = (1.0 + afterpulse) * (signal + 2.0 * noise_by_basis * (1.0 - signal))
    errors = noise_by_basis + afterpulse * clicks / 2.0 + source.intrinsic_qber * signal
    detected_hz = source.pulse_rate_hz * np.einsum("b,k,bkt->t", chosen, probabilities, clicks)
    signal_hz = source.pulse_rate_hz * np.einsum("k,kt->t", probabilities, signal)
    matched = chosen * sent
    sifted = matched @ clicks[:, 0, :]
    return CountRates(
        detected_hz=detected_hz,
        signal_hz=signal_hz,
        noise_hz=detected_hz - signal_hz,
        sifted_hz=source.pulse_rate_hz * probabilities[0] * sifted,
        qber=np.asarray((matched @ errors[:, 0, :]) / sifted),
    )
