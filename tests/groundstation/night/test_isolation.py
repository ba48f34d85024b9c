"""What fails for one station, satellite, source or pass costs that one and not the night."""

import dataclasses
import http.server
import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from groundstation.catalogue import read_element_files, select_elements
from groundstation.config.examples import example_path
from groundstation.config.load import load_network
from groundstation.export.pass_rows import pass_rows
from groundstation.night.forecasts import survey
from groundstation.night.gathering import middle_of
from groundstation.night.outcome import span_of
from groundstation.night.pass_names import KnownPass, PassNames
from groundstation.night.steps import Step
from passes.errors import GeometryError
from passes.search import find_passes
from passes.sky.twilight import dark_windows

NIGHT = "2016-12-19"


@pytest.fixture(scope="module")
def network():
    return load_network(example_path("micius-2016"))


@pytest.fixture(scope="module")
def selection(network):
    return select_elements(network, read_element_files(network), middle_of(network, NIGHT))


@pytest.fixture(scope="module")
def whole(network, selection):
    return survey(network, selection, *span_of(network, NIGHT))


def with_station(network, name, **changes):
    stations = tuple(
        dataclasses.replace(s, **changes) if s.name == name else s for s in network.stations
    )
    return dataclasses.replace(network, stations=stations)


def test_a_station_whose_sky_cannot_be_computed_is_left_out_and_named(
    network, selection, whole, monkeypatch
):
    """No description that is accepted fails there, so the failure is made."""
    works = dark_windows

    def fails(site, *arguments):
        if site.name == "nanshan":
            raise GeometryError("no horizon")
        return works(site, *arguments)

    monkeypatch.setattr("groundstation.night.looking.dark_windows", fails)
    found = survey(network, selection, *span_of(network, NIGHT))
    expected = [p.pass_id for p in whole.passes if p.station != "nanshan"]
    assert [p.pass_id for p in found.passes] == expected
    assert found.warnings == ("nanshan left out: no horizon",)
    assert "nanshan" not in [sky.station for sky in found.skies]


def test_a_search_that_fails_for_one_station_is_made_for_the_others(
    network, selection, whole, monkeypatch
):
    works = find_passes

    def fails(tables, sites, limits):
        if any(site.name == "nanshan" for site in sites):
            raise GeometryError("no root")
        return works(tables, sites, limits)

    monkeypatch.setattr("groundstation.night.looking.find_passes", fails)
    found = survey(network, selection, *span_of(network, NIGHT))
    expected = [p.pass_id for p in whole.passes if p.station != "nanshan"]
    assert [p.pass_id for p in found.passes] == expected
    assert found.warnings == ("nanshan left out: no root",)


def test_a_link_that_cannot_be_computed_costs_its_passes(network, selection, whole):
    (atmosphere,) = (s.atmosphere for s in network.stations if s.name == "nanshan")
    changed = with_station(
        network, "nanshan", atmosphere=dataclasses.replace(atmosphere, aerosol="of Mars")
    )
    found = survey(changed, selection, *span_of(network, NIGHT))
    assert len(found.passes) == len(whole.passes)
    worth = {p.pass_id: p for p in found.passes}
    good = [p.pass_id for p in whole.passes if p.forecast is not None]
    lost = [name for name in good if worth[name].forecast is None]
    assert lost == ["micius-nanshan-20161219T1826"]
    assert "of Mars" in str(worth[lost[0]].refusal)


def test_a_pass_whose_times_are_known_gets_its_own_name_again(whole):
    """Whatever else overlaps it: naming twice changes nothing."""
    item = next(p for p in whole.passes if p.forecast is not None)

    arc: Any = SimpleNamespace(
        epoch=item.aos,
        aos_s=0.0,
        tca_s=(item.tca - item.aos).total_seconds(),
        los_s=(item.los - item.aos).total_seconds(),
    )

    longer = KnownPass(
        "a-longer", item.satellite, item.station, item.aos.replace(second=0), item.los
    )
    own = KnownPass("z-own", item.satellite, item.station, item.aos, item.los)
    assert PassNames([longer, own]).name_of(item.satellite, item.station, arc) == "z-own"
    assert PassNames([own, longer]).name_of(item.satellite, item.station, arc) == "z-own"
    other = KnownPass("elsewhere", item.satellite, "moon", item.aos, item.los)
    assert PassNames([other]).name_of(item.satellite, item.station, arc) == item.pass_id


