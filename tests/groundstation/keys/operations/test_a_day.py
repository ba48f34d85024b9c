"""A day of the `europe-2026` example: plan, files, import, relay; equal bytes, exact accounts."""

import base64
import json
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from present import present

from groundstation.config.load import load_network
from groundstation.keys.imports.distillation import distil
from groundstation.keys.imports.final_key import FinalKey
from groundstation.keys.imports.reading import read_import
from groundstation.keys.imports.records import ImportedKey
from groundstation.keys.imports.seed import seed_of
from groundstation.keys.ledger.balance import imported_bits
from groundstation.keys.ledger.records import OriginKind, Pool, SegmentStage
from groundstation.keys.operations.importing import import_files
from groundstation.keys.operations.levels import (
    low_water_alarms,
    read_stocks,
    status_document,
)
from groundstation.keys.operations.month import month_account, month_of
from groundstation.keys.operations.opening import promise_of
from groundstation.keys.operations.ordering import relay_plan
from groundstation.keys.operations.relaying import take_announcements, write_requests
from groundstation.keys.relay.satellite_files import (
    SatelliteMemory,
    announcement_text,
    read_request,
    write_text,
)
from groundstation.keys.sealing.file_kek import FileKekProvider
from groundstation.keys.store.verify import verify
from groundstation.night.key_levels import held_document, held_from, held_of_network
from groundstation.plan.paths import Pool as StockPool

BY_HAND = 32_768


def nodes_of(relays):
    return tuple(
        sorted({name for relay in relays for hop in relay.hops for name in (hop.a, hop.b)})
    )


def bring_key(country, plan):
    """Passes of the plan, fibres and key carried by hand, as files; into every ledger."""
    inboxes: dict[str, list[Path]] = {name: [] for name in country.names}
    for number, contact in enumerate(plan.contacts):
        if contact.station in inboxes:
            path = country.file(
                contact.station,
                contact.key_bits,
                satellite=contact.satellite,
                pass_id=contact.pass_id,
            )
            inboxes[contact.station].append(path)
            if number == 0:
                inboxes[contact.station].append(path)  # the same file twice
    talking = set()
    for relay in plan.relays:
        for hop in relay.hops:
            if hop.satellite is None:
                # The leader allocates one half of a segment.
                pair = country.file(hop.a, 2 * relay.bits + 16, peer=hop.b)
                inboxes[hop.a].append(pair[0])
                inboxes[hop.b].append(pair[1])
        talking |= {
            tuple(sorted((relay.hops[0].a, name)))
            for name in nodes_of([relay])
            if name != relay.hops[0].a
        }
    for a, b in sorted(talking):
        pair = country.file(a, BY_HAND, peer=b)
        inboxes[a].append(pair[0])
        inboxes[b].append(pair[1])
    return {name: import_files(country.desks[name], paths) for name, paths in inboxes.items()}


def conserved(country):
    """I5 at every node, and no bit in the air that nobody knows of."""
    for name in country.names:
        reader = country.desks[name].store.reader
        imported = sum(
            lane.n_bits
            for segment in reader.segments()
            for lane in reader.segment(segment.segment_id).lanes
        )
        assert imported_bits(reader.totals()) == imported, name


