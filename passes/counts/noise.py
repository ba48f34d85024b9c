"""What a receiver counts besides its signal."""

from dataclasses import dataclass, field, fields, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from passes.errors import LinkError
from passes.link.air_terms import Air, air_losses_db, clear_air_db, prepare_air
from passes.link.budget import NEPERS_PER_DB, LinkBudget
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
        share = budget.live_share
        if share is None:
            return self
        return Noise(*(getattr(self, field.name) * share for field in fields(self)))

    def with_light(self, scale: float) -> "Noise":
        """The same darkness with all light multiplied by a factor."""
        return replace(
            self,
            **{
                field.name: getattr(self, field.name) * scale
                for field in fields(self)
                if field.name != "dark_hz"
            },
        )


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What a receiver counts besides its signal, before anyone looks anywhere.

    Parameters
    ----------
    dark_hz : dark counts of all detectors
    sky_hz, city_hz : natural sky and city light at zenith
    per_radiance_hz : clicks per photon s-1 m-2 sr-1 nm-1 of an even sky
    per_flux_hz : clicks per photon s-1 m-2 nm-1 of a point
    extinction_mag, visual_extinction_mag : at zenith, at the wavelength and in V
    wavelength_m : of the filter
    air : what the sunlit satellite shines through
    transmitter : what the Sun lights
    """

    dark_hz: float
    sky_hz: float
    city_hz: float
    per_radiance_hz: float
    per_flux_hz: float
    extinction_mag: float
    visual_extinction_mag: float
    wavelength_m: float
    air: Air
    transmitter: Transmitter


def expected_noise(
    track: Track, transmitter: Transmitter, receiver: Receiver, atmosphere: Atmosphere
) -> Noise:
    """Background of a pass: darkness, sky, twilight, Moon, the lit satellite itself.

    Parameters
    ----------
    track : samples of the pass with the Sun and the Moon
    transmitter, receiver, atmosphere : see `prepare_background`

    Returns
    -------
    Rates of all detectors together, before gating and without dead time. Right to a factor of two
    at best: the night sky differs that much between two nights of the same site. For many passes
    of one link `prepare_background` once and `noise_along` each.

    Raises
    ------
    LinkError
        As `prepare_background` and `noise_along`.
    """
    return noise_along(prepare_background(transmitter, receiver, atmosphere), track)


def prepare_background(
    transmitter: Transmitter, receiver: Receiver, atmosphere: Atmosphere
) -> Background:
    """What of the background no instant changes, ready for many passes.

    Parameters
    ----------
    transmitter : its reflecting area and albedo, needed where the satellite is sunlit
    receiver : wavelength, aperture, field of view, filter, efficiencies, detectors
    atmosphere : sets how moonlight is scattered and the satellite dimmed. The pressure of sea level
        is assumed, which matters 0.15 mag of moonlight at 3 km. Fog dims none of it, since it
        scatters other light back into the line of sight: the rates are then upper bounds.

    Raises
    ------
    LinkError
        City light is declared beyond 900 nm, where a reading in V says nothing.
    """
    wavelength_m, detector = receiver.wavelength_m, receiver.detector
    per_flux_hz = (
        collecting_area_m2(receiver)
        * 1e9
        * receiver.filter_bandwidth_m
        * receiver.optics_efficiency
        * detector.efficiency
    )
    per_radiance_hz = per_flux_hz * field_of_view_sr(receiver)
    return Background(
        dark_hz=detector.count * detector.dark_count_rate_hz,
        sky_hz=per_radiance_hz * receiver.dark_sky_radiance,
        city_hz=per_radiance_hz * _city_radiance(receiver),
        per_radiance_hz=per_radiance_hz,
        per_flux_hz=per_flux_hz,
        extinction_mag=_zenith_extinction_mag(wavelength_m, atmosphere),
        visual_extinction_mag=_zenith_extinction_mag(550e-9, atmosphere),
        wavelength_m=wavelength_m,
        air=prepare_air(wavelength_m, replace(atmosphere, fog=None), 0.0),
        transmitter=transmitter,
    )


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


def noise_along(background: Background, track: Track) -> Noise:
    """Background of one pass of a prepared link; see `expected_noise`.

    Raises
    ------
    LinkError
        The satellite is sunlit while the contact may run, and what it reflects is not known. Where
        the contact may not run, an unknown reflection is left out.
    """
    samples = track.times_s.size
    dark_hz = np.empty(samples)
    dark_hz.fill(background.dark_hz)
    city_hz, moon_hz, satellite_hz = np.zeros(samples), np.zeros(samples), np.zeros(samples)
    sky_hz = dark_sky_radiance(
        background.sky_hz + background.city_hz, track.elevation_rad, background.extinction_mag
    )
    if background.city_hz > 0.0:
        city_share = background.city_hz / (background.sky_hz + background.city_hz)
        np.multiply(sky_hz, city_share, city_hz)
        sky_hz *= 1.0 - city_share
    if np.fmax.reduce(track.moon_elevation_rad, initial=-1.0) > 0.0:
        np.multiply(_moonlight(background, track), background.per_radiance_hz, moon_hz)
    if _is_lit(background.transmitter, track):
        np.multiply(_satellite_flux(background, track), background.per_flux_hz, satellite_hz)
    twilight = sunlight_radiance(track.sun_elevation_rad, background.wavelength_m)
    return Noise(
        dark_hz=dark_hz,
        sky_hz=sky_hz,
        twilight_hz=twilight * background.per_radiance_hz,
        moon_hz=moon_hz,
        satellite_hz=satellite_hz,
        city_hz=city_hz,
    )


def _moonlight(background: Background, track: Track) -> Floats:
    """Scattered moonlight along a track [photon s-1 m-2 sr-1 nm-1]."""
    brightness = krisciunas_schaefer_1991(
        track.moon_phase_angle_rad,
        track.moon_separation_rad,
        track.moon_elevation_rad,
        track.elevation_rad,
        background.visual_extinction_mag,
    )
    return moonlight_radiance(brightness, background.wavelength_m)


def _is_lit(transmitter: Transmitter, track: Track) -> bool:
    """Whether sunlight off the satellite is to be counted; refused where it is not known."""
    if not np.fmax.reduce(track.sunlit_fraction, initial=0.0) > 0.0:
        return False
    lacking = [
        name for name in ("reflecting_area_m2", "albedo") if getattr(transmitter, name) is None
    ]
    if lacking and (track.is_usable & (track.sunlit_fraction > 0.0)).any():
        raise LinkError(
            f"satellite is sunlit during the contact but {lacking[0]} is not given",
            hint=f"give {lacking[0]}, or use the satellite in the Earth's shadow only",
        )
    return not lacking


def _satellite_flux(background: Background, track: Track) -> Floats:
    """Sunlight off the satellite at the telescope [photon s-1 m-2 nm-1]."""
    sender, air = background.transmitter, background.air
    magnitude_v = diffuse_sphere_magnitude_v(
        sender.reflecting_area_m2 or 0.0,
        sender.albedo or 0.0,
        track.solar_phase_angle_rad,
        track.range_m,
    )
    losses_db = np.empty((len(air.labels), track.range_m.size))
    air_losses_db(air, track, losses_db)
    flux = reflected_photon_flux(magnitude_v, background.wavelength_m)
    through = np.exp(np.add.reduce(losses_db) * -NEPERS_PER_DB)
    return np.asarray(track.sunlit_fraction * flux * through)


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
    return gated(noise.dark_hz, noise.light_hz, receiver, receiver.detector.gate_s)


def gated(
    dark_hz: Floats, light_hz: Floats, receiver: Receiver, open_s: Floats | float
) -> tuple[Floats, Floats]:
    """Noise probability of a detector in a gate by the time that the gate is open and live.

    Parameters
    ----------
    dark_hz, light_hz : ungated rates of all detectors, shape (n,)
    receiver, and what is returned : as for `noise_probability_per_gate`
    open_s : width of the gate times the share of time that the detectors are live
    """
    detector = receiver.detector
    key = detector.key_basis_probability
    if detector.basis_choice is BasisChoice.PASSIVE and not 0.0 < key < 1.0:
        raise LinkError(
            f"key_basis_probability {key:g} of a passive receiver is not between 0 and 1"
        )
    if detector.basis_choice is BasisChoice.ACTIVE or key == 0.5:
        both = _half_click_probability((dark_hz + light_hz) * open_s)
        return both, both
    in_key, in_test = (dark_hz * (0.5 / share) + light_hz for share in (key, 1.0 - key))
    return _half_click_probability(in_key * open_s), _half_click_probability(in_test * open_s)


def _half_click_probability(mean_clicks: Floats) -> Floats:
    """Half the probability that Poisson noise of that mean clicks at all in a gate."""
    half = np.expm1(-mean_clicks)
    half *= -0.5
    return np.asarray(half)