class _Down(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012  one list for the server of one test

    def do_GET(self):
        _Down.asked.append(self.path)
        self.send_response(500)
        self.end_headers()

    def log_message(self, *arguments):
        del arguments


@pytest.fixture
def broken_server():
    _Down.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Down)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/gp.json"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_a_source_that_fails_degrades_the_night_and_offline_asks_nobody(
    fresh, run_night, broken_server
):
    path = fresh / "groundstation.toml"
    path.write_text(path.read_text() + f'\n[[sources]]\nkind = "mirror"\nurl = "{broken_server}"\n')
    assert run_night(fresh, last=Step.ELEMENTS).warnings == ()
    assert _Down.asked == []
    result = run_night(fresh, last=Step.ELEMENTS, offline=False, is_present=False)
    asked = len(_Down.asked)
    assert asked > 0
    (warning,) = result.warnings
    assert "elements from mirror" in warning
    assert "status 500" in warning
    # Fifteen minutes of rest after a failure are the provider's rule, not a new defect.
    run_night(fresh, last=Step.ELEMENTS, offline=False, is_present=False)
    assert len(_Down.asked) == asked


UNKNOWN = "xinglong: weather unknown: no source of weather is configured for it"


def rows_of(result, station):
    rows = pass_rows(result.outcome.passes, result.outcome.network, result.outcome.plan)
    return [row for row in rows if row["station"] == station]


def test_a_station_whose_own_files_are_broken_costs_its_passes_and_no_other_station(
    handed_in, run_night
):
    good = run_night(handed_in, dry_run=True)
    assert {c["station"] for c in good.summary["contacts"]} >= {"nanshan", "graz"}
    assert not any("nanshan" in warning for warning in good.warnings)
    assert UNKNOWN in good.warnings
    # A disk that is full, a copy that broke off, a page instead of a file.
    (handed_in / "cover-nanshan.csv").write_bytes(b"month,cover_percent\n1,40\n2,4")
    (handed_in / "sky-nanshan.txt").unlink()
    (handed_in / "segments-nanshan.txt").write_text("<html>go away</html>")
    result = run_night(handed_in, dry_run=True)
    contacts = {c["station"] for c in result.summary["contacts"]}
    assert "nanshan" not in contacts
    assert "graz" in contacts
    said = [warning for warning in result.warnings if "nanshan" in warning]
    assert any("nanshan: weather unknown" in warning for warning in said)
    assert any("permission mission: " in w and "segments-nanshan.txt" in w for w in said)
    reasons = {row["reason"] for row in rows_of(result, "nanshan")}
    assert any("no permission to shine: segments-nanshan.txt is refused" in r for r in reasons)
    # What the others bring is what it was, to the bit, and so is their sky.
    for name in ("graz", "xinglong", "delingha", "lijiang"):
        rows, before = rows_of(result, name), rows_of(good, name)
        assert rows
        for key in ("pass_id", "secret_key_bits"):
            assert [row[key] for row in rows] == [row[key] for row in before]
        sky, known = (
            {row["pass_id"]: row["probability_clear"] for row in each if row["weather_source"]}
            for each in (rows, before)
        )
        # Members are added up in another order.
        assert {k: v for k, v in sky.items() if v} == pytest.approx(
            {k: v for k, v in known.items() if v}, rel=1e-12
        )
        assert (name == "graz") == any(sky.values())


def test_doubts_about_the_weather_are_said_by_every_run_that_uses_it(handed_in, run_night):
    assert UNKNOWN in run_night(handed_in, last=Step.WEATHER).warnings
    # As a new plan for the rest of the night begins.
    assert UNKNOWN in run_night(handed_in, first=Step.PASSES, last=Step.PASSES).warnings


def test_a_chosen_present_asks_only_servers_on_this_machine(fresh, run_night):
    path = fresh / "groundstation.toml"
    source = '\n[[sources]]\nkind = "mirror"\nurl = "https://mirror.invalid/gp.json"\n'
    path.write_text(path.read_text() + source)
    result = run_night(fresh, last=Step.ELEMENTS, offline=False, is_present=False)
    assert result.warnings == ()
    now = datetime(2016, 12, 19, 9, tzinfo=UTC)
    result = run_night(fresh, last=Step.ELEMENTS, offline=False, now=now, clock=lambda: now)
    assert len(result.warnings) == 1
