"""Named loss terms that add up to the loss of a link."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from passes.errors import LinkError

Floats = NDArray[np.float64]

NEPERS_PER_DB = math.log(10.0) / 10.0
# What a reader of two decimals sees as nothing.
LEAST_SHOWN_DB = 0.005
NAMED_AS_LARGEST = 3


class TermGroup(StrEnum):
    """Where in the link a loss happens."""

    GEOMETRY = "geometry"
    POINTING = "pointing"
    ATMOSPHERE = "atmosphere"
    RECEIVER = "receiver"
    DETECTOR = "detector"


@dataclass(frozen=True, slots=True)
class Term:
    """One loss, each counted once.

    Parameters
    ----------
    name : short identifier, unique in a budget
    loss_db : positive is loss; of something random it is the loss of the mean transmittance, which
        is what counts follow; shape (n,) like the track
    group : where in the link it happens
    source : the published model, or where the value comes from
    is_random : True if it fluctuates within a second
    spread_db : standard deviation of what fluctuates, in decibels and shape (n,); None if nothing
        does, or if no model says how much. It is no part of the mean: nothing adds it to `loss_db`.
    """

    name: str
    loss_db: Floats
    group: TermGroup
    source: str
    is_random: bool = False
    spread_db: Floats | None = None

    def sentence(self, index: int) -> str:
        """What the term costs at one sample, from where, and whether it is random."""
        loss_db = float(self.loss_db[index])
        cost = f"costs {loss_db:.2f} dB" if abs(loss_db) >= LEAST_SHOWN_DB else "costs nothing"
        how = "steady within a second"
        if self.is_random:
            cost += " on average"
            how = "random"
            if self.spread_db is not None:
                how += f", with a standard deviation of {float(self.spread_db[index]):.2f} dB"
        return f"{self.name} ({self.group}) {cost}, {how}: {self.source}"


@dataclass(frozen=True, slots=True)
class Label:
    """What a term is called, where in the link it happens and where it comes from, as in `Term`."""

    name: str
    group: TermGroup
    source: str
    is_random: bool = False

    def term(self, loss_db: Floats, spread_db: Floats | None = None) -> Term:
        """The term of that label."""
        return Term(self.name, loss_db, self.group, self.source, self.is_random, spread_db)


# What a term is called, the row of its loss and that of its spread, if it has one.
Row = tuple[Label, int, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class TermTable(Sequence[Term]):
    """Terms as rows of one table; each becomes a record when someone asks for it.

    Parameters
    ----------
    rows : of the terms, in their order
    values_db : losses and spreads that differ from sample to sample, shape (k, n)
    steady_db : losses and spreads that do not, by the rows from k on
    """

    rows: tuple[Row, ...]
    values_db: Floats
    steady_db: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Term: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Term, ...]: ...

    def __getitem__(self, index: int | slice) -> Term | tuple[Term, ...]:
        if isinstance(index, slice):
            return tuple(self._term(row) for row in self.rows[index])
        return self._term(self.rows[index])

    def summed_db(self) -> Floats:
        """Sum of all losses in their order [dB], shape (n,)."""
        changing, samples = self.values_db.shape
        total = np.zeros(samples)
        for _, loss, _ in self.rows:
            total += self.values_db[loss] if loss < changing else self.steady_db[loss - changing]
        return total

    def spread_of(self, name: str) -> Floats | None:
        """Spread of the term of that name [dB], shape (n,); None without one."""
        row = next((spread for label, _, spread in self.rows if label.name == name), None)
        return None if row is None else self._values(row)

    def _term(self, row: Row) -> Term:
        label, loss, spread = row
        return label.term(self._values(loss), None if spread is None else self._values(spread))

    def _values(self, row: int) -> Floats:
        changing, samples = self.values_db.shape
        if row < changing:
            return np.asarray(self.values_db[row])
        # One number that is shown as many.
        return np.broadcast_to(np.float64(self.steady_db[row - changing]), samples)


def loss_db_of(transmittance: ArrayLike) -> Floats:
    """Transmittance as positive decibels."""
    loss_db = np.array(transmittance, dtype=np.float64)
    write_loss_db(loss_db, loss_db)
    return loss_db


def write_loss_db(transmittance: Floats, out: Floats) -> None:
    """Write transmittance as positive decibels; adding zero turns -0.0 into 0.0."""
    np.log(transmittance, out)
    out *= -1.0 / NEPERS_PER_DB
    out += 0.0


def summed_db(terms: Sequence[Term]) -> Floats:
    """Sum of at least one term [dB], shape (n,)."""
    return np.asarray(np.add.reduce([term.loss_db for term in terms]))


@dataclass(frozen=True, slots=True)
class LinkBudget:
    """The loss of a link from the point where the photon number is defined to a click.

    Parameters
    ----------
    terms : each loss once; a table of terms reads like a tuple of them

    Raises
    ------
    LinkError : two terms have the same name, so that one loss would count twice
    """

    terms: Sequence[Term]

    def __post_init__(self) -> None:
        if isinstance(self.terms, TermTable):
            names = [label.name for label, _, _ in self.terms.rows]
        else:
            names = [term.name for term in self.terms]
        if len(set(names)) < len(names):
            name, times = Counter(names).most_common(1)[0]
            raise LinkError(f"term {name!r} stands {times} times in one link budget")

    @property
    def total_db(self) -> Floats:
        """Sum of all terms [dB], shape (n,)."""
        if isinstance(self.terms, TermTable):
            return self.terms.summed_db()
        return summed_db(self.terms)

    @property
    def spread_db(self) -> Floats:
        """Standard deviation of the loss within a second [dB], shape (n,).

        Terms fluctuate independently, so that their variances add.
        """
        known = [term.spread_db for term in self.terms if term.spread_db is not None]
        if not known:
            return np.zeros_like(self.terms[0].loss_db)
        return np.asarray(np.sqrt(np.sum(np.square(known), axis=0)))

    @property
    def efficiency(self) -> Floats:
        """Probability that one photon leads to a click, shape (n,)."""
        return np.asarray(np.exp(self.total_db * -NEPERS_PER_DB))

    @property
    def live_share(self) -> Floats | None:
        """Share of clicks that detectors do not miss, shape (n,); None without dead time."""
        dead = next((term for term in self.terms if term.name == "dead time"), None)
        return None if dead is None else np.asarray(np.exp(dead.loss_db * -NEPERS_PER_DB))

    def group_db(self, group: TermGroup) -> Floats:
        """Sum of the terms of one group [dB], shape (n,)."""
        chosen = [term for term in self.terms if term.group is group]
        return summed_db(chosen) if chosen else np.zeros_like(self.terms[0].loss_db)

    def term(self, name: str) -> Term:
        """The term of that name."""
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(name)

    def spread_of(self, name: str) -> Floats | None:
        """Spread of the term of that name [dB], shape (n,); None where there is none."""
        if isinstance(self.terms, TermTable):
            return self.terms.spread_of(name)
        return next((term.spread_db for term in self.terms if term.name == name), None)

    def explain(self, index: int) -> tuple[str, ...]:
        """The budget in words at one sample: a sentence per term, then the whole.

        Parameters
        ----------
        index : of the sample along the track

        Returns
        -------
        One sentence per term in the order of the light's way, then the total with its largest
        three, then how much of it fluctuates.
        """
        total_db = float(self.total_db[index])
        largest = sorted(self.terms, key=lambda term: -float(term.loss_db[index]))
        named = [
            f"{term.name} {float(term.loss_db[index]):.2f} dB"
            for term in largest[:NAMED_AS_LARGEST]
        ]
        whole = (
            f"together {total_db:.2f} dB: one photon in {10.0 ** (total_db / 10.0):,.0f} leads to "
            f"a click; the largest are {', '.join(named)}"
        )
        random = [term for term in self.terms if term.is_random]
        unknown = [term.name for term in random if term.spread_db is None]
        fluctuating = "nothing is random within a second"
        if random:
            fluctuating = (
                f"random within a second: {', '.join(term.name for term in random)}; together "
                f"{float(self.spread_db[index]):.2f} dB (standard deviation)"
            )
        if unknown:
            fluctuating += f", without {', '.join(unknown)}, of which it is not known"
        return (*(term.sentence(index) for term in self.terms), whole, fluctuating)
