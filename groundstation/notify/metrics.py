"""Numbers of a run for node_exporter's textfile collector."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groundstation.atomic import write_atomically


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """What a run says of itself; nothing is derived from key.

    Parameters
    ----------
    network : name, the label of every series
    exit_status : of the run
    finished_s : when it ended, seconds since 1970
    last_success_s : when a run last ended with 0 or 3
    plan_contacts, plan_key_bits : of the current plan
    elements_age_s : by satellite
    weather_age_s : None where there is no weather
    step_s : duration of each step
    pool_bits : key at hand by pool
    """

    network: str
    exit_status: int
    finished_s: float
    last_success_s: float | None = None
    plan_contacts: int | None = None
    plan_key_bits: int | None = None
    elements_age_s: Mapping[str, float] = field(default_factory=dict)
    weather_age_s: float | None = None
    step_s: Mapping[str, float] = field(default_factory=dict)
    pool_bits: Mapping[str, int] = field(default_factory=dict)


def write_metrics(path: Path, metrics: RunMetrics) -> None:
    """Write the file in one step, in the Prometheus text format.

    Raises
    ------
    StateError
        the folder cannot be written
    """
    write_atomically(path, metrics_text(metrics))


def metrics_text(metrics: RunMetrics) -> bytes:
    """The series as text."""
    # 0.1 s that a run without metrics can spare.
    from prometheus_client import CollectorRegistry, Gauge, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float | None) -> None:
        if value is not None:
            made = Gauge(f"groundstation_{name}", text, ["network"], registry=registry)
            made.labels(metrics.network).set(value)

    def gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> None:
        if values:
            made = Gauge(f"groundstation_{name}", text, ["network", label], registry=registry)
            for key in sorted(values):
                made.labels(metrics.network, key).set(values[key])

    gauge("last_run_timestamp_seconds", "When the last run ended", metrics.finished_s)
    gauge("last_run_exit_status", "Exit status of the last run", metrics.exit_status)
    gauge("last_success_timestamp_seconds", "When a run last ended well", metrics.last_success_s)
    gauge("plan_contacts", "Contacts of the current plan", metrics.plan_contacts)
    gauge("plan_expected_bits", "Key of the current plan, clear sky", metrics.plan_key_bits)
    gauge("weather_age_seconds", "Age of the weather used", metrics.weather_age_s)
    gauges("elements_age_seconds", "Age of the element set", "satellite", metrics.elements_age_s)
    gauges("run_duration_seconds", "Duration of a step", "step", metrics.step_s)
    gauges("ledger_available_bits", "Key at hand", "pool", metrics.pool_bits)
    return bytes(generate_latest(registry))
