"""One HTTP request with limits: time, size, attempts; no redirect is ever followed.

- Only https, or http on this machine.
- An answer below status 500 is final; it is never asked for again.
- Status 5xx, a timeout and a connection that breaks are tried again, at most twice.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import IncompleteRead
from http.cookies import CookieError, SimpleCookie

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse

from tle.errors import SourceError, TransferError, UnreachableError
from tle.provider.providers import shown, unsafe_reason

_CHUNK_BYTES = 65_536
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost.

    Parameters
    ----------
    connect_s, read_s : until a connection stands, and between two pieces of an answer
    total_s : for all attempts with the pauses between them
    size_bytes : of an answer, unpacked
    pauses_s : before the second and the third attempt
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 180.0
    size_bytes: int = 50_000_000
    pauses_s: tuple[float, ...] = (2.0, 8.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests; the pause and the stopwatch can be exchanged."""

    def __init__(
        self,
        user_agent: str,
        limits: Limits | None = None,
        *,
        sleep: Callable[[float], object] = time.sleep,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip"}
        self._sleep = sleep
        self._stopwatch = stopwatch
        self._pool = urllib3.PoolManager(retries=False)

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Ask for an address, again after a failure of the server or of the line.

        Raises
        ------
        UnreachableError
            no connection could be made
        TransferError
            no whole answer came within the limits
        """
        deadline_s = self._stopwatch() + self.limits.total_s
        for planned_s in self.limits.pauses_s:
            answer = self._attempt("GET", url, headers, None, deadline_s)
            if isinstance(answer, Answer) and answer.status < _SERVER_ERROR:
                return answer
            pause_s = max(planned_s, _retry_after_s(answer))
            if self._stopwatch() + pause_s >= deadline_s:
                return _or_raise(answer)
            self._sleep(pause_s)
        return _or_raise(self._attempt("GET", url, headers, None, deadline_s))

    def post(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Send a form, once: a login that is repeated may lock an account.

        Raises
        ------
        UnreachableError, TransferError
            as for `get`
        """
        deadline_s = self._stopwatch() + self.limits.total_s
        return _or_raise(self._attempt("POST", url, {}, fields, deadline_s))

    def _attempt(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        fields: Mapping[str, str] | None,
        deadline_s: float,
    ) -> Answer | SourceError:
        """One request; an error that another attempt may cure is returned, others are raised."""
        reason = unsafe_reason(url)
        if reason is not None:
            raise SourceError(f"address {shown(url)} {reason}")
        form = {} if fields is None else {"fields": fields, "encode_multipart": False}
        try:
            response = self._pool.request(
                method,
                url,
                headers={**self._headers, **headers},
                timeout=self._timeout(deadline_s),
                redirect=False,
                preload_content=False,
                **form,  # type: ignore[arg-type]
            )
            try:
                return self._whole(response, url, deadline_s)
            finally:
                response.close()
        except NewConnectionError as error:
            raise UnreachableError(f"cannot connect to {_host(url)}: {_cause(error)}") from error
        except ConnectTimeoutError:
            return UnreachableError(f"{_host(url)} did not take the connection in time")
        except ReadTimeoutError:
            return TransferError(f"{_host(url)} did not answer in time")
        except ProtocolError as error:
            return TransferError(f"the connection to {_host(url)} broke: {_cause(error)}")
        except HTTPError as error:
            raise TransferError(f"no answer from {_host(url)}: {_cause(error)}") from error

    def _timeout(self, deadline_s: float) -> urllib3.Timeout:
        left_s = max(deadline_s - self._stopwatch(), 0.001)
        return urllib3.Timeout(
            connect=min(self.limits.connect_s, left_s), read=min(self.limits.read_s, left_s)
        )

    def _whole(self, response: BaseHTTPResponse, url: str, deadline_s: float) -> Answer:
        """The answer with its body, piece by piece, so that neither size nor time can run away."""
        body = bytearray()
        while piece := response.read1(_CHUNK_BYTES, decode_content=True):
            body += piece
            if len(body) > self.limits.size_bytes:
                raise TransferError(
                    f"the answer of {_host(url)} is larger than {self.limits.size_bytes / 1e6:g} MB"
                )
            if self._stopwatch() > deadline_s:
                raise TransferError(
                    f"the answer of {_host(url)} took longer than {self.limits.total_s:g} s"
                )
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            cookies=_cookies(response),
            body=bytes(body),
        )


def _or_raise(answer: Answer | SourceError) -> Answer:
    if isinstance(answer, SourceError):
        raise answer
    return answer


def _retry_after_s(answer: Answer | SourceError) -> float:
    """The pause that a server asks for; 0 if it names none, or a date."""
    text = answer.headers.get("retry-after", "") if isinstance(answer, Answer) else ""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _cookies(response: BaseHTTPResponse) -> dict[str, str]:
    """Names and values of the cookies that were set; what is malformed is left out."""
    found: dict[str, str] = {}
    for line in response.headers.getlist("set-cookie"):
        try:
            jar = SimpleCookie(line)
        except CookieError:
            continue
        found.update({name: morsel.value for name, morsel in jar.items()})
    return found


def _host(url: str) -> str:
    return shown(url).partition("://")[2].partition("/")[0]


def _cause(error: Exception) -> str:
    """The innermost reason in few words; the libraries' own texts hold whole addresses."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        following = cause.__cause__ or cause.__context__
        if following is None:
            break
        cause = following
    if isinstance(cause, IncompleteRead):
        return f"{cause.expected} bytes of the answer are missing"
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else ""
    return (reason or type(cause).__name__).lower()
