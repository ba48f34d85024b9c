"""`groundstation key length` for BB84 with two intensities."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from groundstation.cli.key_answer import KeyAnswer
from groundstation.cli.key_fields import (
    Fraction,
    HalfFraction,
    NotOptimised,
    Pair,
    Positive,
    PromisedInput,
    ReceiverInput,
    Strict,
    as_list,
    length_faults,
    one_of,
    presence_faults,
)
from passes.key.one_decoy.counts import one_decoy_counts_from_slots
from passes.key.one_decoy.proof import (
    OneDecoyCounts,
    OneDecoyProof,
    OneDecoySource,
    one_decoy_key,
)
from passes.key.repeaterless import plob_2017_bits

PROTOCOL = "one-decoy-bb84"
_WITH_EFFICIENCY = (
    "slot_s",
    "noise_probability_per_gate",
    "intrinsic_qber",
    "afterpulse_probability",
    "receiver",
)


class OneDecoySourceInput(Strict):
    """The sender."""

    pulse_rate_hz: Positive
    intensities: Pair
    probabilities: Pair
    key_basis_probability: Fraction


class OneDecoyCountsInput(Strict):
    """Counts of the whole block, by intensity."""

    key: Pair
    key_errors: Pair
    test: Pair
    test_errors: Pair


class OneDecoyInput(PromisedInput):
    """Everything that a key length follows from."""

    protocol: Literal["one-decoy-bb84"]
    proof: Annotated[str, one_of("proof", tuple(OneDecoyProof))] = (
        OneDecoyProof.WIESEMANN2026_EXACT.value
    )
    source: OneDecoySourceInput
    receiver: ReceiverInput | None = None
    efficiency: Annotated[list[Fraction], Field(min_length=1)] | None = None
    slot_s: Positive | None = None
    noise_probability_per_gate: Annotated[list[HalfFraction], BeforeValidator(as_list)] | None = (
        None
    )
    intrinsic_qber: HalfFraction | None = None
    afterpulse_probability: Fraction | None = None
    counts: OneDecoyCountsInput | None = None
    optimise: NotOptimised = None

    @staticmethod
    def presence_faults(document: Mapping[str, Any]) -> list[str]:
        """What the model cannot see because it looks at one key after the other."""
        faults = presence_faults(document, _WITH_EFFICIENCY)
        return faults + length_faults(document, "noise_probability_per_gate")

    def answer(self) -> KeyAnswer:
        """The key length of counts, or of those expected from the efficiencies."""
        source = OneDecoySource(
            pulse_rate_hz=self.source.pulse_rate_hz,
            intensities=self.source.intensities,
            probabilities=self.source.probabilities,
            key_basis_probability=self.source.key_basis_probability,
            intrinsic_qber=self.intrinsic_qber or 0.0,
        )
        ceiling = None
        if self.counts is None:
            pulses = self.source.pulse_rate_hz * (self.slot_s or 0.0) * self.repeats
            noise = self.noise_probability_per_gate or [0.0]
            each = noise[0] if len(noise) == 1 else noise
            counts = one_decoy_counts_from_slots(
                self.efficiency or [],
                pulses,
                each,
                each,
                source,
                self.receiver.key_basis_probability if self.receiver else 0.0,
                self.afterpulse_probability or 0.0,
            )
            ceiling = plob_2017_bits(self.efficiency or [], pulses)
        else:
            counts = OneDecoyCounts(
                np.array(self.counts.key),
                np.array(self.counts.test),
                np.array(self.counts.key_errors),
                np.array(self.counts.test_errors),
            )
        audit = one_decoy_key(counts, source, self.security(), proof=self.proof)
        names = {
            "source", "receiver", "slot_s", "intrinsic_qber", "afterpulse_probability",
            "error_correction", "repeats",
        }  # fmt: skip
        echoed = self.model_dump(mode="json", include=names, exclude_none=True)
        return KeyAnswer(audit, echoed, self.repeats, ceiling)
