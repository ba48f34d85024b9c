"""Tables of light -> the records of passes.link and passes.counts, in SI units.

A record is made only from what the file says. Where a physical parameter is missing there is no
record, and the parameter's path is named: nothing is guessed.
"""

import math
from dataclasses import dataclass, field

from groundstation.config.document.fields import Table
from groundstation.config.document.optics import Detector as DetectorTable
from groundstation.config.document.optics import Payload, Source
from groundstation.config.document.sky import CityLight as CityLightTable
from groundstation.config.document.station import Fibre, Station, Telescope
from groundstation.config.document.station import Receiver as ReceiverTable
from passes.counts.polarisation import combine_error_rates, contrast_error_rate
from passes.counts.source import DecoySource
from passes.link.detection.fibre_field import fibre_field_of_view_rad
from passes.link.optics.beam import (
    DivergenceDefinition,
    PowerReference,
    aperture_half_angle_rad,
    divergence_half_angle_rad,
)
from passes.link.terminals import (
    BasisChoice,
    CityLight,
    DeadTime,
    Detector,
    Receiver,
    SingleModeFibre,
    Transmitter,
)

# Divided by, not multiplied with 1e-9: a whole power of ten rounds once, so that 848.6 nm is
# 8.486e-07 m to the last digit.
NANO, PICO, MICRO, MILLI = 1e9, 1e12, 1e6, 1e3


@dataclass(slots=True)
class Reading:
    """Reads parameters of one table and notes the paths of those that are missing.

    A missing number reads as nan, so that a record is only made after `missing` was looked at.
    """

    table: Table
    path: str
    missing: list[str] = field(default_factory=list)

    def number(self, key: str) -> float:
        """The number of that key."""
        value = getattr(self.table, key)
        if value is None:
            self.missing.append(f"{self.path}.{key}")
            return math.nan
        return float(value)

    def word(self, key: str) -> str:
        """The text of that key."""
        value = getattr(self.table, key)
        if value is None:
            self.missing.append(f"{self.path}.{key}")
            return ""
        return str(value)

    def three(self, key: str) -> tuple[float, float, float]:
        """The three numbers of that key."""
        value = getattr(self.table, key)
        if value is None:
            self.missing.append(f"{self.path}.{key}")
            return (math.nan, math.nan, math.nan)
        first, second, third = value
        return (float(first), float(second), float(third))


def transmitter_of(payload: Payload, path: str) -> tuple[Transmitter | None, list[str]]:
    """The optical terminal of a payload, with what it lacks."""
    read = Reading(payload, path)
    wavelength_m = read.number("wavelength_nm") / NANO
    optional = [
        f"{path}.{key}" for key in ("reflecting_area_m2", "albedo") if getattr(payload, key) is None
    ]
    jitter_rad = read.number("pointing_jitter_urad") / MICRO
    bias_rad = read.number("pointing_bias_urad") / MICRO
    optics_efficiency = read.number("optics_efficiency")
    is_aperture = payload.divergence_urad is None and any(
        getattr(payload, key) is not None
        for key in (
            "transmit_aperture_m",
            "transmit_obscuration",
            "beam_radius_m",
            "photon_number_reference",
        )
    )
    half_angle_rad, beam = (_from_aperture if is_aperture else _from_divergence)(read, wavelength_m)
    if read.missing:
        return None, read.missing + optional
    transmitter = Transmitter(
        wavelength_m=wavelength_m,
        half_angle_rad=half_angle_rad,
        beam=beam,
        pointing_jitter_rad=jitter_rad,
        pointing_bias_rad=bias_rad,
        optics_efficiency=optics_efficiency,
        reflecting_area_m2=payload.reflecting_area_m2,
        albedo=payload.albedo,
        water_line_zenith_loss_db=payload.water_line_zenith_loss_db,
    )
    return transmitter, optional


def _from_divergence(read: Reading, wavelength_m: float) -> tuple[float, str]:
    """Half-angle [rad] of a beam that is given by its divergence."""
    del wavelength_m
    value_urad, word = read.number("divergence_urad"), read.word("divergence_definition")
    if read.missing:
        return math.nan, ""
    half_angle_rad = divergence_half_angle_rad(value_urad / MICRO, DivergenceDefinition(word))
    return half_angle_rad, f"{value_urad:g} urad {word}"


def _from_aperture(read: Reading, wavelength_m: float) -> tuple[float, str]:
    """Half-angle [rad] of the diffracted beam of a transmit telescope."""
    aperture_m, radius_m = read.number("transmit_aperture_m"), read.number("beam_radius_m")
    obscuration = read.number("transmit_obscuration")
    reference = read.word("photon_number_reference")
    if read.missing:
        return math.nan, ""
    half_angle_rad = aperture_half_angle_rad(
        wavelength_m, aperture_m, radius_m, obscuration, PowerReference(reference)
    )
    return half_angle_rad, (
        f"{aperture_m * 1e3:g} mm aperture, {radius_m * 1e3:g} mm 1/e2 radius, "
        f"obscuration {obscuration:g}, photon number {reference}"
    )


