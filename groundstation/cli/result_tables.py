"""Results, scores and calibrations as tables and lines for people."""

from collections.abc import Sequence
from typing import Any

import click
import numpy as np

from groundstation.cli.output import Column, write_listing
from groundstation.instants import utc_text
from groundstation.results.calibration import BandFit, DatedCalibration, Drift
from groundstation.results.issued import issued_document
from groundstation.results.records import result_document
from groundstation.results.reference import digest_of, packed
from groundstation.results.store import RecordedResult
from groundstation.results.verification import StationScores
from groundstation.results.wording import sentences_of
from passes.counts.calibration.unknowns import Constant
from passes.counts.spread.distributions import Normal
from passes.counts.spread.forecast import Quantiles

SCHEMA = "results/1"


def result_rows(results: Sequence[RecordedResult]) -> list[dict[str, Any]]:
    """One flat row a result, units in the keys."""
    return [_row(item) for item in results]


def _row(item: RecordedResult) -> dict[str, Any]:
    result, forecast = item.result, item.forecast
    spread = None if forecast is None else forecast.spread
    clear = None if forecast is None else forecast.clear
    row: dict[str, Any] = {
        "night": item.night,
        "pass_id": result.pass_id,
        "satellite": item.satellite,
        "station": item.station,
        "version": item.version,
        "sky": result.sky.value,
        "probability_clear": None if clear is None else clear.probability,
        "sifted": result.sifted,
        "errors": result.errors,
        "key_bits": result.key_bits,
    }
    for name in ("sifted", "key_bits"):
        quantiles: Quantiles | None = None if spread is None else getattr(spread, name)
        for level in ("p10", "p50", "p90"):
            row[f"{name}_{level}"] = None if quantiles is None else getattr(quantiles, level)
    return row | {
        "calibration_id": None if spread is None else spread.calibration_id,
        "plan_id": None if forecast is None else forecast.plan_id,
        "is_hindsight": item.is_hindsight,
        "remark": result.remark,
        "file": item.file,
        "recorded_at_utc": utc_text(item.recorded_at),
        "sha256": result.digest,
    }


def write_results(results: Sequence[RecordedResult], form: str | None) -> None:
    """The listing, for machines or for people."""
    rows = result_rows(results)
    if form is None:
        for row in rows:
            row["promised_sifted"] = _span(row, "sifted")
            row["promised_key"] = _span(row, "key_bits")
    whole = _thousands
    columns = [
        Column("night", "night"),
        Column("pass_id", "pass"),
        Column("sky", "sky"),
        Column("probability_clear", "P(clear)", lambda p: f"{100 * p:.0f} %", is_number=True),
        Column("sifted", "sifted", whole, is_number=True),
        Column("promised_sifted", "promised P10..P90", is_number=True),
        Column("key_bits", "key bits", whole, is_number=True),
        Column("promised_key", "promised P10..P90", is_number=True),
        Column("version", "version", is_number=True),
    ]
    write_listing(rows, schema=SCHEMA, form=form, columns=columns, title="results")


def _span(row: dict[str, Any], name: str) -> str | None:
    low, high = row[f"{name}_p10"], row[f"{name}_p90"]
    return None if low is None else f"{_thousands(low)}..{_thousands(high)}"


def _thousands(value: float) -> str:
    return f"{value:,.0f}"


def shown_document(versions: Sequence[RecordedResult]) -> dict[str, Any]:
    """Every version of one result with its forecast, as JSON."""
    return {
        "schema": "result-history/1",
        "versions": [
            {
                **_row(item),
                "result": result_document(item.result),
                "forecast": None
                if item.forecast is None
                else issued_document(item.forecast, digest_of(packed(item.forecast.reference))),
            }
            for item in versions
        ],
    }


