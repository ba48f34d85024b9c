"""Tables of a node's key ledger, its peers, and its randomness."""

from typing import Literal

from pydantic import Field

from groundstation.config.document.fields import Name, Table, Text, needed, optional, tables
from groundstation.config.document.notify import VARIABLE

ADDRESS = r"^[^\s:]+:[0-9]{1,5}$"


class Kek(Table):
    """Where key-encryption keys are kept."""

    provider: Literal["file", "systemd", "passphrase", "pkcs11"] = optional(
        "file", "place of the key-encryption keys"
    )
    folder: Text = optional(
        "kek", "files of keys or salts; better on another disk than the ledger's"
    )
    credential: Text | None = optional(None, "name of the systemd credential")
    variable: Text | None = optional(
        None, "environment variable that holds the passphrase or the PIN", pattern=VARIABLE
    )
    module: Text | None = optional(None, "shared library of the PKCS#11 module")
    token: Text | None = optional(None, "label of the PKCS#11 token")


class Tls(Table):
    """Certificates of this node, and where its station process listens."""

    certificate: Text = needed("PEM file; its subject alternative name is the node's name")
    private_key: Text = needed("PEM file of mode 0600")
    authority: Text = needed("PEM file of the authority that all nodes trust")
    listen: Text = needed("HOST:PORT", pattern=ADDRESS)


class Peer(Table):
    """Another node that this one shares key with or relays through."""

    name: Name = needed("station or fibre node")
    address: Text = needed("HOST:PORT where its station process listens", pattern=ADDRESS)
    secret_file: Text = needed("32 random bytes that both nodes have, mode 0600")


class TransportKey(Table):
    """What a producer of key files and this node share."""

    key_id: Text = needed("its public name, as key files say it")
    secret_file: Text = needed("32 random bytes of producer and node, mode 0600")
    comparison_secret_file: Text = needed("32 random bytes of producer and both ends, mode 0600")


class Person(Table):
    """Somebody whose token, with another person's, lets key be purged."""

    name: Text = needed("as the audit log says it")
    token_sha256: Text = needed("SHA-256 of the token file, hexadecimal", pattern=r"^[0-9a-f]{64}$")


class Keys(Table):
    """The key ledger of one node."""

    node: Name = needed("station or fibre node that this machine serves")
    folder: Text = optional("keys", "of the ledger, on a local disk")
    kek: Kek = Field(default_factory=Kek, description="where key-encryption keys are kept")
    tls: Tls | None = Field(default=None, description="to talk to other nodes")
    peers: list[Peer] = tables("other nodes")
    transport_keys: list[TransportKey] = tables("keys that key files are sealed under")
    persons: list[Person] = tables("who may agree to a purge; two different ones are needed")
    lifetime_d: float | None = optional(
        None, "imported key expires after this, never where left out", "d", gt=0.0, le=36525.0
    )
    retry_s: float = optional(
        5.0, "what was not answered is said again after this", "s", ge=0.05, le=3600.0
    )
    one_time_tags: bool = optional(
        True, "relay messages carry one-time Poly1305 tags, 256 bits of pool key each"
    )
    levels: list[Text] = optional([], "status documents of other nodes, or patterns")


class Randomness(Table):
    """Where random bytes come from; a hardware generator is mixed with the system's."""

    source: Literal["system", "file", "device", "command"] = optional("system", "kind of source")
    path: Text | None = optional(None, "of the file or device")
    arguments: list[Text] = optional([], "program and its arguments; {bytes} is the number wanted")
    profile: Text | None = optional(None, "known generator, which gives the health tests")
    sample_bits: int = optional(8, "bits of one raw sample", "bit", ge=1, le=8)
    min_entropy_per_sample: float = optional(
        7.0, "claimed min-entropy of a sample", "bit", gt=0.0, le=8.0
    )
    alpha_log2: float = optional(
        -30.0, "logarithm of the false-alarm probability", "1", ge=-60.0, le=-10.0
    )
    on_failure: Literal["refuse", "system-only"] = optional("refuse", "while it is out of service")
