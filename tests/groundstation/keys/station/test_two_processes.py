"""Two station processes, two ledgers, mutually authenticated TLS on loopback."""

import contextlib
import socket
import ssl
import time
import uuid

import pytest
import trustme

from groundstation.errors import GroundStationError
from groundstation.keys.station.errors import LinkError
from groundstation.keys.station.identity import peer_of

N_BITS = 4096


def usable(pair, segment):
    return all(
        station.ask("state")["segments"].get(str(segment), [""])[0] == "usable"
        for station in pair.stations.values()
    )


def relayed(pair, n_bits=N_BITS):
    """Order a relay, play the satellite, wait until both ends may use the key."""
    order = pair.order(n_bits)
    pair["graz"].ask("begin", order=order)
    held = {}

    def committed():
        held["found"] = pair["graz"].ask("committed", order=order["order"])
        return held["found"] is not None

    pair.until(committed)
    xor = pair.announcement(held["found"])
    pair["graz"].ask("announce", order=order["order"], name="spoqc", xor=xor)
    segment = uuid.uuid5(uuid.UUID(order["order"]), "segment")
    pair.until(lambda: usable(pair, segment))
    return segment


def test_a_relay_between_two_processes_gives_equal_bytes(pair):
    p = pair().start()
    bootstrap = p.share(8192)
    p.link("graz", 2048)
    p.link("matera", 2048)
    p.until(lambda: usable(p, bootstrap))
    segment = relayed(p)
    prints = {s.ask("fingerprint", segment=str(segment)) for s in p.stations.values()}
    assert len(prints) == 1
    for station in p.stations.values():
        assert station.ask("state")["reserved"] == 0


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_connections_that_break_at_random_lose_nothing(pair, seed):
    p = pair(proxied=True, seed=seed).start()
    bootstrap = p.share(32768)
    p.link("graz", 4096)
    p.link("matera", 4096)
    p.until(lambda: usable(p, bootstrap))
    segments = [relayed(p, 8192) for _ in range(2)]
    assert sum(proxy.cuts for proxy in p.proxies.values()) > 0
    for segment in segments:
        prints = {s.ask("fingerprint", segment=str(segment)) for s in p.stations.values()}
        assert len(prints) == 1


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_stations_killed_at_random_moments_never_give_a_bit_twice(pair, kills):
    p = pair(seed=kills).start()
    bootstrap = p.share(65536)
    p.link("graz", 65536)
    p.link("matera", 65536)
    p.until(lambda: usable(p, bootstrap))
    orders, asked = [], []
    for _ in range(kills):
        order = p.order(N_BITS)
        orders.append(order)
        for name, station in p.stations.items():
            identity = str(p.uuid())
            asked.append((name, identity))
            station.ask("deliver", allocation=identity, pool=["graz", "matera"], n_bits=256)
        p["graz"].ask("begin", order=order)
        _kill_one(p)
        _announce(p, orders)
    p.until(lambda: _all_over(p, orders), between=lambda: _announce(p, orders))
    p.until(lambda: _is_quiet(p, asked))
    _check(p, orders)


def _kill_one(p):
    time.sleep(p.draws.uniform(0.0, 0.4))
    victim = p.draws.choice(list(p.stations.values()))
    victim.kill()
    victim.start()


def _announce(p, orders):
    for order in orders:
        try:
            held = p["graz"].ask("committed", order=order["order"])
            if held is not None:
                xor = p.announcement(held)
                p["graz"].ask("announce", order=order["order"], name="spoqc", xor=xor)
        except GroundStationError:
            continue


def _all_over(p, orders):
    return {order["order"] for order in orders} <= set(p["graz"].ask("state")["over"])


def _is_quiet(p, asked):
    """Fetch at one end whatever was asked for at the other, until nothing is reserved anywhere.

    Key that the first end spent and lost in a crash is fetched, too: it goes to nobody else.
    """
    for name, identity in asked:
        other = "matera" if name == "graz" else "graz"
        with contextlib.suppress(GroundStationError):
            p[other].ask("fetch", allocation=identity)
    return all(station.ask("state")["reserved"] == 0 for station in p.stations.values())


def _check(p, orders):
    given = {name: dict(line.split() for line in p[name].lines("out")) for name in p.stations}
    taken = {name: dict(line.split() for line in p[name].lines("in")) for name in p.stations}
    outs = [line.split()[1] for name in p.stations for line in p[name].lines("out")]
    assert len(outs) == len(set(outs)), "the same key was given out twice"
    for name, other in (("graz", "matera"), ("matera", "graz")):
        for identity, digest in taken[other].items():
            assert given[name].get(identity, digest) == digest
        assert set(given[name]) <= set(taken[other])
    used = 0
    for order in orders:
        segment = str(uuid.uuid5(uuid.UUID(order["order"]), "segment"))
        p.until(lambda segment=segment: _settled(p, segment))
        prints = {
            station.ask("fingerprint", segment=segment)
            for station in p.stations.values()
            if segment in station.ask("state")["segments"]
        }
        assert len(prints) <= 1
        used += len(prints)
    print(f"{len(orders)} kills, {used} relays done, {len(outs)} keys given out")  # noqa: T201
    assert used


def _settled(p, segment):
    stages = [s.ask("state")["segments"].get(segment, ["none"])[0] for s in p.stations.values()]
    return stages[0] == stages[1] and "waiting" not in stages


def test_only_a_known_peer_with_a_certificate_of_the_authority_is_answered(pair, issue, tmp_path):
    p = pair()
    p["graz"].start()
    port = p.ports["graz"]
    known = issue(p.authority, tmp_path / "known", "matera")
    assert _call(port, known).endswith(b'{"messages":[],"relay":[]}')
    assert _call(port, issue(trustme.CA(), tmp_path / "other-authority", "matera")) == b""
    assert _call(port, issue(p.authority, tmp_path / "nobody", "calern")) == b""
    assert _call(port, known, with_own=False) == b""
    with pytest.warns(DeprecationWarning, match="TLS"):
        assert _call(port, known, most=ssl.TLSVersion.TLSv1_1) == b""
    # It is still there for those who may ask.
    assert _call(port, known) != b""


def _call(port, files, *, with_own=True, most=None):
    """Say one empty frame and read what comes back nothing if we are turned away."""
    context = ssl.create_default_context(cafile=files[2])
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if with_own:
        context.load_cert_chain(files[0], files[1])
    if most is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = most
    content = b'{"messages": [], "relay": []}'
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain) as secure,
        ):
            secure.sendall(len(content).to_bytes(4) + content)
            head = secure.recv(4)
            return head if not head else head + secure.recv(1000)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_the_name_of_a_peer_comes_from_the_certificate_alone():
    names = {"subjectAltName": (("DNS", "matera"), ("DNS", "other"))}
    assert peer_of(names, ["matera", "graz"]) == "matera"
    both = {"subjectAltName": (("DNS", "matera"), ("DNS", "graz"))}
    for certificate in (both, {}, None, {"subjectAltName": (("URI", "matera"),)}):
        with pytest.raises(LinkError):
            peer_of(certificate, ["matera", "graz"])
