"""Whether what comes from outside is there and fresh: weather, permission; and who can be told."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from groundstation.database import open_if_present
from groundstation.errors import GroundStationError
from groundstation.network import Network
from groundstation.night.finding import Finding
from groundstation.night.shining import permission_documents, permissions_of_network
from groundstation.night.weather_ages import weather_ages_s
from groundstation.notify_policy import NotifyPolicy
from groundstation.weather.records import SECONDS_PER_HOUR


def weather_finding(network: Network, now: datetime) -> Finding:
    """Ages of the forecasts that were fetched or imported, against the sources' own limits."""
    sources = [item for item in network.weather.sources if item.is_forecast]
    if not sources:
        return Finding("weather", "ok", "no source of forecasts is configured")
    try:
        db = open_if_present(Path(network.folder) / "state" / "groundstation.db")
        ages_s = weather_ages_s(network, db, now)
    except GroundStationError as error:
        return Finding("weather", "failed", str(error))
    limit_s = max(item.max_age_s for item in sources)
    silent = [s.name for s in network.stations if s.name not in ages_s]
    stale = [name for name, age_s in ages_s.items() if age_s > limit_s]
    ages = [f"{name} {age_s / SECONDS_PER_HOUR:.1f} h" for name, age_s in ages_s.items()]
    text = f"{', '.join(ages)} (limit {limit_s / SECONDS_PER_HOUR:g} h)" if ages else ""
    if silent:
        text = "; ".join(filter(None, [text, f"no forecast was fetched for {', '.join(silent)}"]))
    return Finding("weather", "degraded" if silent or stale else "ok", text)


def permission_finding(network: Network, now: datetime) -> Finding:
    """Ages of the permission files; one that is missing, unreadable or stale forbids to shine."""
    if not network.permissions and not network.avoid:
        return Finding("permission", "ok", "no link needs permission to shine")
    documents = permission_documents(network)
    warnings = permissions_of_network(network, documents, now).warnings
    ages = [
        f"{item.path} {(now - item.dated).total_seconds() / SECONDS_PER_HOUR:.1f} h"
        for item in documents
        if item.dated is not None
    ]
    text = "; ".join([*([", ".join(ages)] if ages else []), *warnings])
    return Finding("permission", "degraded" if warnings else "ok", text)


def notify_finding(network: Network, environment: Mapping[str, str]) -> Finding:
    """Whether everybody can be told who shall be: variables, and the metrics file's folder."""
    policy = network.notify
    if policy == NotifyPolicy():
        return Finding("notifications", "ok", "nobody is told of a night")
    faults = [f"{name} is not set" for name in _variables(policy) if not environment.get(name)]
    if policy.metrics_file:
        folder = (Path(network.folder) / policy.metrics_file).parent
        if not folder.is_dir():
            faults.append(f"there is no folder {folder} for the metrics file")
    if faults:
        return Finding("notifications", "degraded", "; ".join(faults))
    told = len(policy.webhooks) + len(policy.mails) + len(policy.apprise)
    watch = "" if policy.health_check is None else ", a health check is pinged"
    return Finding("notifications", "ok", f"{told} configured{watch}")


def _variables(policy: NotifyPolicy) -> Iterator[str]:
    """Names of the environment variables that hold an address or a password."""
    check = [] if policy.health_check is None else [policy.health_check]
    for address in (*policy.webhooks, *policy.apprise, *check):
        if not address.url:
            yield address.variable
    for mail in policy.mails:
        if mail.user:
            yield mail.password_variable
