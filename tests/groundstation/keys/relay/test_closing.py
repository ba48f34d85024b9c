"""The ends of an order: nothing is taken in too early, and the key is no younger than its links."""

import json

import pytest

from groundstation.keys.errors import KeyMessageError
from groundstation.keys.ledger.records import Pool
from groundstation.keys.relay import closing, custody
from groundstation.keys.relay.errors import RelayError
from groundstation.keys.relay.records import Link, Order, OrderKind

L = 1024
SECRET = bytes(32)


def at(town, name, work):
    return town.stores[name].transact(work)


@pytest.fixture
def chain(town):
    """graz - spoqc - matera - bari, key on every link, nothing lost."""
    t = town("bari", "graz", "matera", with_tags=False)
    t.fill("graz", "spoqc", 4096, expires_at=t.now + 900.0)
    t.fill("spoqc", "matera", 4096, expires_at=t.now + 300.0)
    t.fill("matera", "bari", 16384, expires_at=t.now + 600.0)
    return t, t.order("graz", "spoqc", "matera", "bari", n_bits=L)


def test_a_relayed_key_expires_with_the_first_of_its_links(chain):
    t, order = chain
    t.carry_out(order)
    for name in ("graz", "bari"):
        segment = t.stores[name].reader.segment(order.segment_id).segment
        assert segment.expires_at == t.now + 300.0


def test_without_all_announcements_the_far_end_takes_nothing_in(chain):
    t, order = chain
    t.nodes["graz"].begin(order)
    t.run(8)
    with pytest.raises(RelayError, match="the announcement of spoqc, matera is missing"):
        at(t, "bari", lambda unit: closing.finish(unit, order, SECRET))
    assert t.stores["bari"].reader.totals(Pool("bari", "matera")).relayed == 0


def test_the_leading_end_spends_nothing_before_every_node_has_committed(chain):
    """matera has committed and announced, bari has not: its half of the links is not sure yet."""
    t, order = chain
    t.nodes["graz"].begin(order)
    for _ in range(8):
        t.post("graz", "matera")
        if "commit" not in "".join(t.nodes["graz"].outbox("bari")):
            t.post("graz", "bari")
    assert t.stores["matera"].reader.totals().relayed > 0
    t.announce(order)
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).relayed == 0
    t.run(8)
    assert t.key("graz", order.segment_id) == t.key("bari", order.segment_id)


def test_an_order_passes_no_node_that_cannot_be_told(chain):
    t, order = chain
    del t.nodes["graz"].dialogue.pair_secrets["bari"]
    with pytest.raises(RelayError, match="no secret is shared with bari"):
        t.nodes["graz"].begin(order)
    assert t.stores["graz"].reader.totals().reserved == 0


def test_a_message_of_no_known_kind_is_refused_and_changes_nothing(chain):
    t, order = chain
    t.nodes["graz"].begin(order)
    text = t.nodes["graz"].outbox("matera")[0]
    document = json.loads(text)
    document["body"]["kind"] = "destroy"
    before = t.stores["matera"].reader.totals()
    answer = json.loads(t.nodes["matera"].told("graz", json.dumps(document)))
    assert "'destroy': there is none" in answer["body"]["answer"]["refused"]
    assert t.stores["matera"].reader.totals() == before
    del document["body"]["id"]
    with pytest.raises(KeyMessageError):
        t.nodes["matera"].told("graz", json.dumps(document))


def combination(t, segments, threshold):
    links = tuple(
        Link(Pool("graz", "matera"), *ends, segment, lane)
        for segment in segments
        for lane, ends in enumerate((("graz", "matera"), ("matera", "graz")))
    )
    return Order(
        t.uuid(), OrderKind.COMBINATION, "bank", "graz", "matera", 512, links, (),
        frozenset(), threshold, len(segments), t.now,
    )  # fmt: skip


