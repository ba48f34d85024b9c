# mypy: disable-error-code="arg-type"
"""A real night of a shipped example with one contact, and the same under hostile names."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from groundstation.night_records import NightOutcome

NOW = datetime(2016, 12, 19, 4, tzinfo=UTC)
HOSTILE = 'Löwe "A" & <b>Sons</b>; 東京, \x07' + "x" * 300


@pytest.fixture(scope="session")
def outcome(micius: NightOutcome) -> NightOutcome:
    """The first contact of the night only."""
    plan = replace(micius.plan, contacts=micius.plan.contacts[:1])
    return replace(micius, generated=NOW, plan=plan)


@pytest.fixture(scope="session")
def hostile(outcome: NightOutcome) -> NightOutcome:
    """The same with a station, a satellite and a network whose names break careless code."""
    (contact,) = outcome.plan.contacts
    renamed = {"satellite": HOSTILE, "station": HOSTILE, "pass_id": HOSTILE}

    def called(name: str) -> str:
        return HOSTILE if name in (contact.satellite, contact.station) else name

    network = replace(
        outcome.network,
        title=HOSTILE,
        stations=tuple(
            replace(s, name=called(s.name), title=called(s.name)) for s in outcome.network.stations
        ),
        satellites=tuple(replace(s, name=called(s.name)) for s in outcome.network.satellites),
        fibre_links=tuple(
            replace(f, a=called(f.a), b=called(f.b)) for f in outcome.network.fibre_links
        ),
    )
    return replace(
        outcome,
        network=network,
        passes=tuple(replace(p, **renamed) for p in outcome.passes if p.pass_id == contact.pass_id),
        elements=tuple(
            replace(e, satellite=called(e.satellite), elements=replace(e.elements, name=HOSTILE))
            for e in outcome.elements
        ),
        ground_tracks=tuple(
            replace(t, satellite=called(t.satellite)) for t in outcome.ground_tracks
        ),
        plan=replace(
            outcome.plan, contacts=(replace(contact, **renamed),), relays=(), rejections=()
        ),
    )
