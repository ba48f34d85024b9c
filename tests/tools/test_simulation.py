"""Ways of planning live through nights: conservation of key, resumption, what they may know."""

import json
import shutil
from dataclasses import replace

import pytest


def _way(comparison, name):
    return next(way for way in comparison.ways.WAYS if way.name == name)


def _lived(comparison, network, evening, way, stocks):
    contacts = comparison.ways.contacts(network, way, evening, stocks)
    return contacts, comparison.relays_after.carried_out(
        network, way, evening, contacts, stocks, {}
    )


def test_without_demand_all_key_under_a_clear_sky_stays(comparison, small, evening):
    network, way = replace(small, demands=()), _way(comparison, "greedy")
    contacts = comparison.ways.contacts(network, way, evening, {})
    seen = set()
    for seed in range(12):
        night = replace(evening, sky=comparison.drawn_sky.DrawnSky(small, seed))
        clear = night.is_clear()
        came = [c for c in contacts if clear[c.pass_id]]
        found = comparison.relays_after.carried_out(network, way, night, contacts, {}, {})
        assert (found.contacts, found.clear) == (len(contacts), len(came))
        assert sum(found.stocks.values()) == pytest.approx(sum(c.key_bits for c in came), abs=1.0)
        seen.add(len(came))
    # Skies with all of them clear, and with fewer.
    assert max(seen) == len(contacts) > min(seen)


def test_a_relay_spends_its_key_in_two_pools(comparison, small, evening):
    """Fibres are left out: every path is one announcement."""
    pool = comparison.ways.Pool
    stocks = {pool("spoqc", "skinakas"): 5e4, pool("spoqc", "helmos"): 8e4}
    way = _way(comparison, "perfect knowledge")
    contacts, found = _lived(comparison, small, evening, way, stocks)
    came = sum(c.key_bits for c in contacts)
    spent = 1.3e5 + came - sum(found.stocks.values())
    assert found.kbit["carrier-trunk"] >= 50.0
    assert spent == pytest.approx(2e3 * found.kbit["carrier-trunk"], abs=2.0)


def test_of_two_nights_only_the_first_is_carried_out(comparison, small, evening):
    way = comparison.ways.Way("both", 2, is_perfect=True)
    contacts, found = _lived(comparison, small, evening, way, {})
    tonight = [c for c in contacts if evening.ahead_of[c.pass_id] == 0]
    assert 0 < len(tonight) < len(contacts)
    assert found.contacts == len(tonight)
    came = sum(c.key_bits for c in tonight)
    spent = 2e3 * found.kbit["carrier-trunk"]
    assert sum(found.stocks.values()) == pytest.approx(came - spent, abs=2.0)


def test_demand_ahead_delivers_no_more_tonight_than_a_day_uses(comparison, small, evening):
    pool = comparison.ways.Pool
    stocks = {pool("spoqc", "skinakas"): 9e6, pool("spoqc", "helmos"): 9e6}
    way = comparison.ways.Way("ahead", changes={"nights_ahead": 2, "ahead_worth": 1.0})
    _, found = _lived(comparison, small, evening, way, stocks)
    assert found.kbit["carrier-trunk"] == pytest.approx(737.28, abs=0.01)


def test_perfect_knowledge_takes_no_contact_under_cloud(comparison, small, evening):
    way = _way(comparison, "perfect knowledge")
    _, found = _lived(comparison, small, evening, way, {})
    assert found.contacts == found.clear > 0


def test_a_pair_lasts_as_long_as_its_key(comparison, small, evening):
    """Key for six hours at noon, and none that the night could bring: 18 hours without."""
    demand = small.demands[0]
    held = {demand.name: demand.bits_per_day / 4.0}
    night = replace(evening, nights=(replace(evening.tonight, candidates=()), *evening.nights[1:]))
    way = _way(comparison, "greedy")
    found = comparison.relays_after.carried_out(small, way, night, (), {}, held)
    assert found.starved_h[demand.name] == pytest.approx(18.0, abs=1e-3)
    assert found.held_bits[demand.name] == 0.0


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(
    comparison, small, nights, evening, tmp_path
):
    assert len(evening.nights) == 2
    for name in ("once", "twice"):
        # The passes are the same; to find them again takes seconds.
        shutil.copytree(nights._folder, tmp_path / f"{name}.passes")
    ways = [_way(comparison, name) for name in ("greedy", "perfect knowledge")]
    run = comparison.simulation.simulate
    once = run(small, ways, 2, tmp_path / "once.json", seed=3)
    run(small, ways, 1, tmp_path / "twice.json", seed=3)
    twice = run(small, ways, 2, tmp_path / "twice.json", seed=3)
    for way in ways:
        first, second = once.ways[way.name], twice.ways[way.name]
        assert len(first.nights) == 2
        assert [_untimed(row) for row in first.nights] == [_untimed(row) for row in second.nights]
        assert first.held_bits == second.held_bits
        assert [tuple(p) for p in first.pools] == [tuple(p) for p in second.pools]
    written = json.loads((tmp_path / "twice.json").read_text())
    assert written["ways"]["greedy"]["nights"] == twice.ways["greedy"].nights


def _two_nights(comparison, small, nights, evening, tmp_path, begin):
    """Two nights with perfect knowledge, from pools and pairs that hold something."""
    assert len(evening.nights) == 2
    way = _way(comparison, "perfect knowledge")
    shutil.copytree(nights._folder, tmp_path / "s.passes")
    state = comparison.simulation.State(3, small.digest, {way.name: begin})
    comparison.simulation.write_state(tmp_path / "s.json", state)
    state = comparison.simulation.simulate(small, [way], 2, tmp_path / "s.json", seed=3)
    return state.ways[way.name]


def test_pools_carry_over(comparison, small, nights, evening, tmp_path):
    """Stock for two nights serves both of them in full."""
    wanted = small.demands[0].bits_per_day / 1e3
    pools = [("spoqc", "skinakas", 2e6), ("spoqc", "helmos", 2e6)]
    begin = comparison.simulation.Lived(pools=pools)
    lived = _two_nights(comparison, small, nights, evening, tmp_path, begin)
    delivered = [row["kbit"]["carrier-trunk"] for row in lived.nights]
    assert delivered == pytest.approx([wanted, wanted], abs=0.01)
    first, second = (row["in_pools_kbit"] for row in lived.nights)
    assert first >= 4000.0 - 2.0 * wanted - 0.01
    assert second >= first - 2.0 * wanted - 0.01


def test_what_pairs_hold_carries_over(comparison, small, nights, evening, tmp_path):
    """A pair with key for two days is never without, and has what was delivered left."""
    day_bits = small.demands[0].bits_per_day
    begin = comparison.simulation.Lived(held_bits={"carrier-trunk": 2.0 * day_bits})
    lived = _two_nights(comparison, small, nights, evening, tmp_path, begin)
    delivered = sum(row["kbit"]["carrier-trunk"] for row in lived.nights)
    assert [row["starved_h"]["carrier-trunk"] for row in lived.nights] == [0.0, 0.0]
    assert lived.held_bits["carrier-trunk"] == pytest.approx(1e3 * delivered, abs=4.0)
    assert delivered < 1.9e-3 * day_bits


def _untimed(row):
    return {name: value for name, value in row.items() if name != "cpu_s"}


def test_a_state_of_another_seed_is_refused(comparison, small, tmp_path):
    comparison.simulation.write_state(
        tmp_path / "s.json", comparison.simulation.State(3, small.digest)
    )
    with pytest.raises(SystemExit, match="another network or seed: 3, not 4"):
        comparison.simulation.read_state(tmp_path / "s.json", small, 4)
