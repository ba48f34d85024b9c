"""What goes into a key-length proof and what comes out of it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from passes.key.audit import KeyAudit
from passes.key.epsilon import EpsilonBudget

Floats = NDArray[np.float64]


class ErrorCorrection(StrEnum):
    """Model of the bits disclosed for error correction, before they are known."""

    BLOCK = "block"
    LOGM = "logm"
    DISCLOSED = "disclosed"
    NONE = "none"


class Proof(StrEnum):
    """Named proof modes of decoy-state BB84 with three intensities.

    TIGHT is the one to use; LIM2014 is the printed paper, SATQUMA the program of that name.
    """

    TIGHT = "tight"
    LIM2014 = "lim2014"
    SATQUMA = "satquma"


class CountBound(StrEnum):
    """How far an observed count may lie from its expectation, in the mode `satquma`."""

    CHERNOFF = "chernoff"
    HOEFFDING = "hoeffding"
    ASYMPTOTIC = "asymptotic"


@dataclass(frozen=True, slots=True)
class SecurityParameters:
    """The promises of one block and the cost of error correction.

    Parameters
    ----------
    epsilon_secrecy, epsilon_correctness : in (0, 1)
    error_correction : model of the disclosed bits
    error_correction_efficiency : f >= 1, for the models
    disclosed_bits : for DISCLOSED, what was really sent over the public channel
    """

    epsilon_secrecy: float
    epsilon_correctness: float
    error_correction: ErrorCorrection
    error_correction_efficiency: float
    disclosed_bits: float | None = None


@dataclass(frozen=True, slots=True)
class DecoyCounts:
    """Detections and errors of one block by intensity.

    Floats when expected, whole numbers when measured.

    Parameters
    ----------
    key, test : detections where both sides chose the key (test) basis, by intensity; shape (3,)
    key_errors : bit errors in the key basis, all intensities together
    test_errors : bit errors in the test basis by intensity; shape (3,)
    """

    key: Floats
    test: Floats
    key_errors: float
    test_errors: Floats


@dataclass(frozen=True, slots=True)
class KeyResult:
    """A secret key length with every bound that led to it (one block, not per pass).

    Parameters
    ----------
    proof : proof mode
    secret_key_bits : length, never negative; not rounded (rounding down is done where bits are
        made)
    unclipped_bits : the same before it is clipped at zero; tells how far a hopeless pass is from
        key
    qber : bit error rate in the key basis
    phase_error : upper bound on the phase error rate of single-photon key events
    sifted_bits : detections in the key basis, n_X
    test_bits : detections in the test basis, n_Z
    key_errors : m_X
    vacuum_bits, single_photon_bits : lower bounds s_X0 and s_X1
    test_single_photon_bits : lower bound s_Z1
    test_single_photon_errors : upper bound v_Z1
    error_correction_bits : lambda_EC
    mean_photon_number : of the source, for the record
    asymptotic_bits : the same source and counts without finite-size cost, infinite decoys
    budget : how the promise is divided
    """

    proof: str
    secret_key_bits: float
    unclipped_bits: float
    qber: float
    phase_error: float
    sifted_bits: float
    test_bits: float
    key_errors: float
    vacuum_bits: float
    single_photon_bits: float
    test_single_photon_bits: float
    test_single_photon_errors: float
    error_correction_bits: float
    mean_photon_number: float
    asymptotic_bits: float
    budget: EpsilonBudget

    def audit(self) -> KeyAudit:
        """The same in the shape that all protocols share."""
        return KeyAudit(
            protocol="decoy-bb84",
            proof=self.proof,
            secret_key_bits=self.secret_key_bits,
            unclipped_bits=self.unclipped_bits,
            qber=self.qber,
            phase_error=self.phase_error,
            sifted_bits=self.sifted_bits,
            error_correction_bits=self.error_correction_bits,
            bounds={
                "unclipped_bits": self.unclipped_bits,
                "key_errors": self.key_errors,
                "test_bits": self.test_bits,
                "vacuum_bits": self.vacuum_bits,
                "single_photon_bits": self.single_photon_bits,
                "test_single_photon_bits": self.test_single_photon_bits,
                "test_single_photon_errors": self.test_single_photon_errors,
                "error_correction_bits": self.error_correction_bits,
            },
            budget=self.budget,
            asymptotic_bits=self.asymptotic_bits,
        )
