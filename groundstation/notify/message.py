"""A night's summary as people read it and as machines do; nothing secret is in either."""

from typing import Any

from groundstation.night.notifier import NightSummary

SCHEMA = "night-summary/1"


def subject(summary: NightSummary) -> str:
    """One line: network, night, contacts, whether anything is degraded."""
    state = " (degraded)" if summary.status == "degraded" else ""
    contacts = f"{summary.contacts} contact{'s' if summary.contacts != 1 else ''}"
    title = " ".join(summary.title.split())
    return f"{title}, night {summary.night}: {contacts}, {_key(summary.key_bits)}{state}"


def text(summary: NightSummary) -> str:
    """A few lines: what is planned, what changed, what is wrong, where the report is."""
    lines = [subject(summary), f"plan {summary.plan_id}"]
    for heading, sentences in (("Changed:", summary.changes), ("Warnings:", summary.warnings)):
        if sentences:
            lines += ["", heading, *(f"- {sentence}" for sentence in sentences)]
    return "\n".join([*lines, "", f"files: {summary.folder}", ""])


def document(summary: NightSummary) -> dict[str, Any]:
    """The summary with units in its keys, for a webhook."""
    return {
        "schema": SCHEMA,
        "network": summary.network,
        "title": summary.title,
        "night": summary.night,
        "plan_id": summary.plan_id,
        "status": summary.status,
        "contacts": summary.contacts,
        "key_bits": summary.key_bits,
        "changes": list(summary.changes),
        "warnings": list(summary.warnings),
        "folder": summary.folder,
        "text": text(summary),
    }


def _key(bits: int) -> str:
    return f"{bits / 1e6:.2f} Mbit" if bits >= 1e6 else f"{bits / 1e3:.0f} kbit"
