"""User and password of a provider: from the environment or from a file that is private."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tle.errors import SourceError

USER_VARIABLE = "GROUNDSTATION_SPACETRACK_USER"
PASSWORD_VARIABLE = "GROUNDSTATION_SPACETRACK_PASSWORD"

_FORM = 'a credentials file holds two lines: user = "..." and password = "..."'


@dataclass(frozen=True, slots=True)
class Credentials:
    """User and password; neither appears when the record is printed."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def redact(self, text: str) -> str:
        """A text in which neither user nor password can be read."""
        for secret in sorted((self.user, self.password), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def find_credentials(environment: Mapping[str, str], file: Path | None) -> Credentials:
    """Credentials from the environment, else from the file.

    Raises
    ------
    SourceError
        there are none, one half is missing, or the file can be read by others
    """
    user, password = environment.get(USER_VARIABLE), environment.get(PASSWORD_VARIABLE)
    if user and password:
        return Credentials(user, password)
    if user or password:
        absent = PASSWORD_VARIABLE if user else USER_VARIABLE
        raise SourceError(f"the environment holds only half of a login: {absent} is not set")
    if file is None:
        raise SourceError(
            "Space-Track asks for a login and none is given",
            hint=f"set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or name a credentials_file",
        )
    return _read_file(file)


def _read_file(file: Path) -> Credentials:
    """Mode and text come from one open file, so that nobody can exchange it in between."""
    try:
        with file.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o077:
                raise SourceError(
                    f"credentials file {file} has mode {mode:04o}: others can reach it",
                    hint=f"chmod 600 {file}",
                )
            table = tomllib.loads(stream.read().decode("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read credentials file {file}: {reason}") from error
    except ValueError:
        # What the parser says may quote the password; it is dropped with the chain.
        raise SourceError(f"credentials file {file} cannot be read", hint=_FORM) from None
    user, password = table.get("user"), table.get("password")
    if not (isinstance(user, str) and user and isinstance(password, str) and password):
        raise SourceError(f"credentials file {file} lacks user or password", hint=_FORM)
    return Credentials(user, password)