def shown_lines(versions: Sequence[RecordedResult]) -> list[str]:
    """The result that counts and its promise; older versions by date and digest."""
    item = versions[-1]
    row, result = _row(item), item.result
    lines = [f"{result.pass_id}, night {item.night}: {result.sky}"]
    if row["probability_clear"] is not None:
        lines.append(f"  P(clear) was {100 * row['probability_clear']:.0f} %")
    for name, unit in (("sifted", "sifted bits"), ("key_bits", "bits of key")):
        if row[name] is not None:
            promised = _span(row, name)
            beside = "" if promised is None else f", promised {promised} under a clear sky"
            lines.append(f"  {_thousands(row[name])} {unit}{beside}")
    if result.sifted and result.errors is not None:
        lines.append(f"  QBER {100 * result.errors / result.sifted:.2f} %")
    if result.counts is not None:
        slots = result.counts
        lines.append(f"  {slots.times_s.size} slots of {slots.slot_s:g} s")
    if item.forecast is not None:
        issued = utc_text(item.forecast.issued_at)
        used = row["calibration_id"] or "none"
        lines.append(f"  forecast issued {issued}, plan {row['plan_id']}, calibration {used}")
    if item.is_hindsight:
        lines.append("  no forecast was issued before the pass: it is not scored")
    if result.remark:
        lines.append(f"  remark: {result.remark}")
    history = (
        f"  version {old.version} recorded {utc_text(old.recorded_at)} from {old.file}, "
        f"{old.result.digest[:12]}"
        for old in versions
    )
    return [*lines, *history]


def write_verification(scores: Sequence[StationScores]) -> None:
    """Sentences for every station, and the reliability table."""
    if not scores:
        click.echo("no result is on record: groundstation result record PASS FILE")
    for score in scores:
        click.echo(f"{score.station or 'all stations'}: {score.results} results")
        for sentence in sentences_of(score):
            click.echo(f"  {sentence}")
        if score.clear is not None and score.clear.count > 0:
            parts = score.clear
            click.echo(
                f"  Brier {parts.score:.3f} = reliability {parts.reliability:.3f} - resolution "
                f"{parts.resolution:.3f} + uncertainty {parts.uncertainty:.3f} + within bins "
                f"{parts.within_bins:.3f}"
            )
            for row in parts.rows:
                click.echo(
                    f"    said {100 * row.low:3.0f}..{100 * row.high:3.0f} % "
                    f"(mean {100 * row.forecast:.0f} %): {row.count} passes, "
                    f"{100 * row.observed:.0f} % clear"
                )


def write_calibration(calibration: DatedCalibration) -> None:
    """The constants of every pair with their drift; then the air of every station."""
    rows = [_pair(band, drift) for band in calibration.bands for drift in band.drifts]
    columns = [
        Column("station", "station"),
        Column("satellite", "satellite"),
        Column("loss", "loss beyond budget dB", is_number=True),
        Column("error", "error of clicks %", is_number=True),
        Column("passes", "passes", is_number=True),
        Column("drift", "last week against before dB", is_number=True),
        Column("flag", ""),
    ]
    title = (
        f"calibration {calibration.calibration_id}, used from the night {calibration.from_night}, "
        f"fitted to {len(calibration.inputs)} results"
    )
    write_listing(rows, schema="", form=None, columns=columns, title=title)
    for band in calibration.bands:
        light = band.constant(Constant.BACKGROUND, "")
        scale = "" if light is None else f", background x {float(light.value.at(0.0)):.2f}"
        depth = band.depth_to_come
        click.echo(
            f"{band.station} {band.wavelength_m * 1e9:g} nm: {band.passes} passes from "
            f"{band.first_night} to {band.last_night}, optical depth {depth.median:.3f} "
            f"x/ {depth.factor:.2f} from night to night{scale}, blocks of {band.block_s:g} s err "
            f"by {band.model_error_db:.2f} dB"
        )
    for sentence in calibration.left_out:
        click.echo(f"warning: {sentence}", err=True)


def _pair(band: BandFit, drift: Drift) -> dict[str, Any]:
    loss = band.constant(Constant.LOSS, drift.satellite)
    error = band.constant(Constant.ERROR, drift.satellite)
    change = drift.change_db
    return {
        "station": band.station,
        "satellite": drift.satellite,
        "loss": None if loss is None else _value(loss.value),
        "error": None
        if error is None or not error.is_learnt
        else f"{100 * float(error.value.at(0.0)):.2f}",
        "passes": None if loss is None else str(loss.passes),
        "drift": None if change is None else f"{change:+.2f} ± {drift.sigma_db:.2f}",
        "flag": "drifts" if drift.is_flagged else "",
    }


def _value(value: Any) -> str:
    if isinstance(value, Normal):
        return f"{value.mean:+.2f} ± {value.sigma:.2f}"
    return f"{float(np.asarray(value.at(0.0))):.3g}"
