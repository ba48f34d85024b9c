"""Who hears of a night that runs, of one that fails, and of one that finds another at work."""

import json
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from groundstation.cli.failure import run
from groundstation.cli.main import groundstation
from groundstation.config.examples import copy_example
from groundstation.config.load import load_network
from groundstation.night.lock import held_lock
from groundstation.night.nightly import run_nightly
from groundstation.notify.metrics import write_metrics
from groundstation.notify.notifiers import notifiers_of
from groundstation.notify.run_metrics import run_metrics
from groundstation.notify.watch import Watch
from groundstation.notify.webhook import Webhook
from groundstation.notify_policy import Address, MailPolicy, MailSecurity, NotifyPolicy

NOW = "2016-12-19T08:00Z"
NOTIFY = """
[notify]
metrics_file = "night.prom"
webhooks = [{ variable = "NIGHT_HOOK" }]
health_check = { variable = "NIGHT_CHECK" }
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder in which no night has run yet."""
    folder = tmp_path_factory.mktemp("written")
    copy_example("micius-2016", folder)
    file = folder / "groundstation.toml"
    file.write_text(file.read_text() + NOTIFY)
    return folder


@pytest.fixture(scope="module")
def computed(written, tmp_path_factory):
    """A folder in which the night has run when there was nobody to be told."""
    folder = tmp_path_factory.mktemp("computed") / "night"
    shutil.copytree(written, folder, symlinks=True)
    run_nightly(load_network(folder), "2016-12-19", now=datetime(2016, 12, 19, 7, tzinfo=UTC))
    return folder


@pytest.fixture
def told(tmp_path, sink, monkeypatch):
    """Copies a folder and goes there; one webhook and the health check are set."""

    def copy(source):
        made = tmp_path / "told"
        shutil.copytree(source, made, symlinks=True)
        monkeypatch.chdir(made)
        return made

    for name, path in (("HOOK", "hook"), ("CHECK", "check")):
        monkeypatch.setenv(f"NIGHT_{name}", f"{sink.url}/{path}")
    return copy


@pytest.fixture
def folder(told, computed):
    return told(computed)


def call(*arguments, now=NOW):
    return run(groundstation, ["--now", now, *arguments])


def paths(sink):
    return [path for path, _, _ in sink.requests]


def metrics(folder):
    text = (folder / "night.prom").read_text()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {(s.name, s.labels.get("step") or s.labels.get("satellite", "")): s for s in samples}


def value(folder, name, label=""):
    return metrics(folder)[f"groundstation_{name}", label].value


def test_a_night_is_told_once_and_pinged_at_both_ends(told, written, sink, capfd):
    folder = told(written)
    assert call("nightly") == 0
    assert paths(sink) == ["/check/start", "/hook", "/check/0"]
    summary, log = json.loads(sink.requests[1][2]), sink.requests[2][2].decode()
    plan = json.loads((folder / "nights" / "latest" / "plan.json").read_text())
    assert summary["plan_id"] == plan["plan_id"]
    assert "plan done, " in log
    # 2016-12-19T08:00Z in seconds since 1970.
    assert value(folder, "last_success_timestamp_seconds") == 1_482_134_400
    assert value(folder, "plan_contacts") == len(plan["contacts"])
    assert value(folder, "plan_expected_bits") == sum(c["key_bits"] for c in plan["contacts"])
    assert value(folder, "run_duration_seconds", "passes") > 0
    epoch = plan["elements"][0]["epoch_utc"]
    age_s = value(folder, "elements_age_seconds", plan["elements"][0]["satellite"])
    assert epoch.startswith("2016-12-1")
    assert abs(age_s) < 4 * 86_400

    sink.requests.clear()
    assert call("nightly", now="2016-12-19T09:00Z") == 0
    assert "unchanged" in capfd.readouterr().out
    assert paths(sink) == ["/check/start", "/check/0"]
    assert value(folder, "last_success_timestamp_seconds") == 1_482_138_000
    assert value(folder, "elements_age_seconds", "micius") == pytest.approx(age_s + 3600)


def test_offline_nothing_is_sent_and_the_next_run_tells_it(folder, sink):
    assert call("--offline", "nightly") == 0
    assert sink.requests == []
    assert value(folder, "last_run_exit_status") == 0
    assert call("nightly") == 0
    assert paths(sink) == ["/check/start", "/hook", "/check/0"]
    sink.requests.clear()
    assert call("--offline", "nightly") == 0
    assert call("nightly") == 0
    assert "/hook" not in paths(sink)


