"""Table of whom to tell of a night."""

from typing import Literal

from groundstation.config.document.fields import Table, Text, needed, optional, tables

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"


class Address(Table):
    """An address, or the environment variable that holds it; exactly one of the two."""

    url: Text | None = optional(None, "https address; without secrets, the file may be shared")
    variable: Text | None = optional(
        None, "environment variable that holds the address", pattern=VARIABLE
    )


class Mail(Table):
    """A mail server and who gets the mail."""

    host: Text = needed("name of the mail server")
    port: int | None = optional(
        None, "465 for tls, 587 for starttls, 25 for none where left out", "1", ge=1, le=65535
    )
    security: Literal["tls", "starttls", "none"] = optional(
        "starttls", "none only for a server on this machine"
    )
    sender: Text = needed("address the mail comes from")
    recipients: list[Text] = needed("addresses it goes to", min_length=1)
    user: Text | None = optional(None, "login; no login where left out")
    password_variable: Text | None = optional(
        None, "environment variable that holds the password", pattern=VARIABLE
    )


class Notify(Table):
    """Who is told of a night; a failure to tell is a warning."""

    webhooks: list[Address] = tables("get the summary of the night as JSON")
    mails: list[Mail] = tables("get the summary of the night as text")
    apprise: list[Address] = tables("services of the apprise library (extra notify)")
    health_check: Address | None = optional(None, "pinged when a run starts and when it ends")
    metrics_file: Text | None = optional(
        None,
        "file for the textfile collector of node_exporter, ends with .prom",
        pattern=r"\.prom$",
    )
