"""`groundstation key`: secret key length from counts or efficiencies."""

from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from groundstation.cli.key_input import KeyLengthInput
    from passes.key.records import KeyResult

SCHEMA = "groundstation.key-length/1"


@click.group("key")
def command() -> None:
    """Secret key length from counts or efficiencies.

    \b
    Examples:
      groundstation key length block.json --json
      groundstation key length --help
    """


@command.command("length")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--json", "is_json", is_flag=True, help="A JSON document, unrounded.")
def length(file: IO[str], *, is_json: bool) -> None:
    """Secret bits that FILE (JSON, or - for standard input) leads to, with every bound.

    FILE holds protocol, proof, source, receiver, and either the channel (efficiency per slot,
    slot_s, noise_probability_per_gate, intrinsic_qber, afterpulse_probability) or counts;
    epsilon_secrecy, epsilon_correctness, error_correction (model block, logm, disclosed or
    none), bounds (chernoff or hoeffding) and repeats (identical passes in one block).

    \b
    Example, a block of measured counts:
      {"protocol": "decoy-bb84", "proof": "satquma",
       "source": {"pulse_rate_hz": 1e8, "intensities": [0.65, 0.15, 0.0],
                  "probabilities": [0.8, 0.12, 0.08], "key_basis_probability": 0.85},
       "counts": {"key": [5e6, 2e5, 400], "key_errors": 9000,
                  "test": [150000, 6000, 12], "test_errors": [280, 12, 6]},
       "epsilon_secrecy": 1e-9, "epsilon_correctness": 1e-15,
       "error_correction": {"model": "block", "efficiency": 1.16}}

    \b
      groundstation key length counts.json
      groundstation key length --json - < counts.json
    """
    import json

    from passes.key.decoy_bb84 import secret_key

    asked = _read(file)
    result = secret_key(
        asked.decoy_counts(),
        asked.decoy_source(),
        asked.security(),
        proof=asked.proof,
        count_bound=asked.count_bound(),
    )
    document = _document(asked, result)
    if is_json:
        click.echo(json.dumps(document, indent=2))
    else:
        _write_table(document)


def _read(file: IO[str]) -> "KeyLengthInput":
    """Parse and check the input; every fault goes to standard error before the refusal."""
    import json

    from groundstation.cli.key_input import InputFaultsError, checked_input
    from groundstation.errors import UsageError

    hint = "groundstation key length --help shows an example"
    try:
        raw = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"input is not JSON: {error}", where=file.name, hint=hint) from error
    try:
        return checked_input(raw)
    except InputFaultsError as error:
        for fault in error.faults:
            click.echo(f"{file.name}: {fault}", err=True)
        count = len(error.faults)
        faults = "1 fault" if count == 1 else f"{count} faults"
        raise UsageError(f"input has {faults}", where=file.name, hint=hint) from error


def _document(asked: "KeyLengthInput", result: "KeyResult") -> dict[str, Any]:
    """The result as one JSON object with units in its keys."""
    return {
        "schema": SCHEMA,
        "protocol": asked.protocol,
        "proof": result.proof,
        "secret_key_bits": result.secret_key_bits,
        "secret_key_bits_per_pass": result.secret_key_bits / asked.repeats,
        "qber": result.qber,
        "phase_error": result.phase_error,
        "sifted_bits": result.sifted_bits,
        "bounds": {
            "unclipped_bits": result.unclipped_bits,
            "key_errors": result.key_errors,
            "test_bits": result.test_bits,
            "vacuum_bits": result.vacuum_bits,
            "single_photon_bits": result.single_photon_bits,
            "test_single_photon_bits": result.test_single_photon_bits,
            "test_single_photon_errors": result.test_single_photon_errors,
            "error_correction_bits": result.error_correction_bits,
        },
        "parameters": _parameters(asked, result),
        "epsilon_budget": _epsilon_budget(asked),
        "limits": {
            "asymptotic_bits": result.asymptotic_bits,
            "repeaterless_bits": _repeaterless_bits(asked),
        },
    }


def _parameters(asked: "KeyLengthInput", result: "KeyResult") -> dict[str, Any]:
    """What the input said, without the long lists."""
    echoed = asked.model_dump(
        mode="json",
        include={
            "source",
            "receiver",
            "slot_s",
            "intrinsic_qber",
            "afterpulse_probability",
            "error_correction",
            "bounds",
            "repeats",
        },
        exclude_none=True,
    )
    noise = asked.noise_probability_per_gate or []
    if len(noise) == 1:
        echoed["noise_probability_per_gate"] = noise[0]
    return echoed | {"mean_photon_number": result.mean_photon_number}


def _epsilon_budget(asked: "KeyLengthInput") -> dict[str, Any]:
    from passes.key.epsilon import lim_2014_budget

    budget = lim_2014_budget(asked.epsilon_secrecy, asked.epsilon_correctness)
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


def _repeaterless_bits(asked: "KeyLengthInput") -> float | None:
    """The ceiling of the channel; None where only counts are known or nothing is lost."""
    import math

    from passes.key.repeaterless import plob_2017_bits

    if asked.efficiency is None:
        return None
    bits = plob_2017_bits(asked.efficiency, asked.pulses_per_slot())
    return bits if math.isfinite(bits) else None


def _write_table(document: dict[str, Any]) -> None:
    from groundstation.cli.output import Column, write_listing

    def bits(value: float | None) -> str:
        return "-" if value is None else f"{value:,.1f}"

    bounds, limits, budget = document["bounds"], document["limits"], document["epsilon_budget"]
    shares = sum(term["count"] for term in budget["terms"])
    lines = [
        ("secret key", bits(document["secret_key_bits"]), "bit"),
        ("secret key per pass", bits(document["secret_key_bits_per_pass"]), "bit"),
        ("before clipping at zero", bits(bounds["unclipped_bits"]), "bit"),
        ("QBER", f"{100 * document['qber']:.4f}", "%"),
        ("phase error, at most", f"{100 * document['phase_error']:.4f}", "%"),
        ("sifted, key basis", bits(document["sifted_bits"]), "bit"),
        ("errors, key basis", bits(bounds["key_errors"]), "bit"),
        ("sifted, test basis", bits(bounds["test_bits"]), "bit"),
        ("vacuum, at least", bits(bounds["vacuum_bits"]), "bit"),
        ("single photons, at least", bits(bounds["single_photon_bits"]), "bit"),
        ("single photons in test, at least", bits(bounds["test_single_photon_bits"]), "bit"),
        ("their errors, at most", bits(bounds["test_single_photon_errors"]), "bit"),
        ("disclosed for error correction", bits(bounds["error_correction_bits"]), "bit"),
        ("secrecy", f"{budget['secrecy']:g}", f"in {shares} shares"),
        ("correctness", f"{budget['correctness']:g}", ""),
        ("limit: infinite block", bits(limits["asymptotic_bits"]), "bit"),
        ("limit: without repeater", bits(limits["repeaterless_bits"]), "bit"),
    ]
    write_listing(
        [{"quantity": name, "value": value, "unit": unit} for name, value, unit in lines],
        schema=SCHEMA,
        form=None,
        columns=[
            Column("quantity", "quantity"),
            Column("value", "value", is_number=True),
            Column("unit", "unit"),
        ],
        title=f"{document['protocol']}, proof {document['proof']}",
    )