def test_a_night_that_fails_is_pinged_with_its_exit_status_and_its_error(folder, sink, capfd):
    assert call("nightly") == 0
    sink.requests.clear()
    # A year later the elements are too old.
    late = "2017-12-19T08:00Z"
    assert call("nightly", now=late) == 78
    assert paths(sink) == ["/check/start", "/check/78"]
    assert "days old" in sink.requests[1][2].decode()
    assert "error: " in capfd.readouterr().err
    assert value(folder, "last_run_exit_status") == 78
    assert value(folder, "last_success_timestamp_seconds") == 1_482_134_400
    assert value(folder, "last_run_timestamp_seconds") == 1_482_134_400 + 365 * 86_400
    assert ("groundstation_run_duration_seconds", "passes") not in metrics(folder)


def test_a_failure_to_tell_is_a_warning_and_is_made_up_for(folder, sink, capfd):
    sink.status = 500
    (folder / "night.prom").mkdir()
    assert call("nightly") == 0
    said = capfd.readouterr().err
    assert said.count("warning: health check: 127.0.0.1 answers with status 500") == 2
    assert "warning: notification by Webhook failed: 127.0.0.1 answers with status 500" in said
    assert "warning: metrics file: " in said
    sink.requests.clear()
    sink.status = 200
    assert call("nightly") == 0
    assert "/hook" in paths(sink)


def test_one_who_cannot_be_told_repeats_nothing_for_the_others(folder, sink):
    network, now = load_network(folder), datetime(2016, 12, 19, 8, tzinfo=UTC)
    everybody = [Webhook(f"{sink.url}/{name}") for name in ("first", "second", "third")]
    sink.statuses["/second"] = 503
    for _ in range(2):
        result = run_nightly(network, "2016-12-19", now=now, notifiers=everybody)
        assert "notification by Webhook failed" in result.remarks[0]
    assert paths(sink) == ["/first", "/second", "/third", "/second"]
    sink.requests.clear()
    sink.statuses.clear()
    for _ in range(2):
        result = run_nightly(network, "2016-12-19", now=now, notifiers=everybody)
        assert result.remarks == ()
    assert paths(sink) == ["/second"]
    # Neither addresses nor tokens stand in the state.
    state = (folder / "state" / "groundstation.db").read_bytes()
    assert sink.url.encode() not in state


class Stopping:
    """Stands for a run that is stopped while it tells its second notifier."""

    identity = "stopping"

    def send(self, summary):
        raise KeyboardInterrupt(summary.night)


def test_a_run_that_is_stopped_between_two_notifiers_repeats_nothing(folder, sink):
    network, now = load_network(folder), datetime(2016, 12, 19, 8, tzinfo=UTC)
    first, second = Webhook(f"{sink.url}/first"), Webhook(f"{sink.url}/second")
    with pytest.raises(KeyboardInterrupt):
        run_nightly(network, "2016-12-19", now=now, notifiers=[first, Stopping(), second])
    assert paths(sink) == ["/first"]
    run_nightly(network, "2016-12-19", now=now, notifiers=[first, second])
    assert paths(sink) == ["/first", "/second"]
    # Who is new is told of the plan that there is, and the others hear nothing.
    everybody = [first, Webhook(f"{sink.url}/third"), second]
    run_nightly(network, "2016-12-19", now=now, notifiers=everybody)
    assert paths(sink) == ["/first", "/second", "/third"]


@pytest.mark.usefixtures("folder")
def test_a_variable_that_is_not_set_is_a_warning(sink, capfd, monkeypatch):
    monkeypatch.delenv("NIGHT_HOOK")
    monkeypatch.delenv("NIGHT_CHECK")
    assert call("nightly") == 0
    said = capfd.readouterr().err
    assert "warning: health check: environment variable NIGHT_CHECK is not set" in said
    assert sink.requests == []


def test_a_run_that_finds_another_at_work_says_nothing(folder, sink, capfd):
    with held_lock(folder / "state" / "lock"):
        assert call("nightly") == 75
    assert sink.requests == []
    assert not (folder / "night.prom").exists()
    assert "another run is at work" in capfd.readouterr().err


