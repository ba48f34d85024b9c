"""Log records as one JSON object a line, for journals and collectors."""

import json
import logging
from datetime import UTC, datetime

# What logging itself puts on a record; everything else was given by the caller.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Time (UTC), level, room and message, and whatever was given as `extra`.

    `run_id`, `night` and `step` are given by the nightly run. Key material is never logged: the
    rooms that hold it log identities and lengths only.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; text that JSON cannot hold is escaped."""
        instant = datetime.fromtimestamp(record.created, UTC)
        document = {
            "time": f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z",
            "level": record.levelname.lower(),
            "room": record.name,
            "message": record.getMessage(),
        }
        document |= {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str)
