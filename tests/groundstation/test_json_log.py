"""A log of JSON is one object a line, whatever the message holds."""

import io
import json
import logging

from groundstation.json_log import JsonFormatter


def logged(message, *arguments, **extra):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("groundstation.night")  # noqa: LOG001  of this test alone
    logger.addHandler(handler)
    logger.warning(message, *arguments, **extra)
    return stream.getvalue()


def test_a_record_is_one_line_whatever_is_in_it():
    text = logged('no weather for "%s"\nand \x07', "Süd", extra={"night": "2026-06-14", "step": 1})
    assert text.count("\n") == 1
    document = json.loads(text)
    assert document["message"] == 'no weather for "Süd"\nand \x07'
    assert (document["level"], document["night"], document["step"]) == ("warning", "2026-06-14", 1)
    assert document["time"].endswith("Z")


def test_an_exception_comes_with_its_traceback():
    try:
        int("broken")
    except ValueError:
        text = logged("step failed", exc_info=True)
    assert "ValueError: invalid literal" in json.loads(text)["exception"]
