"""The JSON input of `groundstation key length`, checked with all faults at once."""

from typing import get_args

from pydantic import ValidationError

from groundstation.cli.key_bbm92 import Bbm92Input
from groundstation.cli.key_decoy import DecoyInput
from groundstation.cli.key_fields import InputFaultsError, fault_text
from groundstation.cli.key_one_decoy import OneDecoyInput

KeyLengthInput = DecoyInput | OneDecoyInput | Bbm92Input

_MODELS: dict[str, type[DecoyInput] | type[OneDecoyInput] | type[Bbm92Input]] = {
    get_args(model.model_fields["protocol"].annotation)[0]: model
    for model in (DecoyInput, OneDecoyInput, Bbm92Input)
}
PROTOCOLS = tuple(_MODELS)


def checked_input(document: object) -> KeyLengthInput:
    """The input as a record; InputFaultsError holds every fault with its path."""
    if not isinstance(document, dict):
        raise InputFaultsError([f"input: a {type(document).__name__} is not a JSON object"])
    protocol = document.get("protocol")
    if not isinstance(protocol, str) or protocol not in _MODELS:
        there = ", ".join(f"'{name}'" for name in PROTOCOLS)
        what = "is missing" if protocol is None else f"{protocol!r:.40} is not available"
        raise InputFaultsError([f"protocol: {what}; there is {there}"])
    model = _MODELS[protocol]
    faults = model.presence_faults(document)
    try:
        checked = model.model_validate(document)
    except ValidationError as error:
        faults = [fault_text(dict(item)) for item in error.errors(include_url=False)] + faults
        raise InputFaultsError(faults) from error
    if faults:
        raise InputFaultsError(faults)
    return checked
