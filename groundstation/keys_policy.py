"""How a node keeps its key and talks about it, from the network file; records only."""

from dataclasses import dataclass, field
from enum import StrEnum


class KekPlace(StrEnum):
    """Where key-encryption keys are kept."""

    FILE = "file"
    SYSTEMD = "systemd"
    PASSPHRASE = "passphrase"
    PKCS11 = "pkcs11"


@dataclass(frozen=True, slots=True)
class KekPolicy:
    """Where key-encryption keys are kept, and what that place needs.

    Parameters
    ----------
    folder : of key files, or of salts and what a module has encrypted
    credential : name of the systemd credential
    variable : environment variable that holds the passphrase or the PIN
    module, token : shared library and token's label of PKCS#11
    """

    place: KekPlace = KekPlace.FILE
    folder: str = ""
    credential: str = ""
    variable: str = ""
    module: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """PEM files of this node and where it listens."""

    certificate: str
    private_key: str
    authority: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PeerPolicy:
    """Another node: where it listens, and the file of the secret that both share."""

    name: str
    host: str
    port: int
    secret_file: str


@dataclass(frozen=True, slots=True)
class TransportPolicy:
    """A key that producers of key files seal with: its name and its two secret files."""

    key_id: str
    secret_file: str
    comparison_secret_file: str


@dataclass(frozen=True, slots=True)
class PersonPolicy:
    """Somebody who may agree to a purge; `token_sha256` is of their token file's content."""

    name: str
    token_sha256: str


@dataclass(frozen=True, slots=True)
class RandomnessPolicy:
    """Where random bytes come from.

    Parameters
    ----------
    source : "system", "file", "device" or "command"
    path, arguments : of it
    profile : of a known generator; gives the tests
    sample_bits, min_entropy_per_sample, alpha_log2 : of its health tests, without a profile
    falls_back : whether the system's generator alone will do while the hardware is out of service
    """

    source: str = "system"
    path: str = ""
    arguments: tuple[str, ...] = ()
    profile: str = ""
    sample_bits: int = 8
    min_entropy_per_sample: float = 7.0
    alpha_log2: float = -30.0
    falls_back: bool = False


@dataclass(frozen=True, slots=True)
class KeyStorePolicy:
    """A node's key ledger and its neighbours; paths are absolute.

    Parameters
    ----------
    node : whose ledger it is
    tls : None where the node talks to nobody
    lifetime_s : after which imported key expires; None for never
    with_tags : whether relay messages carry one-time tags
    levels : status documents of other nodes that tell the planner what is in their pools
    """

    node: str
    folder: str
    kek: KekPolicy
    tls: TlsPolicy | None = None
    peers: tuple[PeerPolicy, ...] = ()
    transport_keys: tuple[TransportPolicy, ...] = ()
    persons: tuple[PersonPolicy, ...] = ()
    lifetime_s: float | None = None
    retry_s: float = 5.0
    with_tags: bool = True
    levels: tuple[str, ...] = ()
    randomness: RandomnessPolicy = field(default_factory=RandomnessPolicy)
