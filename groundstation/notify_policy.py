"""Whom to tell of a night: addresses from the network file, secrets elsewhere; records only."""

from dataclasses import dataclass
from enum import StrEnum


class MailSecurity(StrEnum):
    """How the connection to a mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Address:
    """An address that stands in the network file, or the environment variable that holds it.

    An address that carries a token is a secret and belongs into a variable.
    """

    url: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class MailPolicy:
    """A mail server and who gets the mail; the password is in an environment variable."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password_variable: str = ""


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """Everybody who is told, and how.

    Parameters
    ----------
    webhooks : get the night's summary as JSON
    mails : get it as text
    apprise : service addresses of the apprise library, in environment variables
    health_check : is pinged when a run starts and when it ends
    metrics_file : for the textfile collector of node_exporter, relative to the network file
    """

    webhooks: tuple[Address, ...] = ()
    mails: tuple[MailPolicy, ...] = ()
    apprise: tuple[Address, ...] = ()
    health_check: Address | None = None
    metrics_file: str = ""
