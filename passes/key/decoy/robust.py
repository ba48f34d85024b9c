"""Key that holds although the intensities are not known exactly."""

import itertools
from dataclasses import replace

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.proof import secret_key
from passes.key.records import CountBound, DecoyCounts, KeyResult, Proof, SecurityParameters


def worst_case_key(
    counts: DecoyCounts,
    source: DecoySource,
    security: SecurityParameters,
    *,
    intensity_uncertainty: float,
    proof: Proof | str = Proof.TIGHT,
    count_bound: CountBound = CountBound.CHERNOFF,
) -> tuple[KeyResult, DecoySource]:
    """The shortest key over what the intensities may have been, and the source it belongs to.

    Parameters
    ----------
    counts : as in `secret_key`; they came from the true intensities, whatever these were
    source : nominal settings
    intensity_uncertainty : relative, in [0, 0.5); signal and decoy may each be so much off, a
        vacuum state that is empty stays empty

    Notes
    -----
    The idea of Sidhu et al., Commun. Phys. 6, 210 (2023). With an empty vacuum state the worst case
    lay at a corner of the box wherever it was compared with a grid; with one above zero the bounds
    have kinks inside, for which its nominal value is tried too (tests/passes/test_robust_key.py).

    Raises
    ------
    KeyLengthError : also where a corner is no decoy source any more
    """
    if not 0.0 <= intensity_uncertainty < 0.5:
        raise KeyLengthError(f"intensity_uncertainty = {intensity_uncertainty:g} is outside 0..0.5")
    signal, decoy, vacuum = source.intensities
    sides = (-1.0, 1.0) if intensity_uncertainty else (0.0,)
    assumed = [
        replace(
            source,
            intensities=(
                signal * (1.0 + one * intensity_uncertainty),
                decoy * (1.0 + two * intensity_uncertainty),
                vacuum * (1.0 + three * intensity_uncertainty),
            ),
        )
        for one, two, three in itertools.product(sides, sides, (*sides, 0.0) if vacuum else (0.0,))
    ]
    results = [
        secret_key(counts, corner, security, proof=proof, count_bound=count_bound)
        for corner in assumed
    ]
    worst = min(range(len(results)), key=lambda index: results[index].unclipped_bits)
    return results[worst], assumed[worst]
