"""Instants as text: ISO 8601 in UTC with Z, to the millisecond."""

from datetime import UTC, datetime, timedelta

from groundstation.errors import GroundStationError


def utc_text(instant: datetime) -> str:
    """An aware instant as `2026-06-14T21:03:05.123Z`.

    >>> utc_text(datetime(2026, 6, 14, 21, 3, 5, 123_400, tzinfo=UTC))
    '2026-06-14T21:03:05.123Z'
    """
    if instant.tzinfo is None:
        raise GroundStationError(f"instant {instant.isoformat()} has no time zone")
    rounded = instant.astimezone(UTC) + timedelta(microseconds=500)
    return rounded.strftime("%Y-%m-%dT%H:%M:%S.") + f"{rounded.microsecond // 1000:03d}Z"


def utc_instant(text: str) -> datetime:
    """The aware instant that `utc_text` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def after(epoch: datetime, seconds: float) -> datetime:
    """The instant `seconds` after an epoch, to a microsecond."""
    return epoch + timedelta(seconds=float(seconds))
