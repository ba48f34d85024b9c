"""`groundstation key length` for entangled pairs over two downlinks."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from groundstation.cli.key_answer import KeyAnswer
from groundstation.cli.key_fields import (
    Fraction,
    NotOptimised,
    Number,
    Pair,
    Positive,
    PromisedInput,
    Strict,
    as_list,
    length_faults,
    one_of,
    presence_faults,
)
from passes.key.bbm92.ceiling import pair_ceiling_bits
from passes.key.bbm92.counts import bbm92_counts
from passes.key.bbm92.proof import Bbm92Counts, Bbm92Proof, bbm92_key

PROTOCOL = "bbm92"
_WITH_EFFICIENCY = ("efficiency_b", "slot_s", "source", "receiver")

Rates = Annotated[list[Annotated[Number, Field(ge=0.0)]], BeforeValidator(as_list)]


class PairSourceInput(Strict):
    """The source of pairs on the satellite."""

    pair_rate_hz: Positive
    visibility: Fraction


class PairReceiverInput(Strict):
    """The two receivers."""

    coincidence_window_s: Positive
    noise_rate_a_hz: Rates
    noise_rate_b_hz: Rates
    first_basis_probabilities: tuple[Fraction, Fraction] = (0.5, 0.5)


class Bbm92CountsInput(Strict):
    """Counts of the whole block, by basis."""

    sifted: Pair
    errors: Pair


class Bbm92Input(PromisedInput):
    """Everything that a key length follows from."""

    protocol: Literal["bbm92"]
    proof: Annotated[str, one_of("proof", tuple(Bbm92Proof))] = Bbm92Proof.BOTH_BASES_EXACT.value
    source: PairSourceInput | None = None
    receiver: PairReceiverInput | None = None
    efficiency: Annotated[list[Fraction], Field(min_length=1)] | None = None
    efficiency_b: Annotated[list[Fraction], Field(min_length=1)] | None = None
    slot_s: Positive | None = None
    counts: Bbm92CountsInput | None = None
    detector_mismatch: Annotated[Number, Field(ge=0.0, lt=0.5)] = 0.0
    optimise: NotOptimised = None

    @staticmethod
    def presence_faults(document: Mapping[str, Any]) -> list[str]:
        """What the model cannot see because it looks at one key after the other."""
        faults = presence_faults(document, _WITH_EFFICIENCY)
        return faults + length_faults(document, "efficiency_b")

    def answer(self) -> KeyAnswer:
        """The key length of counts, or of the coincidences that the two links let expect."""
        extra: dict[str, Any] = {}
        ceiling = None
        if self.counts is not None:
            counts = Bbm92Counts(
                np.array(self.counts.sifted), np.array(self.counts.errors), self.detector_mismatch
            )
        else:
            counts, ceiling, extra = self._expected()
        audit = bbm92_key(counts, self.security(), proof=self.proof)
        names = {"source", "receiver", "slot_s", "detector_mismatch", "error_correction", "repeats"}
        echoed = self.model_dump(mode="json", include=names, exclude_none=True)
        return KeyAnswer(audit, echoed, self.repeats, ceiling, extra)

    def _expected(self) -> tuple[Bbm92Counts, float, dict[str, Any]]:
        source, receiver = self.source, self.receiver
        assert source is not None and receiver is not None  # noqa: S101, PT018  presence was checked
        seconds = (self.slot_s or 0.0) * self.repeats
        one, other = np.array(self.efficiency), np.array(self.efficiency_b)
        found = bbm92_counts(
            one,
            other,
            seconds,
            pair_rate_hz=source.pair_rate_hz,
            noise_rate_a_hz=_per_slot(receiver.noise_rate_a_hz),
            noise_rate_b_hz=_per_slot(receiver.noise_rate_b_hz),
            coincidence_window_s=receiver.coincidence_window_s,
            visibility=source.visibility,
            first_basis_probabilities=receiver.first_basis_probabilities,
            detector_mismatch=self.detector_mismatch,
        )
        ceiling = pair_ceiling_bits(one, other, source.pair_rate_hz * seconds)
        expected = {
            "coincidences": found.coincidences,
            "signal_to_noise": found.signal_to_noise
            if np.isfinite(found.signal_to_noise)
            else None,
            "qber_by_cause": dict(found.qber_by_cause),
        }
        return found.counts, ceiling, {"expected": expected}


def _per_slot(rates: list[float]) -> float | list[float]:
    return rates[0] if len(rates) == 1 else rates
