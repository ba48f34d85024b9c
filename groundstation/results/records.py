"""What one pass really delivered; records only.

- A count that is not known is NaN in an array and None as a total; it is never zero.
- A record without its content's digest is no record: the digest covers everything that was
  measured or said, and nothing of when or from which file it was recorded.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundstation.instants import utc_instant, utc_text

Floats = NDArray[np.float64]

SCHEMA = "result/1"


class Sky(StrEnum):
    """How the pass went, as far as the sky is concerned."""

    CLEAR = "clear"
    PARTLY_CLOUDY = "partly-cloudy"
    CLOUDED_OUT = "clouded-out"
    # Nothing was received for a reason that is not the weather's: it scores no forecast.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class SlotCounts:
    """Counts of a pass slot by slot; arrays of shape (n,), NaN where nothing is known.

    Parameters
    ----------
    epoch : aware UTC
    times_s : middles of the slots after the epoch, ascending
    slot_s : length of each slot
    sifted : clicks of signal pulses measured in the basis in which they were sent
    errors : of these, the wrong ones; None if they were not compared
    background : clicks of all detectors outside the gates; None if they were not recorded
    """

    epoch: datetime
    times_s: Floats
    slot_s: float
    sifted: Floats
    errors: Floats | None = None
    background: Floats | None = None

    def instant(self, index: int) -> datetime:
        """The middle of one slot."""
        return self.epoch + timedelta(seconds=float(self.times_s[index]))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one pass delivered.

    Parameters
    ----------
    pass_id : of the known pass
    sky : see `Sky`
    counts : slot by slot; None if only totals are known, or nothing came
    sifted, errors : totals of the pass; None if not known
    key_bits : final key after privacy amplification; None if not known
    remark : what the operator adds
    """

    pass_id: str
    sky: Sky
    counts: SlotCounts | None = None
    sifted: int | None = None
    errors: int | None = None
    key_bits: int | None = None
    remark: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        text = json.dumps(result_document(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def result_document(result: Result) -> dict[str, Any]:
    """The result as a JSON object; unknown counts are null."""
    counts = result.counts
    return {
        "schema": SCHEMA,
        "pass_id": result.pass_id,
        "sky": result.sky.value,
        "counts": None
        if counts is None
        else {
            "epoch_utc": utc_text(counts.epoch),
            "slot_s": counts.slot_s,
            "times_s": counts.times_s.tolist(),
            "sifted": _listed(counts.sifted),
            "errors": None if counts.errors is None else _listed(counts.errors),
            "background": None if counts.background is None else _listed(counts.background),
        },
        "sifted": result.sifted,
        "errors": result.errors,
        "key_bits": result.key_bits,
        "remark": result.remark,
    }


def result_from_document(document: dict[str, Any]) -> Result:
    """The result that `result_document` wrote."""
    counts = document["counts"]
    return Result(
        pass_id=document["pass_id"],
        sky=Sky(document["sky"]),
        counts=None
        if counts is None
        else SlotCounts(
            epoch=utc_instant(counts["epoch_utc"]),
            times_s=np.array(counts["times_s"], dtype=np.float64),
            slot_s=counts["slot_s"],
            sifted=_array(counts["sifted"]),
            errors=None if counts["errors"] is None else _array(counts["errors"]),
            background=None if counts["background"] is None else _array(counts["background"]),
        ),
        sifted=document["sifted"],
        errors=document["errors"],
        key_bits=document["key_bits"],
        remark=document["remark"],
    )


def _listed(values: Floats) -> list[int | None]:
    return [int(value) if np.isfinite(value) else None for value in values]


def _array(values: list[int | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
