"""What stands at the two ends of a link: transmitter, receiver, detector, air."""

from dataclasses import dataclass
from enum import StrEnum


class DeadTime(StrEnum):
    """Whether a photon that meets a blind detector keeps it blind."""

    NON_PARALYSABLE = "non-paralysable"
    PARALYSABLE = "paralysable"


class BasisChoice(StrEnum):
    """How the receiver chooses its basis: a beam splitter, or a switch with shared detectors."""

    PASSIVE = "passive"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Transmitter:
    """The satellite's optical terminal.

    Parameters
    ----------
    wavelength_m : of the quantum signal
    half_angle_rad : 1/e2 intensity half-angle of the Gaussian with the same on-axis irradiance
    beam : how the beam was declared, in words ("10 urad disc-full"), for the report
    pointing_jitter_rad : standard deviation per axis
    pointing_bias_rad : constant offset
    optics_efficiency : telescope transmittance after the point where the photon number is defined
    reflecting_area_m2, albedo : sunlit cross-section and Bond albedo; None refuses sunlit passes
    water_line_zenith_loss_db : of this very laser line at zenith through 1.42 cm of water; None
        takes the mean over 2 nm
    """

    wavelength_m: float
    half_angle_rad: float
    beam: str
    pointing_jitter_rad: float
    pointing_bias_rad: float
    optics_efficiency: float
    reflecting_area_m2: float | None = None
    albedo: float | None = None
    water_line_zenith_loss_db: float | None = None


@dataclass(frozen=True, slots=True)
class Detector:
    """The single-photon detectors of a receiver, all alike.

    Parameters
    ----------
    efficiency : photon to click, in (0, 1]
    dark_count_rate_hz : per detector
    dead_time_s : per detector
    jitter_fwhm_s : timing jitter of one click
    gate_s : full width of the accepted time window around each pulse
    afterpulse_probability : per click
    count : number of detectors (4 for passive, 2 for active basis choice)
    basis_choice : beam splitter or switch
    key_basis_probability : share of photons measured in the key basis
    dead_time_kind : whether a photon that meets a blind detector keeps it blind
    """

    efficiency: float
    dark_count_rate_hz: float
    dead_time_s: float
    jitter_fwhm_s: float
    gate_s: float
    afterpulse_probability: float
    count: int
    basis_choice: BasisChoice
    key_basis_probability: float
    dead_time_kind: DeadTime = DeadTime.NON_PARALYSABLE


@dataclass(frozen=True, slots=True)
class SingleModeFibre:
    """A single-mode fibre between the telescope and the detectors.

    Parameters
    ----------
    mode_ratio : radius of the pupil over the 1/e2 radius of the fibre's mode imaged onto it
    correction : what is taken out of the wavefront before, "none" or "tip-tilt"
    """

    mode_ratio: float
    correction: str


@dataclass(frozen=True, slots=True)
class CityLight:
    """City light over a station, from the reading of a sky quality meter.

    Parameters
    ----------
    sqm_mag_arcsec2 : at zenith, moonless and clear
    v_minus_i : colour of the scattered light
    natural_mag_arcsec2 : what the meter would read without lamps
    """

    sqm_mag_arcsec2: float
    v_minus_i: float
    natural_mag_arcsec2: float


@dataclass(frozen=True, slots=True)
class Receiver:
    """A ground telescope with the back end for one wavelength.

    Parameters
    ----------
    wavelength_m : centre of the filter; a link needs a transmitter within half the bandwidth
    aperture_m : diameter of the primary
    obscuration : diameter of the central obstruction over the aperture, in [0, 1)
    optics_efficiency : telescope, filter and back end together, without the detectors
    filter_bandwidth_m : full width of the spectral filter
    field_of_view_rad : full angle on the sky; behind a fibre that of its one mode
    synchronisation_jitter_s : rms of the time reference
    dark_sky_radiance : zenith night sky without Moon, photon s-1 m-2 sr-1 nm-1; where `city_light`
        is given, without lamps
    detector : what clicks
    clock_offset_s : between the centre of the gates and the pulses
    fibre : None where a field stop limits the field instead
    city_light : None where `dark_sky_radiance` holds all of the night sky
    """

    wavelength_m: float
    aperture_m: float
    obscuration: float
    optics_efficiency: float
    filter_bandwidth_m: float
    field_of_view_rad: float
    synchronisation_jitter_s: float
    dark_sky_radiance: float
    detector: Detector
    clock_offset_s: float = 0.0
    fibre: SingleModeFibre | None = None
    city_light: CityLight | None = None


@dataclass(frozen=True, slots=True)
class Fog:
    """A flat layer of fog over a station.

    Parameters
    ----------
    visibility_m : in the fog
    thickness_m : from the telescope to its top
    law : how extinction depends on the wavelength, "kruse" or "kim"
    """

    visibility_m: float
    thickness_m: float
    law: str


@dataclass(frozen=True, slots=True)
class HufnagelValley:
    """Turbulence over a station by the Hufnagel-Valley profile.

    Parameters
    ----------
    rms_wind_m_s : between 5 and 20 km
    ground_cn2 : of the layer at the ground, m^(-2/3)
    """

    rms_wind_m_s: float
    ground_cn2: float


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """The air over a station on the night.

    Parameters
    ----------
    aerosol_optical_depth_550 : vertical, at 550 nm and at the station (not reduced to sea level)
    aerosol : column of the shipped aerosol table ("rural23", "maritime23", "urban5", ...)
    precipitable_water_m : vertical water column at the station
    ozone_du : total ozone, Dobson units
    cirrus_optical_depth : vertical, grey
    angstrom_exponent : measured, in place of the shape of `aerosol`; None takes that shape
    fog : None where there is none
    turbulence : None where it is not known: field stops then lose nothing and nothing scintillates
    """

    aerosol_optical_depth_550: float
    aerosol: str
    precipitable_water_m: float
    ozone_du: float
    cirrus_optical_depth: float = 0.0
    angstrom_exponent: float | None = None
    fog: Fog | None = None
    turbulence: HufnagelValley | None = None
