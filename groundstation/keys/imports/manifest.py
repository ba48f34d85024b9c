"""A manifest from its text: strict JSON, then the schema, then plain records."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from pydantic import ValidationError

from groundstation.keys.imports.manifest_model import (
    TIER_2,
    Bbm92Manifest,
    Bbm92Reconciliation,
    DecoyReconciliation,
    FinalManifest,
    Manifest,
    OneDecoyReconciliation,
)
from groundstation.keys.imports.records import (
    Counts,
    Protocol,
    Reconciliation,
    Segment,
    Source,
)
from passes.counts.source import DecoySource
from passes.key.bbm92.proof import Bbm92Counts
from passes.key.one_decoy.proof import OneDecoyCounts, OneDecoySource
from passes.key.records import DecoyCounts

# What a reader of a refusal needs; a manifest may have hundreds of faults.
_FAULTS_SHOWN = 3


class ManifestFaultsError(ValueError):
    """A manifest that is refused; the message names its first faults."""


def parse_manifest(raw: bytes) -> tuple[dict[str, Any], Manifest]:
    """The document as it was written, and as the schema sees it.

    Raises
    ------
    ManifestFaultsError : not UTF-8, not JSON, a member twice, not of the schema
    """
    try:
        text = raw.decode("utf-8")
        document = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except ManifestFaultsError:
        raise
    except (ValueError, RecursionError) as error:
        raise ManifestFaultsError(f"it is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ManifestFaultsError("it is not a JSON object")
    try:
        return document, _model(document).model_validate_json(text)
    except ValidationError as error:
        raise ManifestFaultsError(_faults(error)) from error


def _model(document: dict[str, Any]) -> type[Manifest]:
    """Which of the forms it wants to be; the tier and the protocol say so."""
    tier, protocol = document.get("tier"), document.get("protocol")
    # In Python True is 1 and 2.0 is 2, in a manifest they are not; and a list is no number.
    if type(tier) is not int or tier not in {1, 2}:
        raise ManifestFaultsError("tier is neither 1 nor 2")
    if not isinstance(protocol, str) or protocol not in set(Protocol):
        raise ManifestFaultsError(f"protocol is none of {', '.join(Protocol)}")
    return FinalManifest if tier == 1 else TIER_2[protocol]


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ManifestFaultsError(f"member '{name}' stands there twice")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ManifestFaultsError(f"{name} is no number in JSON")


def _faults(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        path = ".".join(str(step) for step in fault["loc"])
        # Pydantic begins the message of our own validators with its kind.
        message = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{path}: {message}" if path else message)
    more = len(faults) - _FAULTS_SHOWN
    return "; ".join(faults[:_FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def segment_of(manifest: Manifest) -> Segment:
    """The plain record of what the file is."""
    return Segment(
        segment_id=UUID(manifest.segment_id),
        tier=manifest.tier,
        producer=manifest.producer,
        station=manifest.station,
        peer_station=manifest.peer_station,
        satellite=manifest.satellite,
        pass_id=manifest.pass_id,
        start=datetime.fromisoformat(manifest.start),
        end=datetime.fromisoformat(manifest.end),
        protocol=Protocol(manifest.protocol),
        n_bits=manifest.n_bits,
        epsilon_secrecy=manifest.epsilon.secrecy,
        epsilon_correctness=manifest.epsilon.correctness,
    )


def reconciliation_of(manifest: Manifest) -> Reconciliation | None:
    """The plain record of a tier-2 block; None for tier 1."""
    if isinstance(manifest, FinalManifest):
        return None
    block = manifest.reconciliation
    counts, source = _counts_and_source(block)
    return Reconciliation(
        pulses=block.pulses,
        selection=block.selection,
        counts=counts,
        source=source,
        leak_ec_bits=tuple(block.leak_ec_bits),
        points=tuple(int(tag.point, 16) for tag in block.verification),
        tags=tuple(int(tag.tag, 16) for tag in block.verification),
    )


def key_bits_counted(manifest: Manifest) -> int | None:
    """How many bits the key must have, by the tallies; None for tier 1."""
    if isinstance(manifest, FinalManifest):
        return None
    tallies = manifest.reconciliation.tallies
    return tallies.n_x + (tallies.n_z if isinstance(manifest, Bbm92Manifest) else 0)


def _counts_and_source(
    block: DecoyReconciliation | OneDecoyReconciliation | Bbm92Reconciliation,
) -> tuple[Counts, Source | None]:
    if isinstance(block, Bbm92Reconciliation):
        found = block.tallies
        sifted = _floats(found.n_x, found.n_z)
        return Bbm92Counts(sifted, _floats(*found.errors), found.detector_mismatch), None
    source = block.source
    # Pulse length and intrinsic error are not part of a proof from real counts.
    if isinstance(block, OneDecoyReconciliation):
        pair = block.tallies
        counts = OneDecoyCounts(
            *(_floats(*each) for each in (pair.key, pair.test, pair.key_errors, pair.test_errors))
        )
        two = block.source
        return counts, OneDecoySource(
            two.pulse_rate_hz, two.intensities, two.probabilities, two.key_basis_probability, 0.0
        )
    triple, three = block.tallies, block.source
    return DecoyCounts(
        key=_floats(*triple.key),
        test=_floats(*triple.test),
        key_errors=float(triple.key_errors),
        test_errors=_floats(*triple.test_errors),
    ), DecoySource(
        source.pulse_rate_hz,
        three.intensities,
        three.probabilities,
        three.key_basis_probability,
        pulse_fwhm_s=0.0,
        intrinsic_qber=0.0,
    )


def _floats(*values: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)
