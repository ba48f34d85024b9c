"""Key rate of decoy BB84 over a fibre: the same proof on a channel that does not change."""

import math
from dataclasses import dataclass

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.audit import KeyAudit
from passes.key.decoy.counts import decoy_counts_from_slots
from passes.key.decoy.proof import secret_key
from passes.key.records import DecoyCounts, Proof, SecurityParameters
from passes.key.repeaterless import plob_2017_bits
from passes.link.detection.receiver import gate_fraction, live_fraction
from passes.link.terminals import BasisChoice, Detector


@dataclass(frozen=True, slots=True)
class FibreKey:
    """The key of one fibre with the two limits above it [bit/s].

    Parameters
    ----------
    rate_bps : secret key rate with the finite blocks that were asked for
    asymptotic_bps : the same link with one infinite block and infinitely many decoys
    repeaterless_bps : what no protocol without a repeater exceeds on this fibre and detector
    block : proof and bounds of one block
    """

    rate_bps: float
    asymptotic_bps: float
    repeaterless_bps: float
    block: KeyAudit


def fibre_key_rate_bps(
    length_m: float,
    loss_db_per_m: float,
    extra_loss_db: float,
    source: DecoySource,
    detector: Detector,
    security: SecurityParameters,
    block_s: float,
    *,
    proof: Proof | str = Proof.TIGHT,
) -> float:
    """Secret key rate of a fibre link [bit/s]; `fibre_key` without its limits."""
    return fibre_key(
        length_m, loss_db_per_m, extra_loss_db, source, detector, security, block_s, proof=proof
    ).rate_bps


def fibre_key(
    length_m: float,
    loss_db_per_m: float,
    extra_loss_db: float,
    source: DecoySource,
    detector: Detector,
    security: SecurityParameters,
    block_s: float,
    *,
    proof: Proof | str = Proof.TIGHT,
) -> FibreKey:
    """Secret key rate of a fibre link with blocks of a given duration, and its limits.

    Parameters
    ----------
    length_m : of the fibre, >= 0
    loss_db_per_m : attenuation; 2e-4 for standard fibre at 1550 nm
    extra_loss_db : connectors and receiver optics without the detectors, >= 0
    source : in the sending terminal
    detector : in the receiving terminal
    security : promises of every block
    block_s : how long detections are collected for one block; more is better and slower
    proof : as in `secret_key`

    Notes
    -----
    Every block costs the fixed and statistical terms of `secret_key` anew. Counts are summed in
    closed form for one slot, because a short fibre's efficiency is too large for moments.

    Dead time takes the share of time in which the busiest detector is blind, non-paralysable,
    from all counts alike. Phase noise of interferometers and Raman noise of traffic in the same
    fibre are not modelled; they belong into `intrinsic_qber` and `dark_count_rate_hz`.
    """
    for name, value in (
        ("length_m", length_m),
        ("loss_db_per_m", loss_db_per_m),
        ("extra_loss_db", extra_loss_db),
    ):
        if not (math.isfinite(value) and value >= 0.0):
            raise KeyLengthError(f"{name} = {value:g} is not a number >= 0")
    if not (math.isfinite(block_s) and block_s > 0.0):
        raise KeyLengthError(f"block_s = {block_s:g} is not a duration > 0")
    loss_db = length_m * loss_db_per_m + extra_loss_db
    transmittance = 10.0 ** (-loss_db / 10.0)
    counts = _fibre_counts(
        transmittance, source, detector, block_s, errors_by_detections=proof == Proof.SATQUMA
    )
    result = secret_key(counts, source, security, proof=proof)
    return FibreKey(
        rate_bps=result.secret_key_bits / block_s,
        asymptotic_bps=result.asymptotic_bits / block_s,
        repeaterless_bps=plob_2017_bits(
            [transmittance * detector.efficiency], source.pulse_rate_hz
        ),
        block=result.audit(),
    )


def _fibre_counts(
    transmittance: float,
    source: DecoySource,
    detector: Detector,
    block_s: float,
    *,
    errors_by_detections: bool = False,
) -> DecoyCounts:
    arriving = transmittance * detector.efficiency
    # Both terminals follow one clock over the fibre, whose jitter the detector's exceeds by far.
    in_gate = arriving * gate_fraction(
        detector.gate_s, source.pulse_fwhm_s, detector.jitter_fwhm_s, 0.0
    )
    key_noise, test_noise = _noise_per_gate(detector)
    live = float(live_fraction(_busiest_rate_hz(arriving, source, detector), detector.dead_time_s))
    return decoy_counts_from_slots(
        [in_gate],
        live * source.pulse_rate_hz * block_s,
        key_noise,
        test_noise,
        source,
        detector.key_basis_probability,
        detector.afterpulse_probability,
        errors_by_detections=errors_by_detections,
    )


def _noise_per_gate(detector: Detector) -> tuple[float, float]:
    """Dark counts per gate and detector, as seen in the key and in the test basis.

    With a beam splitter the detectors of a basis count darks whether or not the photon came their
    way; the count model multiplies by the basis probability, which is taken out here.
    """
    dark = detector.dark_count_rate_hz * detector.gate_s
    if detector.basis_choice is BasisChoice.ACTIVE:
        return dark, dark
    key = detector.key_basis_probability
    return dark / key if key > 0.0 else 0.0, dark / (1.0 - key) if key < 1.0 else 0.0


def _busiest_rate_hz(arriving: float, source: DecoySource, detector: Detector) -> float:
    """Clicks that the busiest detector would count without dead time, in gates or outside."""
    clicks = sum(
        share * -math.expm1(-mu * arriving)
        for share, mu in zip(source.probabilities, source.intensities, strict=True)
    )
    busiest = 1.0
    if detector.basis_choice is BasisChoice.PASSIVE:
        key = detector.key_basis_probability
        busiest = max(key, 1.0 - key)
    return source.pulse_rate_hz * clicks * busiest / 2.0 + detector.dark_count_rate_hz
