"""`groundstation key length` for BB84 with three intensities: input, optimiser, answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from groundstation.cli.key_answer import KeyAnswer
from groundstation.cli.key_fields import (
    Fraction,
    HalfFraction,
    Number,
    Positive,
    PromisedInput,
    ReceiverInput,
    Strict,
    Triple,
    agreed,
    as_list,
    length_faults,
    one_of,
    presence_faults,
)
from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.decoy.counts import decoy_counts_from_slots
from passes.key.decoy.robust import worst_case_key
from passes.key.decoy.waterfall import key_waterfall
from passes.key.optimum.cuts import PublicPass, moments_above, scan_cuts
from passes.key.optimum.optimiser import optimise_each
from passes.key.optimum.task import BOUNDS, PARAMETERS, Optimisation
from passes.key.records import CountBound, DecoyCounts, Proof
from passes.key.repeaterless import plob_2017_bits
from passes.key.validity import check_counts, check_intensities, check_probabilities

PROTOCOL = "decoy-bb84"
CUTOFF = "cutoff_elevation_deg"
_WITH_EFFICIENCY = (
    "slot_s",
    "noise_probability_per_gate",
    "intrinsic_qber",
    "afterpulse_probability",
    "receiver",
)
# Names under which several parameters are freed together.
_GROUPS = {"intensities": ("mu1", "mu2"), "probabilities": ("p1", "p2")}
_STATISTICS = ("chernoff", "hoeffding")
_SENDER_ONLY = "source.key_basis_probability"


class SourceInput(Strict):
    """The sender."""

    pulse_rate_hz: Positive
    intensities: Annotated[Triple, agreed(check_intensities)]
    probabilities: Annotated[Triple, agreed(check_probabilities)]
    key_basis_probability: Fraction


class CountsInput(Strict):
    """Measured or expected counts of the whole block, by intensity."""

    key: Triple
    key_errors: Number
    test: Triple
    test_errors: Triple

    def to_counts(self) -> DecoyCounts:
        """The record of the proof."""
        return DecoyCounts(
            key=np.array(self.key),
            test=np.array(self.test),
            key_errors=self.key_errors,
            test_errors=np.array(self.test_errors),
        )


def _known_parameters(value: object) -> object:
    """`optimise`: true, or names of what is free."""
    if value is None or isinstance(value, bool):
        return value
    known = (*PARAMETERS, *_GROUPS, _SENDER_ONLY, CUTOFF)
    if not (isinstance(value, list) and value and all(name in known for name in value)):
        raise ValueError(f"{value!r:.60} is neither true nor a list of {', '.join(known)}")
    return value


def _parameter_bounds(value: object) -> object:
    """`bounds`: limits by name, or five pairs in the order of the parameters."""
    if isinstance(value, list) and len(value) == len(PARAMETERS):
        value = dict(zip(PARAMETERS, value, strict=True))
    if isinstance(value, str):
        if value not in _STATISTICS:
            raise ValueError(f"{value!r:.40} is neither {' nor '.join(_STATISTICS)}, nor limits")
        return value
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{value!r:.40} is no table of limits by name")
    return value


Bounds = dict[str, tuple[Number, Number]]


class DecoyInput(PromisedInput):
    """Everything that a key length follows from."""

    protocol: Literal["decoy-bb84"]
    proof: Annotated[str, one_of("proof", tuple(Proof))] = Proof.TIGHT.value
    source: SourceInput
    receiver: ReceiverInput | None = None
    efficiency: Annotated[list[Fraction], Field(min_length=1)] | None = None
    elevation_deg: (
        Annotated[list[Annotated[Number, Field(ge=-90.0, le=90.0)]], Field(min_length=1)] | None
    ) = None
    cutoff_elevation_deg: Annotated[Number, Field(ge=-90.0, le=90.0)] | None = None
    slot_s: Positive | None = None
    noise_probability_per_gate: Annotated[list[HalfFraction], BeforeValidator(as_list)] | None = (
        None
    )
    intrinsic_qber: HalfFraction | None = None
    afterpulse_probability: Fraction | None = None
    counts: Annotated[CountsInput, agreed(lambda given: check_counts(given.to_counts()))] | None = (
        None
    )
    count_bound: Annotated[str, one_of("count_bound", _STATISTICS)] = "chernoff"
    bounds: Annotated[str | Bounds | None, BeforeValidator(_parameter_bounds)] = None
    intensity_uncertainty: Annotated[Number, Field(ge=0.0, lt=0.5)] = 0.0
    optimise: Annotated[Any, AfterValidator(_known_parameters)] = None

    @model_validator(mode="after")
    def _allowed(self) -> "DecoyInput":
        """What is free lies within limits that hold something."""
        if isinstance(self.bounds, dict) or self.optimise:
            self.task()
        return self

    @staticmethod
    def presence_faults(document: Mapping[str, Any]) -> list[str]:
        """What the model cannot see because it looks at one key after the other."""
        faults = presence_faults(document, _WITH_EFFICIENCY)
        faults += length_faults(document, "noise_probability_per_gate", "elevation_deg")
        has_elevation = document.get("elevation_deg") is not None
        optimise = document.get("optimise")
        wants_cut = isinstance(optimise, list) and CUTOFF in optimise
        if (wants_cut or document.get(CUTOFF) is not None) and not has_elevation:
            faults.append("elevation_deg: is missing; a cut-off needs it")
        if optimise and document.get("counts") is not None:
            faults.append("optimise: counts cannot be optimised; give efficiency")
        if isinstance(document.get("bounds"), dict | list) and not optimise:
            faults.append("bounds: has no meaning without optimise")
        return faults

    def answer(self) -> KeyAnswer:
        """The key length, at the settings given or at the best ones."""
        if self.counts is not None:
            return self._answer(self._source(), self.counts.to_counts(), None, {})
        plan = self._optimum() if self.optimise else self._given()
        chosen = self._above(plan.cutoff_deg)
        counts = decoy_counts_from_slots(
            *chosen,
            plan.source,
            plan.receiver,
            self.afterpulse_probability or 0.0,
            errors_by_detections=self.proof == Proof.SATQUMA,
        )
        ceiling = plob_2017_bits(chosen[0], chosen[1])
        return self._answer(plan.source, counts, ceiling, self._extra(plan), plan.receiver)

    def _answer(
        self,
        source: DecoySource,
        counts: DecoyCounts,
        ceiling: float | None,
        extra: Mapping[str, Any],
        receiver: float | None = None,
    ) -> KeyAnswer:
        result, assumed = worst_case_key(
            counts,
            source,
            self.security(),
            intensity_uncertainty=self.intensity_uncertainty,
            proof=self.proof,
            count_bound=self._count_bound(),
        )
        steps = key_waterfall(
            counts, assumed, self.security(), proof=self.proof, count_bound=self._count_bound()
        )
        waterfall = [
            {"cause": step.cause, "cost_bits": step.cost_bits, "left_bits": step.left_bits}
            for step in steps
        ]
        parameters = self._parameters(source, receiver)
        parameters["mean_photon_number"] = result.mean_photon_number
        return KeyAnswer(
            result.audit(), parameters, self.repeats, ceiling, {**extra, "waterfall": waterfall}
        )

    def _source(self) -> DecoySource:
        """The source as passes knows it; with counts, its intrinsic error plays no part."""
        return DecoySource(
            pulse_rate_hz=self.source.pulse_rate_hz,
            intensities=self.source.intensities,
            probabilities=self.source.probabilities,
            key_basis_probability=self.source.key_basis_probability,
            pulse_fwhm_s=0.0,
            intrinsic_qber=self.intrinsic_qber or 0.0,
        )

    def _count_bound(self) -> CountBound:
        return CountBound(self.bounds if isinstance(self.bounds, str) else self.count_bound)

    def _receiver(self) -> float:
        return self.receiver.key_basis_probability if self.receiver else 0.0

    def _given(self) -> "_Plan":
        return _Plan(self._source(), self._receiver(), self.cutoff_elevation_deg)

    def task(self) -> Optimisation:
        """What the optimiser may change."""
        asked = self.optimise
        names = list(PARAMETERS) if asked is True else list(asked or ())
        free = [p for name in names for p in _GROUPS.get(name, (name,)) if p in PARAMETERS]
        sender_only = _SENDER_ONLY in names
        if sender_only:
            free.append("key_basis_probability")
        follows = "key_basis_probability" in names and not sender_only
        try:
            return Optimisation(
                security=self.security(),
                proof=Proof(self.proof),
                count_bound=self._count_bound(),
                free=tuple(dict.fromkeys(free)),
                bounds=self.bounds if isinstance(self.bounds, dict) else {},
                receiver_key_basis_probability=None if follows else self._receiver(),
                afterpulse_probability=self.afterpulse_probability or 0.0,
                intensity_uncertainty=self.intensity_uncertainty,
            )
        except KeyLengthError as error:
            raise ValueError(str(error)) from error

    def _optimum(self) -> "_Plan":
        task, source = self.task(), self._source()
        # A cut-off that is given stays, unless its name is among what may change.
        free_cut = isinstance(self.optimise, list) and CUTOFF in self.optimise
        wants_cut = free_cut or (self.optimise is True and self.cutoff_elevation_deg is None)
        if self.elevation_deg is None or not wants_cut:
            seen = self._public()
            cut = -90.0 if self.cutoff_elevation_deg is None else self.cutoff_elevation_deg
            best = optimise_each(moments_above(seen, np.radians([cut])), source, task)[0]
            return _Plan(
                best.source, best.receiver_key_basis_probability, self.cutoff_elevation_deg
            )
        scan = scan_cuts(self._public(), source, task)
        best = scan.optima[scan.best]
        cut = float(np.degrees(scan.cuts_rad[scan.best]))
        return _Plan(best.source, best.receiver_key_basis_probability, cut)

    def _public(self) -> PublicPass:
        eta = self.efficiency or []
        elevation = self.elevation_deg or [90.0] * len(eta)
        noise = self._noise()
        return PublicPass.of(np.radians(elevation), eta, self._pulses(), noise, noise)

    def _above(self, cutoff_deg: float | None) -> tuple[Any, Any, Any, Any]:
        """Efficiency, pulses and noises of the slots at or above the cut-off."""
        seen = self._public()
        use = np.ones(len(seen.efficiency), dtype=bool)
        if cutoff_deg is not None:
            use = seen.elevation_rad >= np.radians(cutoff_deg) - 1e-12
        return seen.efficiency[use], seen.pulses[use], seen.noise_key[use], seen.noise_test[use]

    def _noise(self) -> float | list[float]:
        noise = self.noise_probability_per_gate or [0.0]
        return noise[0] if len(noise) == 1 else noise

    def _pulses(self) -> float:
        """Pulses of one slot in all repeats together."""
        return self.source.pulse_rate_hz * (self.slot_s or 0.0) * self.repeats

    def _extra(self, plan: "_Plan") -> dict[str, Any]:
        if not self.optimise:
            return {}
        task = self.task()
        limits = {name: list({**BOUNDS, **task.bounds}[name]) for name in task.free}
        return {
            "optimised": {
                "free": list(task.free),
                "bounds": limits,
                "cutoff_elevation_deg": plan.cutoff_deg,
            }
        }

    def _parameters(self, source: DecoySource, receiver: float | None) -> dict[str, Any]:
        """What the input said, without the long lists, with the settings that were used."""
        names = {
            "receiver", "slot_s", "intrinsic_qber", "afterpulse_probability", "error_correction",
            "repeats", CUTOFF,
        }  # fmt: skip
        echoed = self.model_dump(mode="json", include=names, exclude_none=True)
        echoed["source"] = {
            "pulse_rate_hz": source.pulse_rate_hz,
            "intensities": list(source.intensities),
            "probabilities": list(source.probabilities),
            "key_basis_probability": source.key_basis_probability,
        }
        if receiver is not None:
            echoed["receiver"] = {"key_basis_probability": receiver}
        if self.proof == Proof.SATQUMA:
            echoed["count_bound"] = self._count_bound().value
        if self.intensity_uncertainty:
            echoed["intensity_uncertainty"] = self.intensity_uncertainty
        if len(self.noise_probability_per_gate or []) == 1:
            echoed["noise_probability_per_gate"] = self._noise()
        return echoed


@dataclass(frozen=True, slots=True)
class _Plan:
    """Settings of a pass: source, receiver's basis, cut-off."""

    source: DecoySource
    receiver: float
    cutoff_deg: float | None
