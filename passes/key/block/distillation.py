"""After the pass: whole counts in, a whole number of secret bits out, with everything written down.

A part of a pass may be left out of the block, but the choice must not depend on secret data: a
cut-off chosen by looking at the errors would void the proof. So measured counts are sealed: they
can be summed once, for a choice of slots that the functions below made from public data
(`PublicPass`, an elevation), and cannot be looked at slot by slot. Whoever seals the same counts
twice, or puts secret numbers where public ones belong, goes around this module and the proof.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.counts.source import DecoySource
from passes.errors import KeyLengthError
from passes.key.audit import KeyAudit, whole_bits
from passes.key.decoy.proof import secret_key
from passes.key.optimum.cuts import CutScan, PublicPass
from passes.key.records import DecoyCounts, Proof, SecurityParameters

Flags = NDArray[np.bool_]


_FROM_PUBLIC_DATA = object()


class PublicChoice:
    """Which slots make the block, and why; only the functions below make one, from public data."""

    __slots__ = ("_reason", "_slots")

    def __init__(self, slots: Flags, reason: str, *, token: object = None) -> None:
        if token is not _FROM_PUBLIC_DATA:
            raise KeyLengthError(
                "a choice of slots is made by whole_pass, above_elevation or best_of only"
            )
        self._slots = np.array(slots, dtype=bool)
        self._slots.setflags(write=False)
        self._reason = reason

    @property
    def slots(self) -> Flags:
        """True where a slot is used, shape (n,); read only."""
        return self._slots

    @property
    def reason(self) -> str:
        """For the record."""
        return self._reason


def whole_pass(slots: int) -> PublicChoice:
    """Every slot."""
    return PublicChoice(np.ones(slots, dtype=bool), "whole pass", token=_FROM_PUBLIC_DATA)


def above_elevation(observed: PublicPass, elevation_rad: float) -> PublicChoice:
    """Slots at or above an elevation that was fixed beforehand."""
    if not abs(elevation_rad) <= np.pi / 2.0:
        raise KeyLengthError(f"elevation {elevation_rad:g} is outside -pi/2..pi/2")
    return PublicChoice(
        observed.elevation_rad >= elevation_rad,
        f"elevation at or above {np.degrees(elevation_rad):.3f} deg",
        token=_FROM_PUBLIC_DATA,
    )


def best_of(observed: PublicPass, scan: CutScan) -> PublicChoice:
    """Slots above the cut-off with the longest key expected from public data."""
    cut = float(scan.cuts_rad[scan.best])
    chosen = above_elevation(observed, cut)
    return PublicChoice(
        chosen.slots, f"{chosen.reason}, longest expected key", token=_FROM_PUBLIC_DATA
    )


class MeasuredCounts:
    """Counts of a pass by slot, sealed: `open` sums them once for one public choice.

    Parameters
    ----------
    key, test : detections by intensity and slot, whole numbers; shape (3, n)
    key_errors : errors in the key basis by slot, shape (n,)
    test_errors : errors in the test basis, shape (3, n)
    """

    __slots__ = ("__arrays", "__opened")

    def __init__(
        self, key: ArrayLike, test: ArrayLike, key_errors: ArrayLike, test_errors: ArrayLike
    ) -> None:
        arrays = {"key": key, "test": test, "key_errors": key_errors, "test_errors": test_errors}
        self.__arrays = {name: _whole(name, values) for name, values in arrays.items()}
        self.__opened: str | None = None
        slots = int(self.__arrays["key"].shape[-1]) if self.__arrays["key"].ndim else 0
        for name, values in self.__arrays.items():
            shape = (slots,) if name == "key_errors" else (3, slots)
            if values.shape != shape:
                raise KeyLengthError(f"{name} has shape {values.shape}, not {shape}")
        wrong, right = self.__arrays["test_errors"], self.__arrays["test"]
        if np.any(wrong > right) or np.any(
            self.__arrays["key_errors"] > self.__arrays["key"].sum(axis=0)
        ):
            raise KeyLengthError("a slot holds more errors than detections")

    @property
    def slots(self) -> int:
        """Number of slots."""
        return int(self.__arrays["key"].shape[-1])

    def __repr__(self) -> str:
        """Nothing of what is inside."""
        state = "sealed" if self.__opened is None else f"opened: {self.__opened}"
        return f"MeasuredCounts({self.slots} slots, {state})"

    def __reduce__(self) -> str:
        """Refuse to be copied or stored: a copy could be opened again."""
        raise KeyLengthError("sealed counts cannot be copied or stored")

    def open(self, choice: PublicChoice) -> DecoyCounts:
        """Sum the chosen slots; a second call is refused, whatever it asks for."""
        if not isinstance(choice, PublicChoice):
            raise KeyLengthError(f"{type(choice).__name__} is no choice from public data")
        if self.__opened is not None:
            raise KeyLengthError(
                f"these counts were opened already ({self.__opened}); a second choice could "
                "follow from the first result"
            )
        if choice.slots.shape != (self.slots,):
            raise KeyLengthError(f"choice is of {len(choice.slots)} slots, counts of {self.slots}")
        self.__opened = choice.reason
        sums = {
            name: values[..., choice.slots].sum(axis=-1).astype(np.float64)
            for name, values in self.__arrays.items()
        }
        return DecoyCounts(
            key=sums["key"],
            test=sums["test"],
            key_errors=float(sums["key_errors"]),
            test_errors=sums["test_errors"],
        )


def _whole(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise KeyLengthError(f"{name} holds {array.dtype} values, not whole numbers")
    if np.any(array < 0):
        raise KeyLengthError(f"{name} holds a negative count")
    return array.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Distillation:
    """How many bits may be made, and the record that says why.

    Parameters
    ----------
    secret_bits : whole, rounded safely
    choice : which slots were used and why
    counts : their sums
    audit : every bound and the budget
    """

    secret_bits: int
    choice: str
    counts: DecoyCounts
    audit: KeyAudit


def distil(
    measured: MeasuredCounts,
    choice: PublicChoice,
    source: DecoySource,
    security: SecurityParameters,
    *,
    proof: Proof | str = Proof.TIGHT,
) -> Distillation:
    """Key length of one block of measured counts; the counts stay opened.

    Several passes in one block are joined slot by slot before they are sealed. For DISCLOSED error
    correction `security` holds the bits that were really sent.
    """
    counts = measured.open(choice)
    audit = secret_key(counts, source, security, proof=proof).audit()
    return Distillation(whole_bits(audit.secret_key_bits), choice.reason, counts, audit)
