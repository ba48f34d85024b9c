"""Tables of what sends and detects single photons: source, beam, detector."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from groundstation.config.document.fields import Share, Table, optional, physical

PROBABILITY_TOLERANCE = 1e-9

DivergenceWord = Literal["1/e2-half", "1/e2-full", "fwhm-full", "disc-full"]
PhotonNumberReference = Literal["laser", "transmitted"]
DeadTimeWord = Literal["non-paralysable", "paralysable"]


def _sums_to_one(values: list[float]) -> list[float]:
    if abs(sum(values) - 1.0) > PROBABILITY_TOLERANCE:
        raise ValueError(f"{values} sums to {sum(values):.10g}, not to 1")
    return values


def _is_decoy_order(values: list[float]) -> list[float]:
    # Lim et al., Phys. Rev. A 89, 022307 (2014): mu1 > mu2 + mu3 and mu2 > mu3 >= 0.
    if len(values) == 3 and not (values[0] > values[1] + values[2] and values[1] > values[2]):
        raise ValueError(f"{values} is not in order: signal > decoy + vacuum and decoy > vacuum")
    return values


MeanPhotonNumber = Annotated[float, Field(ge=0.0, le=10.0)]
Intensities = Annotated[list[MeanPhotonNumber], AfterValidator(_is_decoy_order)]
Probabilities = Annotated[list[Share], AfterValidator(_sums_to_one)]


class Source(Table):
    """The pulsed decoy-state source: part of a payload and of a fibre terminal."""

    pulse_rate_hz: float | None = physical("pulses per second", "Hz", gt=0.0, le=1e11)
    intensities: Intensities | None = physical(
        "mean photon numbers of signal, decoy and vacuum",
        "photon/pulse",
        min_length=3,
        max_length=3,
    )
    probabilities: Probabilities | None = physical(
        "shares of signal, decoy and vacuum pulses; they sum to 1", "1", min_length=3, max_length=3
    )
    key_basis_probability: float | None = physical(
        "share of pulses prepared in the key basis", "1", gt=0.0, lt=1.0
    )
    pulse_fwhm_ps: float | None = physical("duration of one pulse, FWHM", "ps", gt=0.0, le=1e5)
    polarisation_contrast: float | None = physical(
        "contrast C of C:1; an error probability of 1/(1+C)", "1", gt=1.0
    )
    optical_error: float | None = physical(
        "error probability of a signal photon beside the contrast", "1", ge=0.0, lt=0.5
    )


class Payload(Source):
    """The quantum terminal of a satellite; the beam by its divergence or by its aperture."""

    wavelength_nm: float | None = physical("of the quantum signal", "nm", ge=400.0, le=1600.0)
    divergence_urad: float | None = physical(
        "far-field width of the beam, in the sense of divergence_definition", "urad", gt=0.0, le=1e4
    )
    divergence_definition: DivergenceWord | None = physical(
        "what divergence_urad means; the four readings differ by 6 dB, so there is no default"
    )
    transmit_aperture_m: float | None = physical(
        "diameter of the transmit telescope, instead of a divergence", "m", gt=0.0, le=5.0
    )
    transmit_obscuration: float | None = physical(
        "diameter of the central obstruction over the aperture", "1", ge=0.0, lt=1.0
    )
    beam_radius_m: float | None = physical(
        "1/e2 intensity radius of the beam in the aperture", "m", gt=0.0, le=5.0
    )
    photon_number_reference: PhotonNumberReference | None = physical(
        "where the mean photon number is defined: at the laser or behind the telescope"
    )
    pointing_jitter_urad: float | None = physical(
        "standard deviation of the pointing, per axis", "urad", ge=0.0, le=1e4
    )
    pointing_bias_urad: float | None = physical(
        "constant offset of the pointing", "urad", ge=0.0, le=1e4
    )
    optics_efficiency: float | None = physical(
        "transmittance behind the point where the photon number is defined", "1", gt=0.0, le=1.0
    )
    reflecting_area_m2: float | None = physical(
        "cross-section that reflects sunlight; without it sunlit passes are refused",
        "m2",
        gt=0.0,
        le=1e4,
    )
    albedo: float | None = physical(
        "Bond albedo of that area; without it sunlit passes are refused", "1", ge=0.0, le=1.0
    )
    water_line_zenith_loss_db: float | None = optional(
        None,
        "of this very laser line at zenith through 14.2 mm of water, instead of the mean over 2 nm "
        "(which may be wrong by 20 dB between 813 and 836 nm)",
        "dB",
        ge=0.0,
        le=100.0,
    )


class Detector(Table):
    """The single-photon detectors of one receiver, all alike."""

    efficiency: float | None = physical("photon to click", "1", gt=0.0, le=1.0)
    dark_count_rate_hz: float | None = physical("per detector", "Hz", ge=0.0, le=1e8)
    dead_time_ns: float | None = physical("per detector", "ns", ge=0.0, le=1e6)
    jitter_fwhm_ps: float | None = physical("timing jitter of a click, FWHM", "ps", ge=0.0, le=1e5)
    gate_ns: float | None = physical(
        "full width of the accepted window around a pulse", "ns", gt=0.0, le=1e4
    )
    afterpulse_probability: float | None = physical("per click", "1", ge=0.0, lt=1.0)
    count: int | None = physical(
        "number of detectors: 4 behind a beam splitter, 2 behind a switch", "1", ge=1, le=64
    )
    basis_choice: Literal["passive", "active"] | None = physical(
        "basis choice by a beam splitter or by a switch"
    )
    key_basis_probability: float | None = physical(
        "share of photons measured in the key basis", "1", gt=0.0, lt=1.0
    )
    dead_time_kind: DeadTimeWord = optional(
        "non-paralysable",
        "whether a photon that meets a blind detector keeps it blind (passive quenching) or not",
    )