@pytest.mark.parametrize("options", [["--dry-run"], ["--only", "elements"]])
def test_a_part_of_a_night_is_not_pinged(folder, sink, options):
    assert call("nightly", *options) == 0
    assert sink.requests == []
    assert not (folder / "night.prom").exists()


def test_a_log_of_json_has_run_night_and_step_in_every_line(told, written, capfd):
    told(written)
    assert call("nightly", "--log-format", "json") == 0
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {line["night"] for line in lines} == {"2016-12-19"}
    assert len({line["run_id"] for line in lines}) == 1
    done = [line for line in lines if line["message"] == "done"]
    assert [line["step"] for line in done] == [
        *("elements", "weather", "passes", "forecast", "plan", "export", "report", "notify")
    ]
    assert all(line["duration_s"] >= 0 for line in done)
    before = lines[0]["run_id"]
    assert call("nightly", "--log-format", "json", now="2017-12-19T08:00Z") == 78
    last = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (last["level"], last["exit_status"]) == ("error", 78)
    assert last["run_id"] != before


def test_key_at_hand_is_a_number_of_the_metrics_file(folder):
    (folder / "groundstation.toml").write_text(
        (folder / "groundstation.toml").read_text()
        + '[keys]\nnode = "vienna"\nlevels = ["levels/*.json"]\n'
    )
    rows = [
        {"a": "beijing", "b": "nanshan", "available_bits": 4_096},
        {"a": "micius", "b": "xinglong", "available_bits": 512},
    ]
    (folder / "levels").mkdir()
    document = {"schema": "key-pools/1", "node": "beijing", "rows": rows}
    (folder / "levels" / "beijing.json").write_text(json.dumps(document))

    def levels():
        network, now = load_network(folder), datetime(2016, 12, 19, 8, tzinfo=UTC)
        found = run_metrics(network, folder / "no.prom", exit_status=0, now=now, step_s={})
        write_metrics(folder / "night.prom", found)
        series = [s for (name, _), s in metrics(folder).items() if "ledger" in name]
        assert {s.name for s in series} <= {"groundstation_ledger_available_bits"}
        return found.pool_bits

    # The pair of a demand that has no key yet is there, with none.
    wanted = {"beijing/nanshan": 4_096, "beijing/vienna": 0, "micius/xinglong": 512}
    assert levels() == wanted
    # A ledger that cannot be read costs its numbers, not the file.
    (folder / "keys").mkdir()
    (folder / "keys" / "ledger.db").write_bytes(b"no database")
    assert levels() == wanted


def test_an_unexpected_error_is_told_and_goes_on(folder, sink):
    network = load_network(folder)

    def watch():
        return Watch(
            network,
            {},
            is_offline=False,
            is_present=False,
            now=lambda: pytest.fail("no run has ended"),
            warn=pytest.fail,
            log=lambda error: f"the end: {error!r}",
        )

    (folder / "groundstation.toml").write_text("")
    network = network.__class__(
        **{name: getattr(network, name) for name in network.__slots__}
        | {"notify": NotifyPolicy(health_check=Address(f"{sink.url}/check"))}
    )
    for error, status in ((ZeroDivisionError("x"), 1), (KeyboardInterrupt(), 130)):
        with pytest.raises(type(error)), watch():
            raise error
        path, _, body = sink.requests.pop()
        assert path == f"/check/{status}"
        assert body.decode() == f"the end: {error!r}"


def test_in_a_present_that_was_chosen_only_this_machine_is_told():
    def mail(host):
        return MailPolicy(host, 25, MailSecurity.NONE, "a@b", ("c@d",))

    policy = NotifyPolicy(
        webhooks=(Address("https://example.org/hook"), Address("http://127.0.0.1:9/hook")),
        mails=(mail("mail.example.org"), mail("localhost")),
        apprise=(Address(variable="SERVICE"),),
    )
    secrets = {"SERVICE": "ntfy://topic"}
    told: list[Any] = [*notifiers_of(policy, secrets, is_present=False)]
    assert [type(item).__name__ for item in told] == ["Webhook", "Mail"]
    assert told[0].url == "http://127.0.0.1:9/hook"
    assert told[1].policy.host == "localhost"
    assert len(notifiers_of(policy, secrets)) == 5
