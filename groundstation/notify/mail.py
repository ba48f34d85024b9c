"""The summary of a night by electronic mail."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid

from groundstation.night.notifier import NightSummary
from groundstation.notify.errors import NotifyError
from groundstation.notify.identity import digest_of
from groundstation.notify.message import subject, text
from groundstation.notify_policy import MailPolicy, MailSecurity

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server with its login.

    Parameters
    ----------
    password : empty where there is no login
    trust : makes the certificates that are trusted; those of the system by default
    """

    policy: MailPolicy
    password: str = field(default="", repr=False)
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @property
    def identity(self) -> str:
        """Kind and digest of the server and the recipients."""
        return f"mail {digest_of(self.policy.host, *self.policy.recipients)}"

    def send(self, summary: NightSummary) -> None:
        """Send one mail to all recipients.

        Raises
        ------
        NotifyError
            the server cannot be reached, refuses the login, or refuses a recipient
        """
        message = EmailMessage()
        message["Subject"] = subject(summary)
        message["From"] = self.policy.sender
        message["To"] = ", ".join(self.policy.recipients)
        message["Message-ID"] = make_msgid(domain="qkd-groundstation")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text(summary))
        try:
            with self._connected() as server:
                refused = server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            # A server's answer to a login may repeat it.
            code = getattr(error, "smtp_code", None)
            detail = f"status {code}" if code is not None else type(error).__name__
            raise NotifyError(f"mail server {self.policy.host} failed: {detail}") from None
        if refused:
            raise NotifyError(f"mail server {self.policy.host} refuses {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        """A connection that is encrypted, unless none is asked for, and logged in."""
        policy = self.policy
        server: smtplib.SMTP
        if policy.security is MailSecurity.TLS:
            server = smtplib.SMTP_SSL(
                policy.host, policy.port, timeout=TIMEOUT_S, context=self.trust()
            )
        else:
            server = smtplib.SMTP(policy.host, policy.port, timeout=TIMEOUT_S)
            if policy.security is MailSecurity.STARTTLS:
                server.starttls(context=self.trust())
        if policy.user:
            server.login(policy.user, self.password)
        return server
