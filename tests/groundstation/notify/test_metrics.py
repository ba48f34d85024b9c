"""The metrics file is read by the reader of Prometheus."""

from prometheus_client.parser import text_string_to_metric_families

from groundstation.notify.metrics import RunMetrics, write_metrics


def values(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_file_is_read_by_prometheus_own_parser(tmp_path):
    path = tmp_path / "groundstation.prom"
    write_metrics(
        path,
        RunMetrics(
            network='Netz "A"\\n',
            exit_status=3,
            finished_s=1_781_438_400.0,
            last_success_s=1_781_438_400.0,
            plan_contacts=12,
            plan_key_bits=8_966_000,
            elements_age_s={"qube-2": 86_400.0},
            step_s={"plan": 1.5},
            pool_bits={"graz-matera": 1_024},
        ),
    )
    found = values(path.read_text())
    network = ("network", 'Netz "A"\\n')
    assert found["groundstation_last_run_exit_status", network] == 3.0
    assert found["groundstation_plan_expected_bits", network] == 8_966_000.0
    assert found["groundstation_elements_age_seconds", network, ("satellite", "qube-2")] == 86_400.0
    assert found["groundstation_run_duration_seconds", network, ("step", "plan")] == 1.5
    assert found["groundstation_ledger_available_bits", network, ("pool", "graz-matera")] == 1_024


def test_what_is_not_known_has_no_series(tmp_path):
    path = tmp_path / "groundstation.prom"
    write_metrics(path, RunMetrics(network="n", exit_status=78, finished_s=1.0))
    assert {name for name, *_ in values(path.read_text())} == {
        "groundstation_last_run_timestamp_seconds",
        "groundstation_last_run_exit_status",
    }
