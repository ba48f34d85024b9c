"""A mail reaches a real server, and a failure is a warning."""

import gc
import socket
import ssl
import warnings
from email import message_from_bytes, policy

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from groundstation.notify.errors import NotifyError
from groundstation.notify.mail import Mail
from groundstation.notify_policy import MailPolicy, MailSecurity

PASSWORD = "pa55word-of-the-mail"


class Box:
    """Keeps what a mail server takes."""

    def __init__(self):
        self.mails = []
        self.port = 0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  the name it is called by
        del server
        self.mails.append((session, envelope))
        return "250 OK"


class StartTlsController(Controller):
    tls: ssl.SSLContext

    def factory(self):
        return SMTP(
            self.handler,
            tls_context=self.tls,
            require_starttls=True,
            auth_required=True,
            authenticator=lambda *given: AuthResult(
                success=given[4].password == PASSWORD.encode(), handled=False
            ),
        )


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def server(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = StartTlsController(box, hostname="127.0.0.1", port=box.port)
    controller.tls = context
    controller.start()
    yield box
    controller.stop()
    # The test server leaves a handshake that failed to the collector, which complains.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def mail(server, authority, *, password=PASSWORD, is_trusted=True):
    def trust():
        context = ssl.create_default_context()
        if is_trusted:
            authority.configure_trust(context)
        return context

    return Mail(
        MailPolicy(
            host="localhost",
            port=server.port,
            security=MailSecurity.STARTTLS,
            sender="night@example.org",
            recipients=("a@example.org", "b@example.org"),
            user="night",
            password_variable="MAIL_PASSWORD",
        ),
        password,
        trust,
    )


def test_a_mail_goes_to_everybody_over_tls_with_a_login(server, authority, summary):
    mail(server, authority).send(summary)
    ((session, envelope),) = server.mails
    assert session.ssl is not None
    assert envelope.rcpt_tos == ["a@example.org", "b@example.org"]
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["Subject"].startswith("European network, night 2026-06-14: 12 contacts")
    assert "no weather for Graz" in message.get_content()


def test_a_wrong_password_is_a_failure_that_does_not_repeat_it(server, authority, summary):
    with pytest.raises(NotifyError, match="status 535") as error:
        mail(server, authority, password="wrong-" + PASSWORD).send(summary)
    assert PASSWORD not in str(error.value)
    assert PASSWORD not in repr(mail(server, authority))


def test_a_certificate_that_is_not_trusted_is_a_failure(server, authority, summary):
    with pytest.raises(NotifyError, match="SSLCertVerificationError"):
        mail(server, authority, is_trusted=False).send(summary)
    assert not server.mails