def satellite_answers(country, folder):
    """Every satellite's operator reads the requests and answers them."""
    memories: dict[str, SatelliteMemory] = {}
    answered: dict[str, list[Path]] = {}
    for name in country.names:
        for path in write_requests(country.desks[name], folder / "out" / name):
            key = country.transport_key(name)
            request = read_request(path.read_text(), key)
            memory = memories.setdefault(request.satellite, SatelliteMemory())

            def read(_station, extents):
                return b"".join(
                    country.keys[e.segment_id][e.start // 8 : e.stop // 8] for e in extents
                )

            announcement = memory.announce(request, read)
            answer = folder / "in" / name / path.name
            write_text(answer, announcement_text(announcement, request.order_id, key))
            answered.setdefault(name, []).append(answer)
    return answered


@pytest.mark.slow
def test_a_day_from_the_plan_to_the_pools_of_the_pairs(country, europe, tmp_path):
    plan = europe.plan
    relays = [relay for relay in plan.relays if relay.hops]
    assert len(relays) >= 2
    c = country(*nodes_of(relays))
    results = bring_key(c, plan)
    outcomes = {result.outcome for listed in results.values() for result in listed}
    assert outcomes <= {"imported", "unchanged"}
    conserved(c)
    c.work(c.is_settled)
    conserved(c)
    before = {name: c.totals(name) for name in c.names}
    for name in c.names:
        for result in relay_plan(c.desks[name], plan):
            assert result.outcome in {"ordered", "of another node"}, result
        again = {result.outcome for result in relay_plan(c.desks[name], plan)}
        assert again <= {"ordered before", "of another node"}
    conserved(c)
    c.work(lambda: _all_committed(c))
    conserved(c)
    for name, files in satellite_answers(c, tmp_path).items():
        assert {r.outcome for r in take_announcements(c.desks[name], files)} == {"announced"}
    c.work(c.is_settled)
    conserved(c)
    _check_pools(c, relays)
    for name in c.names:
        totals = c.totals(name)
        assert totals.reserved == 0
        assert totals.expired == before[name].expired == 0
        assert verify(c.folder / name / "keys", FileKekProvider(c.folder / name / "kek")).is_sound
    _check_month(c, relays)
    _check_no_key_in_files(c, tmp_path)


def _all_committed(c):
    orders = [order for desk in c.desks.values() for order in desk.node.orders()]
    return all(
        c.desks[order.a].store.reader.document("relay-commit", str(order.order_id)) is not None
        for order in orders
    )


def _between(relay):
    """Satellites and nodes between the ends of a relay."""
    satellites = {hop.satellite for hop in relay.hops if hop.satellite}
    return satellites | {hop.b for hop in relay.hops[:-1]}


def _check_pools(c, relays):
    # A pair may be served over several paths.
    of_pair = defaultdict(list)
    for relay in relays:
        of_pair[Pool(*sorted((relay.hops[0].a, relay.hops[-1].b)))].append(relay)
    for pool, paths in of_pair.items():
        ends = (pool.a, pool.b)
        for name in ends:
            relayed = [
                segment
                for segment in c.desks[name].store.reader.segments(pool)
                if segment.origin.kind is OriginKind.RELAY
            ]
            wanted = sorted(path.bits // 8 * 8 for path in paths)
            assert sorted(s.n_bits for s in relayed) == wanted
            assert {s.stage for s in relayed} == {SegmentStage.USABLE}
            for segment in relayed:
                (share,) = segment.trust.shares
                assert any(_between(path) <= share for path in paths)
        for segment in relayed:
            one, two = (c.stored(name, segment.segment_id) for name in ends)
            assert one == two
            assert one


def _check_month(c, relays):
    """The month's account adds up and is what the ledger holds."""
    for name in c.names:
        account = month_account(
            c.networks[name], c.folder / name / "keys", name, month_of("2026-06")
        )
        for row in account["rows"]:
            totals = c.totals(name, Pool(row["a"], row["b"]))
            came = row["opening_bits"] + row["imported_bits"] + row["received_by_relay_bits"]
            went = (
                row["delivered_bits"]
                + row["relayed_away_bits"]
                + row["authentication_bits"]
                + row["expired_bits"]
                + row["burned_bits"]
            )
            assert came - went == row["closing_bits"]
            left = totals.available + totals.reserved + totals.quarantined
            assert row["closing_bits"] == left
            assert row["relayed_away_bits"] == totals.relayed
            assert row["authentication_bits"] == totals.authentication
    relay = relays[0]
    account = month_account(
        c.networks[relay.hops[0].a],
        c.folder / relay.hops[0].a / "keys",
        relay.hops[0].a,
        month_of("2026-06"),
    )
    ends = sorted((relay.hops[0].a, relay.hops[-1].b))
    (row,) = [r for r in account["rows"] if [r["a"], r["b"]] == ends]
    same = [r for r in relays if sorted((r.hops[0].a, r.hops[-1].b)) == ends]
    assert row["received_by_relay_bits"] == sum(r.bits // 8 * 8 for r in same)
    assert relay.demand in row["demands"]
    assert 0.0 < row["demand_met"] <= 1.0


def _check_no_key_in_files(c, tmp_path):
    """F15: no file of any node or of the post holds key: raw, hexadecimal or in base64."""
    needles: dict[int, list[bytes]] = {}
    for key in c.keys.values():
        # Pieces from all over the key; eight bytes do not occur by chance.
        for start in range(0, len(key) - 24, max(len(key) // 40, 24)):
            piece = key[start : start + 12]
            for needle in (piece, piece.hex().encode(), *_in_base64(piece)):
                needles.setdefault(int.from_bytes(needle[:8], "little"), []).append(needle)
    assert len(needles) > 1000
    first = np.array(sorted(needles), dtype=np.uint64)
    searched = 0
    for path in [*c.folder.rglob("*"), *tmp_path.rglob("*")]:
        if path.is_file() and "secrets" not in path.parts:
            searched += 1
            content = path.read_bytes()
            for found in _common(content, first):
                assert not any(needle in content for needle in needles[found]), path
    assert searched > 50
    planted = next(iter(needles.values()))[0]
    assert list(_common(b"xyz" + planted + b"abc", first)), "the search finds nothing at all"


def _in_base64(piece):
    """What base64 of anything around a piece has of it, at its three alignments."""
    for skipped in range(3):
        inner = piece[skipped : skipped + 9]
        yield base64.b64encode(inner)


def _common(content, first):
    """Eight-byte windows of a file that are among the first eight bytes of the needles."""
    for shift in range(8):
        whole = (len(content) - shift) // 8 * 8
        if whole > 0:
            windows = np.frombuffer(content, dtype="<u8", count=whole // 8, offset=shift)
            yield from np.intersect1d(windows, first).tolist()


def test_two_stations_import_and_account_for_every_bit(country):
    """Tier 1 with a burned tail, tier 2 hashed with a fresh seed, and what the planner gets."""
    c = country("calern", "skinakas")
    passed = c.file("calern", 10_003, satellite="spoqc", pass_id="spoqc-calern-1")
    hashed = c.reconciled_file("skinakas", "spoqc", "spoqc-skinakas-1")
    (one,) = import_files(c.desks["calern"], [passed])
    (two,) = import_files(c.desks["skinakas"], [hashed])
    assert (one.outcome, one.n_bits, one.stage) == ("imported", 10_000, "usable")
    totals = c.totals("calern")
    assert (totals.available, totals.burned) == (10_000, 3)
    assert (two.outcome, two.stage) == ("imported", "usable")
    conserved(c)
    # What the satellite computes from the public record is what is in the ledger.
    record = json.loads((c.folder / "skinakas/keys/records" / f"{two.segment_id}.json").read_text())
    imported = read_import(hashed, c.transport_key("skinakas"))
    seed = seed_of(record["amplification"]["seed"])
    assert isinstance(imported, ImportedKey)
    final = distil(imported, promise_of(c.networks["skinakas"]), seed)
    assert isinstance(final, FinalKey)
    assert c.stored("skinakas", UUID(two.segment_id)) == final.key[: two.n_bits // 8]
    stocks = read_stocks(c.networks["calern"], present(c.networks["calern"].key_store))
    assert stocks.links == {StockPool("spoqc", "calern"): 10_000.0}
    # The other node's status document fills the gap.
    levels = c.folder / "calern" / "levels"
    levels.mkdir()
    told = status_document(c.desks["skinakas"].store.reader)
    (levels / "skinakas.json").write_text(json.dumps(told))
    network = load_network(c.folder / "calern")
    stocks = read_stocks(network, present(network.key_store))
    assert stocks.links[StockPool("spoqc", "skinakas")] == float(two.n_bits)
    assert not stocks.warnings


def test_a_low_pool_is_a_sentence_and_a_full_one_is_not(country):
    c = country("bari", "munich")
    network = c.networks["bari"]
    alarms = low_water_alarms(network, read_stocks(network, present(network.key_store)))
    assert alarms == ("key of grid-control (bari - munich) is low: 0 bits, reserve 100000 bits",)
    pair = c.file("bari", 100_000, peer="munich")
    import_files(c.desks["bari"], pair[:1])
    import_files(c.desks["munich"], pair[1:])
    c.work(c.is_settled)
    assert not low_water_alarms(network, read_stocks(network, present(network.key_store)))


def test_a_night_starts_from_the_pools_and_keeps_what_it_knew(country):
    c = country("calern", "munich")
    file = c.file("calern", 8192, satellite="spoqc", pass_id="p")
    import_files(c.desks["calern"], [file])
    held, sentences = held_of_network(c.networks["calern"])
    assert held.pools == {("spoqc", "calern"): 8192.0}
    assert sentences == ()
    assert held_from(json.loads(json.dumps(held_document(held)))) == held
    _, sentences = held_of_network(c.networks["munich"])
    assert len(sentences) == 1
    assert "grid-control" in sentences[0]
