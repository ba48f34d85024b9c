"""The network file's notifications are checked with place and limit."""

import pytest

from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.errors import ConfigError
from groundstation.notify_policy import Address, MailSecurity

EUROPE = example_path("europe-2026").read_text(encoding="utf-8")


def load(tmp_path, text):
    path = tmp_path / "groundstation.toml"
    path.write_text(EUROPE + text, encoding="utf-8")
    return load_network(path).notify


def faults(tmp_path, text):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    return [(fault.path, fault.message) for fault in error.value.faults]


def test_addresses_and_servers_become_records(tmp_path):
    policy = load(
        tmp_path,
        """
[notify]
metrics_file = "state/groundstation.prom"
health_check = { variable = "PING" }
[[notify.webhooks]]
url = "https://example.org/hook"
[[notify.mails]]
host = "mail.example.org"
sender = "a@example.org"
recipients = ["b@example.org"]
""",
    )
    assert policy.webhooks == (Address(url="https://example.org/hook"),)
    assert policy.health_check == Address(variable="PING")
    assert policy.mails[0].port == 587
    assert policy.mails[0].security is MailSecurity.STARTTLS


def test_every_fault_is_named_with_its_place(tmp_path):
    found = faults(
        tmp_path,
        """
[notify]
health_check = { url = "https://example.org/p", variable = "PING" }
[[notify.webhooks]]
url = "http://example.org/hook"
[[notify.mails]]
host = "mail.example.org"
security = "none"
user = "night"
sender = "a@example.org"
recipients = ["b@example.org"]
""",
    )
    assert {path for path, _ in found} == {
        "notify.webhooks[0].url",
        "notify.health_check",
        "notify.mails[0].security",
        "notify.mails[0]",
    }
    assert ("notify.health_check", "give either url or variable") in found