def test_a_drawn_key_needs_a_source_at_one_end_and_the_padded_shares_at_the_other(town):
    t = town("graz", "matera", with_tags=False)
    order = combination(t, [t.fill("graz", "matera", L) for _ in range(3)], 2)
    t.nodes["graz"].begin(order)
    reader = t.stores["matera"].reader
    drew_nothing = False
    while reader.document(custody.COMMIT, str(order.order_id)) is None:
        t.post("graz", "matera")
        if t.stores["graz"].reader.document(custody.COMMIT, str(order.order_id)) and not (
            drew_nothing
        ):
            with pytest.raises(RelayError, match="no source of randomness"):
                at(t, "graz", lambda unit: closing.finish(unit, order, SECRET))
            drew_nothing = True
    assert drew_nothing
    with pytest.raises(RelayError, match="padded shares are missing"):
        at(t, "matera", lambda unit: closing.finish(unit, order, SECRET))
    t.run(6)
    assert t.key("graz", order.segment_id) == t.key("matera", order.segment_id)


def test_a_secret_of_a_pair_has_thirty_two_bytes(chain):
    _, order = chain
    for wrong in (bytes(31), bytes(33)):
        with pytest.raises(RelayError, match=f"has {len(wrong)} bytes, not 32"):
            closing.key_digest(order.segment_id, b"key", wrong)
    one = closing.key_digest(order.segment_id, b"key", SECRET)
    assert one != closing.key_digest(order.order_id, b"key", SECRET)
    assert one != closing.key_digest(order.segment_id, b"kez", SECRET)
    assert one != closing.key_digest(order.segment_id, b"key", bytes(31) + b"1")


def test_a_node_announces_for_itself_alone(chain):
    t, order = chain
    t.nodes["graz"].begin(order)
    for peer in ("matera", "bari", "bari", "matera", "bari") * 2:
        told = t.nodes["graz"].outbox("matera")
        if any('"commit"' in text for text in told):
            break
        t.post("graz", peer)
    (commit,) = told
    document = json.loads(t.nodes["matera"].told("graz", commit))
    ((name, _),) = document["body"]["answer"]["announcements"]
    assert name == "matera"
    document["body"]["answer"]["announcements"][0][0] = "spoqc"
    t.nodes["graz"].take_answer("matera", json.dumps(document))
    reason = t.stores["graz"].reader.document(custody.END, str(order.order_id)).payload
    assert "matera announces for spoqc" in reason
    assert t.stores["graz"].reader.totals(Pool("graz", "spoqc")).burned == L


@pytest.mark.parametrize("kind", ["commit", "finish", "cancel"])
def test_only_the_leading_end_commands_an_order(chain, kind):
    """matera knows the order of graz; whatever bari asks of it in that order is refused."""
    t, order = chain
    t.nodes["graz"].begin(order)
    t.post("graz", "matera")
    matera = t.stores["matera"]
    before = matera.reader.totals()
    assert before.reserved > 0
    body = {"kind": kind, "order": str(order.order_id), "held": [], "announcements": []}
    body |= {"pads": None, "reason": "because"}
    dialogue = t.nodes["matera"].dialogue
    with pytest.raises(RelayError, match="bari does not lead this order"):
        at(t, "matera", lambda unit: dialogue.handle(unit, "bari", body))
    assert matera.reader.totals() == before
    assert matera.reader.document(custody.END, str(order.order_id)) is None


def test_the_last_announcement_by_message_lets_the_order_go_on_at_once(town):
    """Nobody asks again: what bari is told follows from the announcement that came last."""
    t = town("bari", "graz", "matera", with_tags=False)
    for a, b in (("graz", "spoqc"), ("spoqc", "matera"), ("matera", "qube-2"), ("qube-2", "bari")):
        t.fill(a, b, 4096)
    order = t.order("graz", "spoqc", "matera", "qube-2", "bari", n_bits=L)
    t.nodes["graz"].begin(order)
    t.run(8)
    finish = f"{order.order_id} finish"
    t.announce(order)
    assert finish not in "".join(t.nodes["graz"].outbox("bari"))
    # What qube-2 announced went down at matera, which leads nothing here.
    t.post("matera", "graz")
    assert finish in "".join(t.nodes["graz"].outbox("bari"))
    # It is told once: the answer has settled it.
    assert t.nodes["matera"].outbox("graz") == []