def source_of(table: Source, path: str) -> tuple[DecoySource | None, list[str]]:
    """The decoy-state source of a payload or a fibre terminal, with what it lacks."""
    read = Reading(table, path)
    source = DecoySource(
        pulse_rate_hz=read.number("pulse_rate_hz"),
        intensities=read.three("intensities"),
        probabilities=read.three("probabilities"),
        key_basis_probability=read.number("key_basis_probability"),
        pulse_fwhm_s=read.number("pulse_fwhm_ps") / PICO,
        intrinsic_qber=_intrinsic_qber(read, table),
    )
    return (None if read.missing else source), read.missing


def _intrinsic_qber(read: Reading, table: Source) -> float:
    """Error probability of a signal photon; at least one of its two causes must be given."""
    rates = []
    if table.polarisation_contrast is not None:
        rates.append(contrast_error_rate(table.polarisation_contrast))
    if table.optical_error is not None:
        rates.append(table.optical_error)
    return float(combine_error_rates(*rates)) if rates else read.number("optical_error")


def receiver_of(
    table: ReceiverTable, station: Station, path: str, station_path: str
) -> tuple[Receiver | None, list[str]]:
    """The telescope with the back end for one wavelength, with what it lacks."""
    read = Reading(table, path)
    shared = Reading(station.telescope or Telescope(), f"{station_path}.telescope")
    detector, missing = detector_of(table.detector, f"{path}.detector")
    fibre, lacking = _fibre_of(table.fibre, f"{path}.fibre")
    city_light, unlit = _city_light_of(station.city_light, f"{station_path}.city_light")
    if table.fibre is not None and station.turbulence is None:
        lacking.append(f"{station_path}.turbulence")
    aperture_m, obscuration = shared.number("aperture_m"), shared.number("obscuration")
    wavelength_m = read.number("wavelength_nm") / NANO
    optics_efficiency = read.number("optics_efficiency")
    filter_bandwidth_m = read.number("filter_bandwidth_nm") / NANO
    field_of_view_rad = math.nan
    if table.fibre is None:
        field_of_view_rad = read.number("field_of_view_urad") / MICRO
    synchronisation_jitter_s = read.number("synchronisation_jitter_ps") / PICO
    dark_sky_radiance = read.number("dark_sky_radiance")
    missing = shared.missing + read.missing + missing + lacking + unlit
    if detector is None or missing:
        return None, missing
    if fibre is not None:
        field_of_view_rad = fibre_field_of_view_rad(
            wavelength_m, aperture_m, obscuration, fibre.mode_ratio
        )
    return Receiver(
        wavelength_m=wavelength_m,
        aperture_m=aperture_m,
        obscuration=obscuration,
        optics_efficiency=optics_efficiency,
        filter_bandwidth_m=filter_bandwidth_m,
        field_of_view_rad=field_of_view_rad,
        synchronisation_jitter_s=synchronisation_jitter_s,
        dark_sky_radiance=dark_sky_radiance,
        detector=detector,
        clock_offset_s=table.clock_offset_ps / PICO,
        fibre=fibre,
        city_light=city_light,
    ), []


def detector_of(table: DetectorTable | None, path: str) -> tuple[Detector | None, list[str]]:
    """The detectors of one receiver, with what they lack."""
    if table is None:
        return None, [path]
    read = Reading(table, path)
    count, choice = read.number("count"), read.word("basis_choice")
    efficiency = read.number("efficiency")
    dark_count_rate_hz = read.number("dark_count_rate_hz")
    dead_time_s = read.number("dead_time_ns") / NANO
    jitter_fwhm_s = read.number("jitter_fwhm_ps") / PICO
    gate_s = read.number("gate_ns") / NANO
    afterpulse_probability = read.number("afterpulse_probability")
    key_basis_probability = read.number("key_basis_probability")
    if read.missing:
        return None, read.missing
    return Detector(
        efficiency=efficiency,
        dark_count_rate_hz=dark_count_rate_hz,
        dead_time_s=dead_time_s,
        jitter_fwhm_s=jitter_fwhm_s,
        gate_s=gate_s,
        afterpulse_probability=afterpulse_probability,
        count=int(count),
        basis_choice=BasisChoice(choice),
        key_basis_probability=key_basis_probability,
        dead_time_kind=DeadTime(table.dead_time_kind),
    ), []


def _fibre_of(table: Fibre | None, path: str) -> tuple[SingleModeFibre | None, list[str]]:
    """The fibre of one receiver, with what it lacks."""
    if table is None:
        return None, []
    read = Reading(table, path)
    fibre = SingleModeFibre(read.number("mode_ratio"), read.word("correction"))
    return (None if read.missing else fibre), read.missing


def _city_light_of(table: CityLightTable | None, path: str) -> tuple[CityLight | None, list[str]]:
    """City light over a station, with what is not known of it."""
    if table is None:
        return None, []
    read = Reading(table, path)
    light = CityLight(
        read.number("sqm_mag_arcsec2"), read.number("city_v_minus_i"), table.natural_mag_arcsec2
    )
    return (None if read.missing else light), read.missing
