"""Whom to tell, from the network file to records, with the rules that one table cannot state."""

from collections.abc import Iterator, Mapping
from typing import Any

from groundstation.config.document.notify import Address as AddressTable
from groundstation.config.document.notify import Notify
from groundstation.config.faults import Finding
from groundstation.config.tables import table_of, tables_of
from groundstation.notify_policy import Address, MailPolicy, MailSecurity, NotifyPolicy
from tle.provider.providers import is_loopback, unsafe_reason

_PORTS = {"tls": 465, "starttls": 587, "none": 25}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def notify_of(table: Notify) -> NotifyPolicy:
    """The records of a checked table."""
    return NotifyPolicy(
        webhooks=tuple(map(_address, table.webhooks)),
        mails=tuple(
            MailPolicy(
                host=mail.host,
                port=mail.port or _PORTS[mail.security],
                security=MailSecurity(mail.security),
                sender=mail.sender,
                recipients=tuple(mail.recipients),
                user=mail.user or "",
                password_variable=mail.password_variable or "",
            )
            for mail in table.mails
        ),
        apprise=tuple(map(_address, table.apprise)),
        health_check=None if table.health_check is None else _address(table.health_check),
        metrics_file=table.metrics_file or "",
    )


def _address(table: AddressTable) -> Address:
    return Address(table.url or "", table.variable or "")


def notify_findings(tables: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with addresses and logins in the raw tables of a network file."""
    notify = table_of(tables, "notify")
    for kind in ("webhooks", "apprise"):
        for index, address in tables_of(notify, kind):
            yield from _address_findings(
                ("notify", kind, index), address, is_http=kind != "apprise"
            )
    check = notify.get("health_check")
    if isinstance(check, dict):
        yield from _address_findings(("notify", "health_check"), check, is_http=True)
    for index, mail in tables_of(notify, "mails"):
        place = ("notify", "mails", index)
        if mail.get("security") == "none" and mail.get("host") not in _LOCAL:
            yield (*place, "security"), "mail without encryption is only for this machine"
        if ("user" in mail) != ("password_variable" in mail):
            yield place, "user and password_variable belong together"


def _address_findings(
    place: tuple[str | int, ...], address: Mapping[str, Any], *, is_http: bool
) -> Iterator[Finding]:
    if ("url" in address) == ("variable" in address):
        yield place, "give either url or variable"
    url = address.get("url")
    if isinstance(url, str) and is_http and (reason := unsafe_reason(url)) is not None:
        hint = "" if is_loopback(url) else " (http is only for this machine)"
        yield (*place, "url"), f"{url!r} {reason}{hint}"
