"""The notifiers that a network file asks for, with their secrets from the environment."""

from collections.abc import Mapping

from groundstation.night.notifier import NightSummary, Notifier
from groundstation.notify.apprise_service import AppriseService
from groundstation.notify.errors import NotifyError
from groundstation.notify.mail import Mail
from groundstation.notify.webhook import Webhook
from groundstation.notify_policy import Address, NotifyPolicy
from tle.provider.providers import is_loopback


class Unset:
    """Stands for a notifier whose secret is not there: telling it fails with that reason."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    @property
    def identity(self) -> str:
        """The variable; whom it names once it is set is somebody else."""
        return f"unset {self.variable}"

    def send(self, summary: NightSummary) -> None:
        """Raise NotifyError that names the variable."""
        del summary
        raise NotifyError(f"environment variable {self.variable} is not set")


def notifiers_of(
    policy: NotifyPolicy, environment: Mapping[str, str], *, is_present: bool = True
) -> list[Notifier]:
    """One notifier for each entry of the policy, in its order.

    Parameters
    ----------
    is_present : False for a night whose present was chosen: then only servers on this machine are
        told, and no service of the apprise library, whose servers are not known here
    """
    notifiers: list[Notifier] = []
    for address in policy.webhooks:
        url = address_of(address, environment)
        if is_present or is_loopback(url):
            notifiers.append(Webhook(url) if url else Unset(address.variable))
    for mail in policy.mails:
        password = environment.get(mail.password_variable, "")
        is_missing = bool(mail.user) and not password
        if is_present or is_loopback(f"smtp://{mail.host}"):
            notifiers.append(Unset(mail.password_variable) if is_missing else Mail(mail, password))
    for address in policy.apprise if is_present else ():
        url = address_of(address, environment)
        notifiers.append(AppriseService(url) if url else Unset(address.variable))
    return notifiers


def address_of(address: Address, environment: Mapping[str, str]) -> str:
    """The address itself; empty where its variable is not set."""
    return address.url or environment.get(address.variable, "")
