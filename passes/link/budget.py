"""Named loss terms that add up to the loss of a link."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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
    loss_db : positive is loss; shape (n,) like the track
    group : where in the link it happens
    source : the published model, or where the value comes from
    is_random : True if `loss_db` is the mean of something that fluctuates within a second
    """

    name: str
    loss_db: Floats
    group: TermGroup
    source: str
    is_random: bool = False


@dataclass(frozen=True, slots=True)
class LinkBudget:
    """The loss of a link from the point where the photon number is defined to a click."""

    terms: tuple[Term, ...]

    @property
    def total_db(self) -> Floats:
        """Sum of all terms [dB], shape (n,)."""
        return np.asarray(np.sum([term.loss_db for term in self.terms], axis=0))

    @property
    def efficiency(self) -> Floats:
        """Probability that one photon leads to a click, shape (n,)."""
        return 10.0 ** (-self.total_db / 10.0)

    def group_db(self, group: TermGroup) -> Floats:
        """Sum of the terms of one group [dB], shape (n,)."""
        chosen = [term.loss_db for term in self.terms if term.group is group]
        if not chosen:
            return np.zeros_like(self.terms[0].loss_db)
        return np.asarray(np.sum(chosen, axis=0))

    def term(self, name: str) -> Term:
        """The term of that name."""
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(name)
