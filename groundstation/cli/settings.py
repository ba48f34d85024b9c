"""The global options, as every command receives them, and instants as people type them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click


@dataclass
class Settings:
    """The global options, as every command receives them (`click.pass_obj`)."""

    config: Path | None = None
    example: str | None = None
    now: datetime | None = None
    offline: bool = False
    debug: bool = False

    def instant(self) -> datetime:
        """The present: `--now` if given, else the system clock; aware UTC."""
        return self.now if self.now is not None else datetime.now(UTC)


class UtcInstant(click.ParamType[datetime]):
    """An ISO 8601 instant; without an offset it is UTC."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Parse the text, or fail with an example of what is meant."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant like 2026-06-14T20:00Z", param, ctx)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
