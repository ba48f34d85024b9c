"""Who is at the other end: TLS 1.2 or newer with certificates of both sides.

A node's certificate names the node as a DNS name in its subject alternative names. Both ends check
that the other one's certificate comes from the authority of the network and carries the name that
they expect: the client the name that it calls, the server any one of its peers.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundstation.keys.station.errors import LinkError


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of a node: its certificate chain, its private key, the authority it trusts."""

    certificate: Path
    private_key: Path
    authority: Path


def server_context(files: Certificates) -> ssl.SSLContext:
    """For connections that others make; LinkError if a file cannot be used."""
    return _context(files, ssl.PROTOCOL_TLS_SERVER)


def client_context(files: Certificates) -> ssl.SSLContext:
    """For connections to others, whose name is checked; LinkError if a file cannot be used."""
    return _context(files, ssl.PROTOCOL_TLS_CLIENT)


def _context(files: Certificates, side: int) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    # A session that is taken up again would skip the client's certificate.
    context.options |= ssl.OP_NO_TICKET
    try:
        context.load_cert_chain(files.certificate, files.private_key)
        context.load_verify_locations(files.authority)
    except (OSError, ssl.SSLError) as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise LinkError(
            f"cannot use the certificates of this node: {reason}", where=str(files.certificate)
        ) from None
    return context


def peer_of(certificate: Any, peers: Iterable[str]) -> str:
    """Which of the peers a checked certificate belongs to.

    Raises
    ------
    LinkError
        None of them, or more than one.
    """
    found = (certificate or {}).get("subjectAltName", ())
    names = {str(value) for kind, value in found if kind == "DNS"}
    known = sorted(names & set(peers))
    if len(known) != 1:
        told = ", ".join(sorted(names)) or "nobody"
        raise LinkError(f"a certificate of {told} is none of one peer of this node")
    return known[0]
