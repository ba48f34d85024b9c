"""A page stays small and quick: a night of 30 stations and 200 contacts, and a tenth of it."""

import math
import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from groundstation.night_records import CloudOutlook, NightPass
from groundstation.plan.records import Contact, Rejection
from groundstation.report.night_page import render_night

STATIONS, CONTACTS = 30, 200
LARGEST_BYTES = 2_000_000
LONGEST_S = 5.0


def crowd(night, stations, contacts):
    """A night with so many stations and contacts, made of copies of a small one.

    Copies are shifted by seconds, so that no two curves or rows are the same.
    """
    copies = -(-stations // len(night.network.stations))
    named = [
        replace(s, name=f"{s.name}-{i}", title=f"{s.title} {i}")
        for i in range(copies)
        for s in night.network.stations
    ][:stations]
    names = {station.name for station in named}
    passes: list[NightPass] = []
    while sum(p.forecast is not None for p in passes) < 2 * contacts:
        round_ = len(passes)
        for i in range(copies):
            for p in night.passes:
                if f"{p.station}-{i}" in names:
                    shift = timedelta(seconds=7 * (round_ + i))
                    passes.append(
                        replace(
                            p, pass_id=f"{p.pass_id}-{i}-{round_}", station=f"{p.station}-{i}",
                            aos=p.aos + shift, tca=p.tca + shift, los=p.los + shift,
                            windows=tuple((a + shift, b + shift) for a, b in p.windows),
                        )
                    )  # fmt: skip
    worth = [p for p in passes if p.forecast is not None and p.windows]
    taken = [worth[len(worth) * k // contacts] for k in range(contacts)]
    chosen = {p.pass_id for p in taken}
    reason = "speqtre serves matera at 20:44Z; swapping would lose 100.0 kbit for one pair"
    plan = replace(
        night.plan,
        contacts=tuple(
            Contact(p.pass_id, p.satellite, p.station, p.windows, 123_456) for p in taken
        ),
        rejections=tuple(Rejection(p.pass_id, reason) for p in passes if p.pass_id not in chosen),
    )
    skies = {sky.station: sky for sky in night.skies}
    return replace(
        night,
        network=replace(night.network, stations=tuple(named), fibre_links=()),
        passes=tuple(sorted(passes, key=lambda p: (p.aos, p.pass_id))),
        skies=tuple(replace(skies[s.name.rsplit("-", 1)[0]], station=s.name) for s in named),
        plan=plan,
        clouds=tuple(cloud(night, s.name, i) for i, s in enumerate(named)),
    )


def cloud(night, station, seed):
    """Cover that changes all night, no two stations alike."""
    share = [abs(math.sin(0.3 * i + seed)) for i in range(49)]
    low, middle, high, mean = (
        tuple(round(factor * value, 3) for value in share) for factor in (0.3, 0.6, 0.99, 0.63)
    )
    return CloudOutlook(
        station, "ensemble", "open-meteo icon_eu", None, night.start, "ab" * 32, 40, night.start,
        tuple(1_800.0 * i for i in range(49)), low, middle, high, mean,
    )  # fmt: skip


def test_a_tenth_of_the_largest_night_takes_a_tenth_of_the_room(night):
    page = render_night(crowd(night, STATIONS, CONTACTS // 10))
    # A seventh of it does not grow with the contacts: style, map, sky and weather of all stations.
    assert len(page.encode()) < 0.25 * LARGEST_BYTES


def test_a_contact_costs_the_page_less_than_ten_kilobytes(night):
    one, six = (
        len(render_night(replace(night, plan=replace(night.plan, contacts=contacts))).encode())
        for contacts in (night.plan.contacts[:1], night.plan.contacts)
    )
    # 2 MB over 200 contacts, less what the page itself takes.
    assert (six - one) / 5 < 8_000


def test_no_number_of_a_drawing_has_a_fraction(night):
    # Lengths are whole tenths of a point: digits that nobody sees are most of a drawing.
    page = render_night(night)
    for data in re.findall(r' d="([^"]+)"', page):
        assert "." not in data


@pytest.mark.slow
def test_the_largest_night_stays_below_two_megabytes_and_five_seconds(night):
    crowded = crowd(night, STATIONS, CONTACTS)
    begun = time.process_time()
    page = render_night(crowded)
    # Processor time: other programs of the machine do not count.
    assert time.process_time() - begun < LONGEST_S
    assert len(page.encode()) < LARGEST_BYTES
    assert page.count("<article") == CONTACTS
