"""The schema of `manifest.json`: every field, its form, and what fields must say together.

Unknown fields are refused, numbers are numbers, counts are whole. Only what a manifest says by
itself is checked here; whether it is authentic, and whether it fits the key, is checked by others.
"""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from groundstation.keys.imports.records import Protocol, Selection

SCHEMA = "groundstation-key-segment/1"
# Ten times the longest pass that anybody has reported, in bits of sifted key.
LARGEST_KEY_BITS = 500_000_000

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex12 = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
Hex8 = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Uuid = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,127}$")]
Utc = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")
]
Count = Annotated[int, Field(ge=0, le=10**15)]
Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Intensity = Annotated[float, Field(ge=0.0, le=100.0)]
Triple = tuple[Count, Count, Count]
Pair = tuple[Count, Count]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Epsilon(_Strict):
    """What is promised of the final key."""

    secrecy: Probability
    correctness: Probability


class Transport(_Strict):
    """Under which key the file is sealed, and with which nonce."""

    key_id: Name
    nonce: Hex12


class TagModel(_Strict):
    """A verification tag of the other end of the link."""

    point: Hex8
    tag: Hex8


class DecoySourceModel(_Strict):
    """The source of a block with three intensities."""

    pulse_rate_hz: Annotated[float, Field(gt=0.0, le=1e12)]
    intensities: tuple[Intensity, Intensity, Intensity]
    probabilities: tuple[Probability, Probability, Probability]
    key_basis_probability: Fraction


class OneDecoySourceModel(_Strict):
    """The source of a block with two intensities."""

    pulse_rate_hz: Annotated[float, Field(gt=0.0, le=1e12)]
    intensities: tuple[Intensity, Intensity]
    probabilities: tuple[Probability, Probability]
    key_basis_probability: Fraction


class DecoyTallies(_Strict):
    """Detections and errors by intensity (signal, decoy, vacuum)."""

    n_x: Count
    n_z: Count
    key: Triple
    test: Triple
    key_errors: Count
    test_errors: Triple

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _check_sum("n_x", self.n_x, "key", self.key)
        _check_sum("n_z", self.n_z, "test", self.test)
        _check_errors("key_errors", (self.key_errors,), (self.n_x,))
        _check_errors("test_errors", self.test_errors, self.test)
        return self


class OneDecoyTallies(_Strict):
    """Detections and errors by intensity (signal, decoy)."""

    n_x: Count
    n_z: Count
    key: Pair
    test: Pair
    key_errors: Pair
    test_errors: Pair

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _check_sum("n_x", self.n_x, "key", self.key)
        _check_sum("n_z", self.n_z, "test", self.test)
        _check_errors("key_errors", self.key_errors, self.key)
        _check_errors("test_errors", self.test_errors, self.test)
        return self


class Bbm92Tallies(_Strict):
    """Coincidences and errors by basis (X, Z); the key holds the bits of X, then those of Z."""

    n_x: Count
    n_z: Count
    errors: Pair
    detector_mismatch: Annotated[float, Field(ge=0.0, lt=0.5)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        _check_errors("errors", self.errors, (self.n_x, self.n_z))
        return self


class _Reconciliation(_Strict):
    pulses: Annotated[int, Field(ge=1, le=10**15)]
    selection: Annotated[Selection, Field(strict=False)]
    verification: Annotated[tuple[TagModel, ...], Field(min_length=1, max_length=8)]


class DecoyReconciliation(_Reconciliation):
    """Until both ends had the same bits: three intensities."""

    source: DecoySourceModel
    tallies: DecoyTallies
    leak_ec_bits: tuple[Count]


class OneDecoyReconciliation(_Reconciliation):
    """The same with two intensities."""

    source: OneDecoySourceModel
    tallies: OneDecoyTallies
    leak_ec_bits: tuple[Count]


class Bbm92Reconciliation(_Reconciliation):
    """The same with entangled pairs; what was disclosed is counted by basis."""

    tallies: Bbm92Tallies
    leak_ec_bits: tuple[Count, Count]


class _Manifest(_Strict):
    schema_: Annotated[Literal["groundstation-key-segment/1"], Field(alias="schema")]
    segment_id: Uuid
    producer: Name
    station: Name
    peer_station: Name | None
    satellite: Name | None
    pass_id: Name | None
    start: Utc
    end: Utc
    n_bits: Annotated[int, Field(ge=1, le=LARGEST_KEY_BITS)]
    epsilon: Epsilon
    transport: Transport
    comparison_digest: Hex32
    ciphertext_sha256: Hex32
    producer_mac: Hex32

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if uuid.UUID(self.segment_id).int == 0:
            raise ValueError("segment_id is all zeros")
        start, end = (_instant(name, getattr(self, name)) for name in ("start", "end"))
        if end < start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.peer_station is None and self.satellite is None:
            raise ValueError("neither peer_station nor satellite says who else holds the key")
        if self.peer_station == self.station:
            raise ValueError(f"station and peer_station are both '{self.station}'")
        return self


class FinalManifest(_Manifest):
    """Tier 1: key that is ready for use."""

    tier: Literal[1]
    protocol: Annotated[Protocol, Field(strict=False)]


class DecoyManifest(_Manifest):
    """Tier 2 with three intensities."""

    tier: Literal[2]
    protocol: Literal["decoy-bb84"]
    reconciliation: DecoyReconciliation


class OneDecoyManifest(_Manifest):
    """Tier 2 with two intensities."""

    tier: Literal[2]
    protocol: Literal["one-decoy-bb84"]
    reconciliation: OneDecoyReconciliation


class Bbm92Manifest(_Manifest):
    """Tier 2 with entangled pairs."""

    tier: Literal[2]
    protocol: Literal["bbm92"]
    reconciliation: Bbm92Reconciliation


Manifest = FinalManifest | DecoyManifest | OneDecoyManifest | Bbm92Manifest
TIER_2: dict[str, type[DecoyManifest | OneDecoyManifest | Bbm92Manifest]] = {
    "decoy-bb84": DecoyManifest,
    "one-decoy-bb84": OneDecoyManifest,
    "bbm92": Bbm92Manifest,
}


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of a manifest, as it is shipped in `data/keys/`."""
    schema: dict[str, Any] = TypeAdapter(Manifest).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "manifest.json of a key file",
        **schema,
    }


def _instant(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name} '{text}' is no instant") from error


def _check_sum(name: str, total: int, parts_name: str, parts: tuple[int, ...]) -> None:
    if total != sum(parts):
        raise ValueError(f"{name} = {total} is not the sum of {parts_name}, {sum(parts)}")


def _check_errors(name: str, errors: tuple[int, ...], detections: tuple[int, ...]) -> None:
    for index, (wrong, all_of_them) in enumerate(zip(errors, detections, strict=True)):
        if wrong > all_of_them:
            raise ValueError(f"{name}[{index}] = {wrong} exceeds its {all_of_them} detections")
