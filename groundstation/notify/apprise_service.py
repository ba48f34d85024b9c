"""The summary of a night through the services that the apprise library knows (extra `notify`)."""

from dataclasses import dataclass, field

from groundstation.night.notifier import NightSummary
from groundstation.notify.errors import NotifyError
from groundstation.notify.identity import digest_of
from groundstation.notify.message import subject, text


@dataclass(frozen=True, slots=True)
class AppriseService:
    """An apprise address; it holds the login of the service and is never printed."""

    url: str = field(repr=False)

    @property
    def identity(self) -> str:
        """Kind and digest of the address."""
        return f"apprise {digest_of(self.url)}"

    def send(self, summary: NightSummary) -> None:
        """Send title and text.

        Raises
        ------
        NotifyError
            the library is not installed, does not know the address, or could not send
        """
        try:
            import apprise  # noqa: PLC0415  an extra, and 0.3 s
        except ImportError:
            raise NotifyError(
                "apprise is not installed", hint="pip install 'qkd-groundstation[notify]'"
            ) from None
        service = apprise.Apprise()
        if not service.add(self.url):
            raise NotifyError("apprise does not know the kind of address it was given")
        if not service.notify(title=subject(summary), body=text(summary)):
            raise NotifyError("apprise could not send")
