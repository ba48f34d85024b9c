"""From the network file to an open ledger, its secrets, and the node that speaks for it."""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from groundstation.errors import UsageError
from groundstation.keys.imports.key_length import DistillationPolicy
from groundstation.keys.imports.seed import Randomness
from groundstation.keys.imports.transport import TransportKey
from groundstation.keys.operations.randomness import randomness_of
from groundstation.keys.randomness.mixing import RandomnessEvent
from groundstation.keys.relay.closing import SECRET_BYTES
from groundstation.keys.sealing.errors import SealError
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.sealing.kek import KekProvider
from groundstation.keys.sealing.secret_files import read_secret
from groundstation.keys.station.dialogue import Dialogue
from groundstation.keys.station.node import Node
from groundstation.keys.station.tags import Tagging
from groundstation.keys.store.store import Store, open_store
from groundstation.keys_policy import KekPlace, KekPolicy, KeyStorePolicy
from groundstation.network import Network
from passes.key.records import Proof

SOCKET_NAME = "station.sock"


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a command works with.

    Parameters
    ----------
    clock : seconds since 1970
    """

    network: Network
    policy: KeyStorePolicy
    store: Store
    node: Node
    randomness: Randomness
    transport_keys: tuple[TransportKey, ...] = field(repr=False)
    clock: Callable[[], float]


def policy_of(network: Network) -> KeyStorePolicy:
    """The network's key ledger; UsageError if the file names none."""
    if network.key_store is None:
        raise UsageError(
            "the network file says nothing of a key ledger",
            where=network.file,
            hint="add a [keys] table with node = NAME; docs/keys.md shows one",
        )
    return network.key_store


def open_desk(
    network: Network,
    *,
    clock: Callable[[], float],
    monotonic: Callable[[], float] = time.monotonic,
    environment: Mapping[str, str] = os.environ,
) -> Desk:
    """Open the ledger of the network's node for writing.

    Raises
    ------
    BusyError
        A station process, or another command, has it open.
    KeyLedgerError
        It cannot be opened, or a secret is missing.
    """
    policy = policy_of(network)
    store = open_store(
        Path(policy.folder),
        policy.node,
        provider_of(policy.kek, environment),
        clock=clock,
        monotonic=monotonic,
    )
    try:
        return _desk(network, policy, store, clock)
    except BaseException:
        store.close()
        raise


def _desk(
    network: Network, policy: KeyStorePolicy, store: Store, clock: Callable[[], float]
) -> Desk:
    def on_event(event: RandomnessEvent) -> None:
        payload = {"source": event.source, "reason": event.reason}
        store.transact(lambda unit: unit.audit(event.kind.value, payload))

    randomness = randomness_of(policy.randomness, on_event)
    dialogue = Dialogue(
        Tagging(policy.with_tags, uuid4),
        pair_secrets_of(policy),
        lambda n_bytes: randomness.draw(n_bytes).material,
    )
    node = Node(store, dialogue, [peer.name for peer in policy.peers])
    return Desk(network, policy, store, node, randomness, transport_keys_of(policy), clock)


def provider_of(policy: KekPolicy, environment: Mapping[str, str]) -> KekProvider:
    """Where the key-encryption keys live.

    Raises
    ------
    SealError
        A variable that is named is not set.
    """
    folder = Path(policy.folder)
    if policy.place is KekPlace.FILE:
        return FileKekProvider(folder)
    if policy.place is KekPlace.SYSTEMD:
        from groundstation.keys.sealing.credential_kek import systemd_credential  # noqa: PLC0415

        return systemd_credential(environment, policy.credential, folder)
    secret = environment.get(policy.variable)
    if not secret:
        raise SealError(f"the environment variable {policy.variable} is not set")
    if policy.place is KekPlace.PASSPHRASE:
        from groundstation.keys.sealing.passphrase_kek import (  # noqa: PLC0415
            PassphraseKekProvider,
        )

        return PassphraseKekProvider(secret, folder)
    from groundstation.keys.sealing.pkcs11_kek import Pkcs11KekProvider  # noqa: PLC0415

    return Pkcs11KekProvider(Path(policy.module), policy.token, secret, folder)


def pair_secrets_of(policy: KeyStorePolicy) -> dict[str, bytes]:
    """The secret that is shared with each peer; SealError if a file is missing or not safe."""
    return {peer.name: _secret(Path(peer.secret_file)) for peer in policy.peers}


def transport_keys_of(policy: KeyStorePolicy) -> tuple[TransportKey, ...]:
    """The keys that key files may be sealed under."""
    return tuple(
        TransportKey(
            key.key_id,
            policy.node,
            _secret(Path(key.secret_file)),
            _secret(Path(key.comparison_secret_file)),
        )
        for key in policy.transport_keys
    )


def _secret(path: Path) -> bytes:
    secret = read_secret(path)
    if len(secret) != SECRET_BYTES:
        raise SealError(
            f"the secret file {path.name} has {len(secret)} bytes, not {SECRET_BYTES}",
            where=str(path.parent),
            hint=f"head -c {SECRET_BYTES} /dev/urandom > {path.name}; chmod 600 {path.name}",
        )
    return secret


def promise_of(network: Network) -> DistillationPolicy:
    """What the node promises of key: the network's proof and epsilons."""
    proof = Proof(network.key.proof)
    # The planner's program formula makes no key; its paper's own bound does.
    decoy = Proof.TIGHT if proof is Proof.SATQUMA else proof
    return DistillationPolicy(
        network.key.epsilon_secrecy, network.key.epsilon_correctness, decoy_proof=decoy
    )


def set_process_title(title: str) -> None:
    """Show only a fixed title where processes are listed: a command line names files."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(title[:15], encoding="ascii")


def document_text(values: object) -> str:
    """JSON as the commands keep it."""
    return json.dumps(values, sort_keys=True)
