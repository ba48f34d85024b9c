"""Ways of key against every walk that could be made, on small networks drawn at random."""

import dataclasses
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstation.network import ConsumerSite, FibreLink
from groundstation.plan.paths import MOST_PATHS_OF_ALL, Pool, relay_paths
from groundstation.plan.records import Hop

NODES = ("a", "b", "c", "d", "e")
SATELLITES = ("sat-1", "sat-2")


@pytest.fixture(scope="module")
def drawn(tiny):
    """A network with given fibres, and a demand of its first site to its second."""

    def make(fibres, trusted, limits, untrusted=frozenset(), demands=1):
        wanted = dataclasses.replace(tiny.demand("d", "one", "two", 1e3), untrusted=untrusted)
        net = tiny.network([wanted] * demands)
        return dataclasses.replace(
            net,
            satellites=tuple(
                dataclasses.replace(net.satellites[0], name=name, is_trusted=name in trusted)
                for name in SATELLITES
            ),
            fibre_links=tuple(FibreLink(a, b, 1.0, None, "declared") for a, b in fibres),
            sites=(ConsumerSite("one", "", "", "a"), ConsumerSite("two", "", "", "b")),
            policies=dataclasses.replace(
                net.policies, max_satellite_hops=limits[0], max_fibre_hops=limits[1]
            ),
        ), wanted

    return make


def every_way(fibres, pools, trusted, limits, untrusted):
    """All sequences of hops from a to b, by trying every order of nodes and every kind of hop."""
    found = set()
    kinds = [None, *sorted(trusted - untrusted)]
    for count in range(len(NODES) - 1):
        for between in permutations([n for n in NODES if n not in {"a", "b"}], count):
            if set(between) & untrusted:
                continue
            nodes = ["a", *between, "b"]
            for kind in product(kinds, repeat=count + 1):
                hops = [Hop(x, y, k) for x, y, k in zip(nodes, nodes[1:], kind, strict=False)]
                is_open = all(
                    ((h.a, h.b) in fibres or (h.b, h.a) in fibres)
                    if h.satellite is None
                    else {Pool(h.satellite, h.a), Pool(h.satellite, h.b)} <= pools
                    for h in hops
                )
                over = sum(k is not None for k in kind)
                if is_open and over <= limits[0] and count + 1 - over <= limits[1]:
                    found.add(tuple(hops))
    return found


pairs = st.sets(st.sampled_from([(x, y) for x in NODES for y in NODES if x < y]), max_size=5)
pools_drawn = st.sets(st.builds(Pool, st.sampled_from(SATELLITES), st.sampled_from(NODES)))
names = st.sampled_from([*NODES, *SATELLITES])


@given(
    fibres=pairs,
    pools=pools_drawn,
    trusted=st.sets(st.sampled_from(SATELLITES)),
    limits=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    untrusted=st.frozensets(names, max_size=2),
)
@settings(max_examples=50, deadline=None)
def test_every_simple_way_is_found_once_and_short_ones_first(
    drawn, fibres, pools, trusted, limits, untrusted
):
    net, wanted = drawn(sorted(fibres), trusted, limits, untrusted)
    paths, complete = relay_paths(net, wanted, sorted(pools, key=str))
    assert complete
    assert len(paths) == len(set(paths))
    assert set(paths) == every_way(fibres, pools, trusted, limits, untrusted)
    assert [len(path) for path in paths] == sorted(len(path) for path in paths)


def test_where_everything_is_joined_no_node_is_visited_twice(drawn):
    fibres = {(x, y) for x in NODES for y in NODES if x < y}
    pools = {Pool(s, n) for s in SATELLITES for n in NODES}
    net, wanted = drawn(sorted(fibres), set(SATELLITES), (2, 3))
    paths, complete = relay_paths(net, wanted, sorted(pools, key=str))
    assert complete
    assert len(paths) == len(set(paths)) > 300
    assert set(paths) == every_way(fibres, pools, set(SATELLITES), (2, 3), frozenset())


def test_where_ways_are_left_out_the_longer_ones_are(drawn):
    pools = [Pool(s, n) for s in SATELLITES for n in NODES]
    few = 4
    demands = MOST_PATHS_OF_ALL // few
    net, wanted = drawn([("a", "b")], set(SATELLITES), (2, 1), demands=demands)
    paths, complete = relay_paths(net, wanted, pools)
    assert not complete
    assert [len(path) for path in paths] == [1, 1, 1, 2]
    assert paths[0] == (Hop("a", "b", None),)


def test_a_wide_network_is_searched_no_further_than_it_can_arrive(drawn):
    """Over six thousand towns two hops have a hundred million orders, of which few arrive.

    Trying them all would take minutes and more memory than there is.
    """
    towns = [f"town-{i:04d}" for i in range(6_000)]
    pools = [Pool(s, n) for s in SATELLITES for n in ("a", "b", *towns)]
    net, wanted = drawn([("town-0000", "b")], set(SATELLITES), (1, 1))
    paths, complete = relay_paths(net, wanted, pools)
    assert complete
    ends = {tuple((hop.a, hop.b) for hop in path) for path in paths}
    assert ends == {(("a", "b"),), (("a", "town-0000"), ("town-0000", "b"))}
