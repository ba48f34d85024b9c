"""The key ledger's tables -> records, with the rules that one table cannot state."""

from collections.abc import Iterator
from pathlib import Path

from groundstation.config.document.keys import Kek, Keys, Randomness
from groundstation.config.faults import Finding
from groundstation.config.tables import Document, named, table_of, tables_of
from groundstation.keys_policy import (
    KekPlace,
    KekPolicy,
    KeyStorePolicy,
    PeerPolicy,
    PersonPolicy,
    RandomnessPolicy,
    TlsPolicy,
    TransportPolicy,
)

SECONDS_PER_DAY = 86_400.0
_NEEDED = {
    "systemd": ("credential",),
    "passphrase": ("variable",),
    "pkcs11": ("variable", "module", "token"),
}


def key_store_of(table: Keys | None, randomness: Randomness, folder: Path) -> KeyStorePolicy | None:
    """The records of checked tables; paths are joined to the network file's folder."""
    if table is None:
        return None
    tls = table.tls
    return KeyStorePolicy(
        node=table.node,
        folder=_path(folder, table.folder),
        kek=_kek(table.kek, folder),
        tls=None
        if tls is None
        else TlsPolicy(
            _path(folder, tls.certificate),
            _path(folder, tls.private_key),
            _path(folder, tls.authority),
            *_address(tls.listen),
        ),
        peers=tuple(
            PeerPolicy(peer.name, *_address(peer.address), _path(folder, peer.secret_file))
            for peer in table.peers
        ),
        transport_keys=tuple(
            TransportPolicy(
                key.key_id,
                _path(folder, key.secret_file),
                _path(folder, key.comparison_secret_file),
            )
            for key in table.transport_keys
        ),
        persons=tuple(PersonPolicy(p.name, p.token_sha256) for p in table.persons),
        lifetime_s=None if table.lifetime_d is None else table.lifetime_d * SECONDS_PER_DAY,
        retry_s=table.retry_s,
        with_tags=table.one_time_tags,
        levels=tuple(
            sorted({str(path.absolute()) for name in table.levels for path in folder.glob(name)})
        ),
        randomness=_randomness(randomness, folder),
    )


def _kek(table: Kek, folder: Path) -> KekPolicy:
    return KekPolicy(
        KekPlace(table.provider),
        _path(folder, table.folder),
        table.credential or "",
        table.variable or "",
        table.module or "",
        table.token or "",
    )


def _randomness(table: Randomness, folder: Path) -> RandomnessPolicy:
    return RandomnessPolicy(
        table.source,
        "" if table.path is None else _path(folder, table.path),
        tuple(table.arguments),
        table.profile or "",
        table.sample_bits,
        table.min_entropy_per_sample,
        table.alpha_log2,
        table.on_failure == "system-only",
    )


def _path(folder: Path, name: str) -> str:
    return str((folder / name).absolute())


def _address(text: str) -> tuple[str, int]:
    host, port = text.rsplit(":", 1)
    return host, int(port)


def key_store_findings(document: Document) -> Iterator[Finding]:
    """What is wrong with the tables of the key ledger in a network file."""
    keys = table_of(document, "keys")
    if keys:
        yield from _node_findings(document)
        kek = table_of(keys, "kek")
        for name in _NEEDED.get(str(kek.get("provider", "file")), ()):
            if name not in kek:
                yield ("keys", "kek", name), f"is missing; the {kek['provider']} provider needs it"
    randomness = table_of(document, "randomness")
    source = randomness.get("source", "system")
    if source in {"file", "device"} and "path" not in randomness:
        yield ("randomness", "path"), f"is missing; a {source} is read from it"
    if source == "command" and not randomness.get("arguments"):
        yield ("randomness", "arguments"), "is missing; a command is run with it"


def _node_findings(document: Document) -> Iterator[Finding]:
    keys = table_of(document, "keys")
    ground = {*named(document, "stations"), *named(document, "fibre_nodes")}
    node = keys.get("node")
    if isinstance(node, str) and node not in ground:
        yield ("keys", "node"), f"there is no station or fibre node {node!r}"
    seen = set()
    for index, peer in tables_of(keys, "peers"):
        name = peer.get("name")
        place = ("keys", "peers", index, "name")
        if isinstance(name, str):
            if name not in ground:
                yield place, f"there is no station or fibre node {name!r}"
            if name == node:
                yield place, f"{name!r} is this node itself"
            if name in seen:
                yield place, f"{name!r} is a peer already"
            seen.add(name)
