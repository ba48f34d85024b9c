"""What a nightly run says while it runs: lines for people, or one JSON object a line.

Key material never comes here: lines name steps, nights, warnings and errors.
"""

import logging
import sys
from collections import deque

import click

from groundstation.errors import GroundStationError
from groundstation.json_log import JsonFormatter
from groundstation.night.steps import StepResult

TEXT, JSON = "text", "json"
# The end of the log goes to whoever watches; a night says some twenty lines.
_LINES_KEPT = 200


class RunLog:
    """The log of one run on the error stream, its end kept.

    Parameters
    ----------
    form : `TEXT` or `JSON`
    run_id : the same in every line of a run, another in the next
    """

    def __init__(self, form: str, *, run_id: str, night: str) -> None:
        self.is_json = form == JSON
        self._facts: dict[str, object] = {"run_id": run_id, "night": night}
        self._kept: deque[str] = deque(maxlen=_LINES_KEPT)
        # A logger of its own: nothing that others set up changes what a run says.
        self._logger = logging.Logger("groundstation.nightly")  # noqa: LOG001
        if self.is_json:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(JsonFormatter())
            self._logger.addHandler(handler)

    def begins(self, step: str) -> None:
        """A step is being made."""
        self._say(f"  {step} ...", logging.INFO, "begun", step=step)

    def ended(self, result: StepResult) -> None:
        """A step ended well; people get all of them in a table at the end."""
        state = "unchanged" if result.is_unchanged else "done"
        self._kept.append(f"  {result.step.value} {state}, {result.seconds:.2f} s")
        if self.is_json:
            facts: dict[str, object] = {
                "step": result.step.value,
                "duration_s": round(result.seconds, 3),
            }
            self._logger.info(state, extra=self._facts | facts)

    def warns(self, sentence: str) -> None:
        """Something is degraded, or somebody could not be told."""
        self._say(f"warning: {sentence}", logging.WARNING, sentence)

    def fails(self, error: BaseException) -> None:
        """An error ends the run; for people the command line's last handler says it."""
        self._kept.append(f"error: {error}")
        if self.is_json:
            facts: dict[str, object] = {
                "exit_status": getattr(error, "exit_code", 1),
                "error": type(error).__name__,
            }
            if isinstance(error, GroundStationError):
                facts |= {"where": error.where, "hint": error.hint}
            self._logger.error(str(error), extra=self._facts | facts)

    def end(self, error: BaseException | None) -> str:
        """The end of the log, with the error that ends the run."""
        last = [] if error is None else [f"error: {error}"]
        return "\n".join([*self._kept, *last, ""])

    def _say(self, text: str, level: int, message: str, **facts: object) -> None:
        self._kept.append(text)
        if self.is_json:
            self._logger.log(level, message, extra=self._facts | facts)
        else:
            click.echo(text, err=True)
