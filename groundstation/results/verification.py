"""Results against the forecasts that were valid for them, per station and for all.

- Only forecasts that were issued before the pass began are scored.
- P(clear) is scored on every pass of which the sky is known; a pass that was cloudy in part was
  not clear. A pass that failed for another reason says nothing of the sky.
- Counts and key are scored on clear passes only: they were promised for a clear sky.
- Few results prove little. Below a stated number there is a score but no verdict.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from groundstation.results.brier import BrierScore, brier_score
from groundstation.results.quantile_scores import QuantileScore, quantile_score
from groundstation.results.records import Sky
from groundstation.results.store import RecordedResult
from passes.counts.spread.forecast import Quantiles

SCHEMA = "verification/1"
# The promise of 80 +- 10 % is judged from this many passes: the 95 % interval of 24 in 30 is
# 61 to 92 %.
ENOUGH_FOR_COVERAGE = 30
ENOUGH_FOR_BRIER = 30
_FEW_FOR_TEN_BINS = 100


@dataclass(frozen=True, slots=True)
class StationScores:
    """Scores of one station, or of all together.

    Parameters
    ----------
    station : None for all
    results : on record; of these, `hindsight` had no forecast that was issued in time
    clear, sifted, key : None where there is nothing to score
    """

    station: str | None
    results: int
    hindsight: int
    clear: BrierScore | None
    sifted: QuantileScore | None
    key: QuantileScore | None


def verify(results: Sequence[RecordedResult]) -> tuple[StationScores, ...]:
    """Scores of all stations together, then of each by name; empty without results."""
    if not results:
        return ()
    stations = sorted({item.station for item in results})
    if len(stations) == 1:
        return (_scores(stations[0], results),)
    each = (_scores(name, [r for r in results if r.station == name]) for name in stations)
    return (_scores(None, results), *each)


def _scores(station: str | None, results: Sequence[RecordedResult]) -> StationScores:
    scored = [item for item in results if item.forecast is not None and not item.is_hindsight]
    return StationScores(
        station=station,
        results=len(results),
        hindsight=len(results) - len(scored),
        clear=_clear_score(scored),
        sifted=_quantile_score(
            scored, lambda r: r.forecast.spread.sifted, lambda r: r.result.sifted
        ),
        key=_quantile_score(
            scored, lambda r: r.forecast.spread.key_bits, lambda r: r.result.key_bits
        ),
    )


def _clear_score(results: Sequence[RecordedResult]) -> BrierScore | None:
    pairs = [
        (item.forecast.clear.probability, item.result.sky is Sky.CLEAR)
        for item in results
        if item.forecast is not None
        and item.forecast.clear is not None
        and item.result.sky is not Sky.FAILED
    ]
    if not pairs:
        return None
    bins = 5 if len(pairs) < _FEW_FOR_TEN_BINS else 10
    return brier_score([p for p, _ in pairs], [o for _, o in pairs], bins)


def _quantile_score(
    results: Sequence[RecordedResult],
    promised: Callable[[Any], Quantiles],
    delivered: Callable[[RecordedResult], int | None],
) -> QuantileScore | None:
    pairs = [
        (promised(item), float(value))
        for item in results
        if item.result.sky is Sky.CLEAR and (value := delivered(item)) is not None
    ]
    if not pairs:
        return None
    return quantile_score([q for q, _ in pairs], [v for _, v in pairs])


def verification_document(scores: Sequence[StationScores]) -> dict[str, Any]:
    """All scores as a JSON object, units in the keys."""
    return {
        "schema": SCHEMA,
        "enough_for_coverage": ENOUGH_FOR_COVERAGE,
        "enough_for_brier": ENOUGH_FOR_BRIER,
        "scores": [
            {
                "station": item.station,
                "results": item.results,
                "without_forecast_in_time": item.hindsight,
                "probability_clear": None if item.clear is None else _brier(item.clear),
                "sifted_counts": None if item.sifted is None else _quantiles(item.sifted),
                "key_bits": None if item.key is None else _quantiles(item.key),
            }
            for item in scores
        ],
    }


def _brier(score: BrierScore) -> dict[str, Any]:
    names = ("count", "score", "reliability", "resolution", "uncertainty", "within_bins")
    return {
        **{name: getattr(score, name) for name in names},
        "base_rate": score.base_rate,
        "skill": score.skill,
        "is_enough": score.count >= ENOUGH_FOR_BRIER,
        "table": [
            {
                "low": row.low,
                "high": row.high,
                "count": row.count,
                "forecast": row.forecast,
                "observed": row.observed,
            }
            for row in score.rows
        ],
    }


def _quantiles(score: QuantileScore) -> dict[str, Any]:
    coverage = score.coverage
    return {
        "count": coverage.count,
        "pinball_loss": score.pinball,
        "pinball_loss_p10": score.by_level[0],
        "pinball_loss_p50": score.by_level[1],
        "pinball_loss_p90": score.by_level[2],
        "pinball_loss_relative": score.relative,
        "median_observed_over_p50": score.median_ratio,
        "coverage": {
            "promised": 0.8,
            "share": coverage.share,
            "low": coverage.low,
            "high": coverage.high,
            "inside": coverage.inside,
            "below_p10": coverage.below,
            "above_p90": coverage.above,
            "is_refuted": coverage.is_refuted,
            "is_enough": coverage.count >= ENOUGH_FOR_COVERAGE,
        },
    }
