"""Scores as sentences that a person accepts or questions."""

from groundstation.results.brier import BrierScore
from groundstation.results.quantile_scores import QuantileScore
from groundstation.results.verification import (
    ENOUGH_FOR_BRIER,
    ENOUGH_FOR_COVERAGE,
    StationScores,
)

# A bias of reliability of 0.01 is a probability that is off by a tenth.
_NOTICEABLE = 0.01


def sentences_of(scores: StationScores) -> list[str]:
    """What the scores of one station say, one sentence each."""
    said = []
    if scores.hindsight:
        plural = "s" if scores.hindsight > 1 else ""
        said.append(
            f"{scores.hindsight} of {scores.results} result{plural} had no forecast that was "
            "issued before the pass, and is not scored."
        )
    if scores.clear is None:
        said.append("P(clear): no pass with a weather forecast and a known sky.")
    else:
        said.extend(_on_clear(scores.clear))
    said.extend(_on_quantiles("counts", "clicks", scores.sifted))
    said.extend(_on_quantiles("key", "bits", scores.key))
    return said


def _on_clear(score: BrierScore) -> list[str]:
    base = f"{100 * score.base_rate:.0f} %"
    headline = (
        f"P(clear): {score.count} passes, {base} were clear; Brier score {score.score:.3f} "
        f"(0 is perfect, {score.uncertainty:.3f} is what always saying {base} gets)."
    )
    said = [headline]
    if score.count < ENOUGH_FOR_BRIER:
        said.append(_too_few(score.count, ENOUGH_FOR_BRIER, "P(clear)"))
        return said
    if score.skill is None:
        said.append("The sky was the same at every pass, so that no forecast of it can be judged.")
    elif score.skill > 0.0:
        said.append(f"The forecast is {100 * score.skill:.0f} % better than that.")
    else:
        said.append("The forecast is no better than that.")
    if score.reliability > _NOTICEABLE:
        worst = max(score.rows, key=lambda row: row.count * (row.forecast - row.observed) ** 2)
        said.append(
            f"When it says {100 * worst.forecast:.0f} %, {100 * worst.observed:.0f} % of "
            f"{worst.count} passes were clear."
        )
    return said


def _on_quantiles(name: str, unit: str, score: QuantileScore | None) -> list[str]:
    if score is None:
        return [f"{name}: no clear pass with a forecast and a result."]
    seen = score.coverage
    relative = "" if score.relative is None else f" ({100 * score.relative:.0f} % of the mean)"
    headline = (
        f"{name}: {seen.inside} of {seen.count} clear passes lie within P10 and P90, "
        f"{100 * seen.share:.0f} % where 80 % are promised (95 % interval "
        f"{100 * seen.low:.0f} to {100 * seen.high:.0f} %); mean pinball loss "
        f"{score.pinball:,.0f} {unit}{relative}."
    )
    said = [headline]
    if seen.count < ENOUGH_FOR_COVERAGE:
        said.append(_too_few(seen.count, ENOUGH_FOR_COVERAGE, name))
    elif seen.is_refuted:
        said.append(_refuted(name, score))
    else:
        said.append(f"The promise of {name} holds as far as {seen.count} passes can tell.")
    return said


def _refuted(name: str, score: QuantileScore) -> str:
    seen = score.coverage
    if seen.share > 0.8:
        return f"The forecast of {name} is too wide."
    if seen.below > 2 * seen.above:
        return f"The forecast of {name} is too high: {seen.below} passes brought less than P10."
    if seen.above > 2 * seen.below:
        return f"The forecast of {name} is too low: {seen.above} passes brought more than P90."
    return f"The forecast of {name} is too narrow."


def _too_few(count: int, wanted: int, name: str) -> str:
    return f"{count} passes are too few to judge {name}; wait for {wanted}."
