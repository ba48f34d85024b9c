"""One HTTP POST with limits; an address that may be a secret never appears in a message."""

from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from groundstation import __version__
from groundstation.notify.errors import NotifyError
from tle.provider.providers import unsafe_reason

TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_FIRST_ERROR, _SUCCESS = 300, 200


def post(url: str, body: bytes, content_type: str) -> None:
    """Send once; redirects are not followed and nothing is tried again.

    Raises
    ------
    NotifyError
        the address is not safe, no answer came in time, or the answer is not a success
    """
    reason = unsafe_reason(url)
    if reason is not None:
        raise NotifyError(f"the address at {host_of(url)} {reason}")
    try:
        answer = urllib3.PoolManager(retries=False).request(
            "POST",
            url,
            body=body,
            headers={
                "Content-Type": content_type,
                "User-Agent": f"qkd-groundstation/{__version__}",
            },
            timeout=TIMEOUT,
            redirect=False,
        )
    except HTTPError as error:
        # The error's own text repeats the whole address.
        raise NotifyError(f"{host_of(url)} gives no answer: {type(error).__name__}") from None
    if not _SUCCESS <= answer.status < _FIRST_ERROR:
        raise NotifyError(f"{host_of(url)} answers with status {answer.status}")


def host_of(url: str) -> str:
    """The host of an address, which is all of it that is shown."""
    try:
        return urlsplit(url).hostname or "an unknown host"
    except ValueError:
        return "an unknown host"
