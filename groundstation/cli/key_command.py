"""`groundstation key`: secret key length from counts or efficiencies."""

from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from groundstation.cli.key_input import KeyLengthInput


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

    FILE holds protocol (decoy-bb84, one-decoy-bb84 or bbm92), proof, source, receiver, and either
    the channel (efficiency per slot, slot_s, noise_probability_per_gate, intrinsic_qber,
    afterpulse_probability) or counts; epsilon_secrecy, epsilon_correctness, error_correction
    (model block, logm, disclosed or none) and repeats (identical passes in one block).

    Proofs: tight, lim2014, satquma (decoy-bb84); wiesemann2026-exact, wiesemann2026, rusca2018
    (one-decoy-bb84); both-bases-exact, both-bases, lim2021-exact, lim2021 (bbm92). The first is
    the default.

    "optimise": true finds the best basis probability (of both ends), intensities and
    probabilities, with elevation_deg per slot also the cut-off; or a list of names:
    key_basis_probability, source.key_basis_probability (sender alone), p1, p2, mu1, mu2,
    intensities, probabilities, cutoff_elevation_deg. "bounds" limits them, [low, high] by name;
    intensity_uncertainty is relative and takes the worst case.

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

    from groundstation.cli.key_answer import answer_document, write_answer

    document = answer_document(_read(file).answer())
    if is_json:
        click.echo(json.dumps(document, indent=2))
    else:
        write_answer(document)


def _read(file: IO[str]) -> "KeyLengthInput":
    """Parse and check the input; every fault goes to standard error before the refusal."""
    import json

    from groundstation.cli.key_fields import InputFaultsError
    from groundstation.cli.key_input import checked_input
    from groundstation.errors import UsageError

    hint = "groundstation key length --help shows an example"
    try:
        raw = json.load(file)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"input is not JSON: {error}", where=file.name, hint=hint) from error
    try:
        return checked_input(raw)
    except InputFaultsError as error:
        for fault in error.faults:
            click.echo(f"{file.name}: {fault}", err=True)
        count = len(error.faults)
        faults = "1 fault" if count == 1 else f"{count} faults"
        raise UsageError(f"input has {faults}", where=file.name, hint=hint) from error
