"""A real night of a shipped example with one contact, and the same under hostile names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.night_records import NightOutcome

NOW = datetime(2016, 12, 19, 4, tzinfo=UTC)
HOSTILE = 'Löwe "A" & <b>Sons</b>; 東京, \x07' + "x" * 300


@pytest.fixture(scope="session")
def outcome(micius: NightOutcome) -> NightOutcome:
    """The first contact of the night only."""
    plan = replace(micius.plan, contacts=micius.plan.contacts[:1])
    return replace(micius, generated=NOW, plan=plan)


def renamed(outcome: NightOutcome, name: str) -> NightOutcome:
    """The night with a station, a satellite, an element set and a network of that name."""
    (contact,) = outcome.plan.contacts

    def called(old: str) -> str:
        return name if old in (contact.satellite, contact.station) else old

    network = replace(
        outcome.network,
        title=name,
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
        passes=tuple(
            replace(p, satellite=name, station=name, pass_id=name)
            for p in outcome.passes
            if p.pass_id == contact.pass_id
        ),
        elements=tuple(
            replace(e, satellite=called(e.satellite), elements=replace(e.elements, name=name))
            for e in outcome.elements
        ),
        ground_tracks=tuple(
            replace(t, satellite=called(t.satellite)) for t in outcome.ground_tracks
        ),
        plan=replace(
            outcome.plan,
            contacts=(replace(contact, satellite=name, station=name, pass_id=name),),
            relays=(),
            rejections=(),
        ),
    )


@pytest.fixture(scope="session")
def hostile(outcome: NightOutcome) -> NightOutcome:
    """The night under a name that breaks careless code."""
    return renamed(outcome, HOSTILE)


@pytest.fixture(scope="session")
def under_name(outcome: NightOutcome) -> Callable[[str], NightOutcome]:
    """`under_name(text)`: half an hour of the night around its contact under that name."""
    (contact,) = outcome.plan.contacts
    around = timedelta(minutes=15)
    tracks = []
    for track in outcome.ground_tracks:
        begin = (contact.start - around - track.epoch).total_seconds()
        kept = [i for i, t in enumerate(track.times_s) if 0.0 <= t - begin <= 1_800.0]
        part = slice(kept[0], kept[-1] + 1)
        tracks.append(
            replace(
                track,
                times_s=track.times_s[part],
                longitude_deg=track.longitude_deg[part],
                latitude_deg=track.latitude_deg[part],
            )
        )
    short = replace(
        outcome,
        start=contact.start - around,
        stop=contact.start + around,
        ground_tracks=tuple(tracks),
    )
    return lambda name: renamed(short, name)
