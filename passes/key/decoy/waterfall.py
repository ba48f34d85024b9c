"""Where key is lost between an ideal block and the one that is promised."""

from dataclasses import dataclass

from passes.counts.source import DecoySource
from passes.key.decoy.asymptotic import asymptotic_key_bits
from passes.key.decoy.proof import secret_key
from passes.key.entropy import binary_entropy
from passes.key.records import CountBound, DecoyCounts, Proof, SecurityParameters


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One cause, what it costs, and what is left after it [bits]."""

    cause: str
    cost_bits: float
    left_bits: float


def key_waterfall(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    *,
    proof: Proof | str = Proof.TIGHT,
    count_bound: CountBound = CountBound.CHERNOFF,
) -> tuple[WaterfallStep, ...]:
    """From sifted bits to the secret key; the costs add up to the difference.

    Steps: photons that more than one receiver may hold (infinite decoys, infinite block, ideal
    error correction), three intensities instead of infinitely many, statistics of the counts,
    statistics of the phase error, error correction above the Shannon limit, and the fixed terms.
    The last value left is `unclipped_bits` of the proof.
    """
    result = secret_key(counts, source, security, proof=proof, count_bound=count_bound)
    n = result.sifted_bits
    ideal = n * binary_entropy(min(result.qber, 0.5))
    infinite = secret_key(
        counts, source, security, proof=Proof.SATQUMA, count_bound=CountBound.ASYMPTOTIC
    )
    single = result.single_photon_bits
    sampled = min(result.test_single_photon_errors / max(result.test_single_photon_bits, 1.0), 0.5)

    def kept(vacuum: float, one: float, phase_error: float) -> float:
        return vacuum + one * (1.0 - binary_entropy(phase_error)) - ideal

    final = kept(result.vacuum_bits, single, result.phase_error)
    above_shannon = result.error_correction_bits - ideal
    levels = (
        ("sifted bits", n),
        ("errors and multi-photon pulses", asymptotic_key_bits(counts, source, ideal)),
        (
            "three intensities",
            kept(infinite.vacuum_bits, infinite.single_photon_bits, infinite.phase_error),
        ),
        ("statistics of the counts", kept(result.vacuum_bits, single, sampled)),
        ("statistics of the phase error", final),
        ("error correction above the Shannon limit", final - above_shannon),
        ("fixed terms of the proof", result.unclipped_bits),
    )
    steps = [WaterfallStep(levels[0][0], 0.0, levels[0][1])]
    for cause, left in levels[1:]:
        steps.append(WaterfallStep(cause, steps[-1].left_bits - left, left))
    return tuple(steps)
