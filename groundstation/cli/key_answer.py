"""The answer of `groundstation key length` as a JSON object and as a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from passes.key.audit import KeyAudit, whole_bits
from passes.key.epsilon import EpsilonBudget

SCHEMA = "groundstation.key-length/2"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """A key length with what the input said.

    Parameters
    ----------
    audit : the length and its bounds
    parameters : what it was computed from, the long lists left out
    repeats : identical passes in the block
    repeaterless_bits : ceiling of the channel; None where only counts are known
    extra : further sections of the document ("optimised", "waterfall")
    """

    audit: KeyAudit
    parameters: Mapping[str, Any]
    repeats: int
    repeaterless_bits: float | None
    extra: Mapping[str, Any] = field(default_factory=dict)


def answer_document(answer: KeyAnswer) -> dict[str, Any]:
    """The result as one JSON object with units in its keys."""
    audit, ceiling = answer.audit, answer.repeaterless_bits
    return {
        "schema": SCHEMA,
        "protocol": audit.protocol,
        "proof": audit.proof,
        "secret_key_bits": audit.secret_key_bits,
        "secret_key_bits_per_pass": audit.secret_key_bits / answer.repeats,
        "whole_secret_bits": whole_bits(audit.secret_key_bits),
        "qber": audit.qber,
        "phase_error": audit.phase_error,
        "sifted_bits": audit.sifted_bits,
        "bounds": {
            "unclipped_bits": audit.unclipped_bits,
            "error_correction_bits": audit.error_correction_bits,
            **audit.bounds,
        },
        "parameters": dict(answer.parameters),
        **answer.extra,
        "epsilon_budget": _budget(audit.budget),
        "limits": {
            "asymptotic_bits": audit.asymptotic_bits,
            "repeaterless_bits": ceiling if ceiling is None or math.isfinite(ceiling) else None,
        },
    }


def _budget(budget: EpsilonBudget) -> dict[str, Any]:
    return {
        "secrecy": budget.secrecy,
        "correctness": budget.correctness,
        "terms": [
            {
                "symbol": term.symbol,
                "count": term.count,
                "meaning": term.meaning,
                "probability": term.probability,
            }
            for term in budget.terms
        ],
    }


_WORDS = {
    "key_errors": "errors, key basis",
    "test_bits": "sifted, test basis",
    "vacuum_bits": "vacuum, at least",
    "single_photon_bits": "single photons, at least",
    "test_single_photon_bits": "single photons in test, at least",
    "test_single_photon_errors": "their errors, at most",
    "error_correction_bits": "disclosed for error correction",
}


def write_answer(document: Mapping[str, Any]) -> None:
    """The table for people."""
    from groundstation.cli.output import Column, write_listing

    bounds, limits, budget = document["bounds"], document["limits"], document["epsilon_budget"]
    rows = [
        _bits("secret key", document["secret_key_bits"]),
        _bits("secret key per pass", document["secret_key_bits_per_pass"]),
        _bits("before clipping at zero", bounds["unclipped_bits"]),
        ("QBER", f"{100 * document['qber']:.4f}", "%"),
        ("phase error, at most", f"{100 * document['phase_error']:.4f}", "%"),
        _bits("sifted, key basis", document["sifted_bits"]),
    ]
    for name, value in bounds.items():
        if name in _WORDS or name.endswith("_bits"):
            if name != "unclipped_bits":
                rows.append(_bits(_WORDS.get(name, _plain(name)), value))
        else:
            rows.append((_plain(name), f"{value:,.6g}", ""))
    source = document["parameters"].get("source", {})
    if "optimised" in document:
        for name in ("key_basis_probability", "probabilities", "intensities"):
            value = source[name]
            listed = value if isinstance(value, list | tuple) else [value]
            rows.append((f"best {_plain(name)}", "  ".join(f"{v:.4f}" for v in listed), ""))
        if document["optimised"].get("cutoff_elevation_deg") is not None:
            cut = document["optimised"]["cutoff_elevation_deg"]
            rows.append(("best cut-off elevation", f"{cut:.2f}", "degrees"))
    shares = sum(term["count"] for term in budget["terms"])
    rows += [
        ("secrecy", f"{budget['secrecy']:g}", f"in {shares} shares"),
        ("correctness", f"{budget['correctness']:g}", ""),
        _bits("limit: infinite block", limits["asymptotic_bits"]),
        _bits("limit: without repeater", limits["repeaterless_bits"]),
    ]
    write_listing(
        [{"quantity": name, "value": value, "unit": unit} for name, value, unit in rows],
        schema=SCHEMA,
        form=None,
        columns=[
            Column("quantity", "quantity"),
            Column("value", "value", is_number=True),
            Column("unit", "unit"),
        ],
        title=f"{document['protocol']}, proof {document['proof']}",
    )


def _bits(name: str, value: float | None) -> tuple[str, str, str]:
    return name, "-" if value is None else f"{value:,.1f}", "bit"


def _plain(name: str) -> str:
    return name.removesuffix("_bits").replace("_", " ")
