"""Expected counts per second along a track."""

from dataclasses import dataclass, field, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passes.counts.source import DecoySource
from passes.errors import LinkError
from passes.link.air_terms import clear_air_db
from passes.link.budget import LinkBudget
from passes.link.detection.receiver import collecting_area_m2, field_of_view_sr
from passes.link.terminals import Atmosphere, BasisChoice, Receiver, Transmitter
from passes.sky.background.light_pollution import light_pollution_radiance
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
    satellite_hz : sunlight reflected by the satellite itself; behind a fibre, which it enters as
        badly as the signal, an upper bound
    city_hz : city light that the air scatters back, where it is not part of `sky_hz`
    """

    dark_hz: Floats
    sky_hz: Floats
    twilight_hz: Floats
    moon_hz: Floats
    satellite_hz: Floats
    city_hz: Floats = field(default_factory=lambda: np.zeros(1))

    @property
    def light_hz(self) -> Floats:
        """Everything that comes in through the telescope, hence passes the beam splitter."""
        return self.sky_hz + self.city_hz + self.twilight_hz + self.moon_hz + self.satellite_hz

    @property
    def total_hz(self) -> Floats:
        """All noise clicks."""
        return self.dark_hz + self.light_hz

    def while_live(self, budget: LinkBudget) -> "Noise":
        """What of it detectors are ready for, by the budget's dead time, which also hides noise."""
        live = next((t for t in budget.terms if t.name == "dead time"), None)
        if live is None:
            return self
        share = 10.0 ** (-live.loss_db / 10.0)
        return Noise(*(getattr(self, field.name) * share for field in fields(self)))


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
        the contact may not run, an unknown reflection is left out. City light is declared beyond
        900 nm, where a reading in V says nothing.
    """
    wavelength_m = receiver.wavelength_m
    band_mag = _zenith_extinction_mag(wavelength_m, atmosphere)
    per_flux_hz = (
        collecting_area_m2(receiver)
        * 1e9
        * receiver.filter_bandwidth_m
        * receiver.optics_efficiency
        * receiver.detector.efficiency
    )
    per_radiance_hz = per_flux_hz * field_of_view_sr(receiver)
    over_zenith = dark_sky_radiance(1.0, track.elevation_rad, band_mag)
    dark_hz = receiver.detector.count * receiver.detector.dark_count_rate_hz
    return Noise(
        dark_hz=np.full(track.times_s.shape, dark_hz),
        sky_hz=per_radiance_hz * receiver.dark_sky_radiance * over_zenith,
        city_hz=per_radiance_hz * _city_radiance(receiver) * over_zenith,
        twilight_hz=per_radiance_hz * sunlight_radiance(track.sun_elevation_rad, wavelength_m),
        moon_hz=per_radiance_hz * _moonlight_radiance(track, wavelength_m, atmosphere),
        satellite_hz=per_flux_hz
        * _satellite_photon_flux(track, transmitter, wavelength_m, atmosphere),
    )


def _moonlight_radiance(track: Track, wavelength_m: float, atmosphere: Atmosphere) -> Floats:
    """Scattered moonlight along a track [photon s-1 m-2 sr-1 nm-1]."""
    if not (track.moon_elevation_rad > 0.0).any():
        return np.zeros(track.times_s.shape)
    brightness = krisciunas_schaefer_1991(
        track.moon_phase_angle_rad,
        track.moon_separation_rad,
        track.moon_elevation_rad,
        track.elevation_rad,
        _zenith_extinction_mag(550e-9, atmosphere),
    )
    return moonlight_radiance(brightness, wavelength_m)


def _city_radiance(receiver: Receiver) -> float:
    """City light at zenith [photon s-1 m-2 sr-1 nm-1]; it is taken to rise like the natural sky."""
    city = receiver.city_light
    if city is None:
        return 0.0
    return float(
        light_pollution_radiance(
            city.sqm_mag_arcsec2,
            city.v_minus_i,
            receiver.wavelength_m,
            natural_magnitude=city.natural_mag_arcsec2,
        )
    )


# A pure function of a frozen record: remembering it is no hidden state.
@lru_cache(maxsize=256)
def _zenith_extinction_mag(wavelength_m: float, atmosphere: Atmosphere) -> float:
    losses_db = clear_air_db(wavelength_m, np.pi / 2, atmosphere, 0.0)
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
    if not (track.sunlit_fraction > 0.0).any():
        return np.zeros(track.times_s.shape)
    magnitude_v = diffuse_sphere_magnitude_v(
        area_m2, albedo, track.solar_phase_angle_rad, track.range_m
    )
    extinction_db = sum(clear_air_db(wavelength_m, track.elevation_rad, atmosphere, 0.0).values())
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
    if key == 0.5:
        both = _half_click_probability(noise.total_hz * detector.gate_s)
        return both, both
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
    noise : ungated rates, dead time not yet taken off
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
    detector, afterpulse = receiver.detector, receiver.detector.afterpulse_probability
    noise_key, noise_test = noise_probability_per_gate(noise.while_live(budget), receiver)
    chosen_key, sent_key = detector.key_basis_probability, source.key_basis_probability
    efficiency = budget.efficiency
    by_intensity = [_clicked(intensity, efficiency) for intensity in source.intensities]
    signal = np.asarray(sum(p * s for p, s in zip(source.probabilities, by_intensity, strict=True)))
    # Clicks are linear in the share of pulses whose photons click, and in the noise of the basis.
    noise_any = chosen_key * noise_key + (1.0 - chosen_key) * noise_test
    detected_hz = (
        source.pulse_rate_hz * (1.0 + afterpulse) * (signal + 2.0 * noise_any * (1.0 - signal))
    )
    signal_hz = source.pulse_rate_hz * signal
    both_key, both_test = chosen_key * sent_key, (1.0 - chosen_key) * (1.0 - sent_key)
    photons, matched = by_intensity[0], both_key + both_test
    noise_matched = both_key * noise_key + both_test * noise_test
    sifted = (1.0 + afterpulse) * (matched * photons + 2.0 * noise_matched * (1.0 - photons))
    errors = noise_matched + afterpulse * sifted / 2.0 + matched * source.intrinsic_qber * photons
    return CountRates(
        detected_hz=detected_hz,
        signal_hz=signal_hz,
        noise_hz=detected_hz - signal_hz,
        sifted_hz=source.pulse_rate_hz * source.probabilities[0] * sifted,
        qber=np.asarray(errors / sifted),
    )


def _clicked(intensity: float, efficiency: Floats) -> Floats:
    """Share of pulses of an intensity of which a photon clicks."""
    if intensity == 0.0:
        return np.zeros_like(efficiency)
    return np.asarray(-np.expm1(-intensity * efficiency))
