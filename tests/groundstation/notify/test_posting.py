"""A webhook gets the night as JSON once, and its failure is a warning."""

import json

import pytest

from groundstation.night.notifier import notify_all
from groundstation.notify.errors import NotifyError
from groundstation.notify.health_check import MOST_BYTES, ping_end, ping_start
from groundstation.notify.message import subject
from groundstation.notify.notifiers import notifiers_of
from groundstation.notify.posting import post
from groundstation.notify.webhook import Webhook
from groundstation.notify_policy import Address, NotifyPolicy

TOKEN = "T0K3N-of-the-hook"


def test_a_webhook_gets_the_summary_as_json_with_units(sink, summary):
    Webhook(f"{sink.url}/hook").send(summary)
    ((path, kind, body),) = sink.requests
    document = json.loads(body)
    assert (path, kind) == ("/hook", "application/json")
    assert document["schema"] == "night-summary/1"
    assert document["key_bits"] == 8_966_000
    assert document["warnings"] == ["no weather for Graz"]
    assert "added speqtre over Matera" in document["text"]


def test_the_subject_is_one_line_and_says_degraded(summary):
    assert subject(summary) == (
        "European network, night 2026-06-14: 12 contacts, 8.97 Mbit (degraded)"
    )


@pytest.mark.parametrize("status", [301, 404, 500])
def test_anything_but_success_is_a_failure_and_no_redirect_is_followed(sink, summary, status):
    sink.status = status
    with pytest.raises(NotifyError, match=f"status {status}"):
        Webhook(f"{sink.url}/{TOKEN}").send(summary)
    assert len(sink.requests) == 1


def test_a_token_in_an_address_shows_in_no_message_and_no_repr(sink, summary):
    sink.status = 500
    hooks = [Webhook(f"{sink.url}/{TOKEN}"), Webhook(f"http://127.0.0.1:9/{TOKEN}")]
    said = [*notify_all(hooks, summary), repr(hooks)]
    assert len(said) == 3
    assert not any(TOKEN in sentence for sentence in said)


def test_plain_http_beyond_this_machine_is_refused():
    with pytest.raises(NotifyError, match="is not https"):
        post("http://example.org/hook", b"", "text/plain")


def test_an_address_comes_from_the_environment_and_its_lack_is_named(sink, summary):
    policy = NotifyPolicy(webhooks=(Address(variable="HOOK"), Address(url=f"{sink.url}/b")))
    assert notify_all(notifiers_of(policy, {"HOOK": f"{sink.url}/a"}), summary) == []
    assert [path for path, _, _ in sink.requests] == ["/a", "/b"]
    (sentence,) = notify_all(notifiers_of(policy, {}), summary)
    assert "HOOK is not set" in sentence


def test_a_run_is_pinged_at_start_and_end_with_the_end_of_its_log(sink):
    log = "first\n" + "x" * MOST_BYTES + "\nlast"
    assert ping_start(f"{sink.url}/check/") is None
    assert ping_end(f"{sink.url}/check", 1, log) is None
    assert [path for path, _, _ in sink.requests] == ["/check/start", "/check/1"]
    body = sink.requests[1][2]
    assert len(body) == MOST_BYTES
    assert body.endswith(b"last")


@pytest.mark.parametrize(("status", "path"), [(0, "/0"), (3, "/0"), (75, "/75"), (78, "/78")])
def test_degraded_is_a_success_for_the_monitor(sink, status, path):
    ping_end(sink.url, status, "")
    assert sink.requests[0][0] == path


def test_a_ping_that_fails_is_a_sentence(sink):
    sink.status = 503
    assert ping_start(f"{sink.url}/{TOKEN}") == "health check: 127.0.0.1 answers with status 503"
