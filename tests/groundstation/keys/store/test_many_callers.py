"""Many callers at once: the last key goes to one of them, quotas hold, results are their own."""

import threading
import time
from typing import Any

import pytest

from groundstation.keys.errors import KeyQuotaError, KeyShortageError
from groundstation.keys.ledger.records import Pool
from groundstation.keys.ledger.views import Restriction

LINK = Pool("matera", "micius")


def at_once(count, work):
    """Results or refusals of that many threads, started together."""
    gate = threading.Barrier(count)
    results: list[Any] = [None] * count

    def caller(number):
        gate.wait()
        try:
            results[number] = work(number)
        except (KeyShortageError, KeyQuotaError) as error:
            results[number] = error

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sixty_four_callers_and_one_key_left(world, store):
    _, key = world.stock(store, LINK, 256)
    requests = [world.request(pool=LINK) for _ in range(64)]

    def work(number):
        store.reserve(requests[number])
        return store.consume(requests[number].allocation_id)

    results = at_once(64, work)
    assert [r for r in results if isinstance(r, bytes)] == [key]
    assert sum(isinstance(r, KeyShortageError) for r in results) == 63


def test_everybody_gets_bytes_of_his_own(world, store):
    _, key = world.stock(store, LINK, 64 * 8 * 256)
    requests = [[world.request(pool=LINK) for _ in range(8)] for _ in range(64)]

    def work(number):
        taken = []
        for request in requests[number]:
            store.reserve(request)
            taken.append(store.consume(request.allocation_id))
        return taken

    taken = [piece for pieces in at_once(64, work) for piece in pieces]
    assert sorted(taken) == sorted(key[i : i + 32] for i in range(0, len(key), 32))


def test_a_quota_holds_for_many_callers(world, store):
    world.stock(store, LINK, 65536)
    requests = [world.request(pool=LINK) for _ in range(64)]
    limit = Restriction(quota_bits=10 * 256)
    results = at_once(64, lambda number: store.reserve(requests[number], limit))
    assert sum(isinstance(r, KeyQuotaError) for r in results) == 54


def test_commands_that_wait_together_share_a_commit(world, store):
    world.stock(store, LINK, 65536)
    before = len(store.reader.audit_rows(event="ledger"))
    # While the first one sleeps in its transaction, the others line up.
    requests = [world.request(pool=LINK) for _ in range(128)]
    futures = [store.submit(lambda _: time.sleep(0.3))]
    futures += [store.submit(lambda unit, r=request: unit.reserve(r)) for request in requests]
    for future in futures:
        future.result()
    # 128 that waited and at most 64 to a commit.
    assert len(store.reader.audit_rows(event="ledger")) - before in (2, 3)


def test_rotations_at_once_leave_a_key_that_opens(world):
    with world.open() as store:
        _, key = world.stock(store, LINK, 8192)
        at_once(8, lambda _: store.rotate())
        assert world.take(store, pool=LINK)[1] == key[:32]
    with world.open() as store:
        assert world.take(store, pool=LINK)[1] == key[32:64]
    assert len(list((world.folder / "kek").iterdir())) == 1


def test_no_result_is_seen_before_its_commit(world, store):
    world.stock(store, LINK, 65536)
    request = world.request(pool=LINK)

    def work(unit):
        unit.reserve(request)
        return unit.consume(request.allocation_id)

    seen = []
    core_commit = store._core.commit

    def slow_commit():
        time.sleep(0.1)
        seen.append(future.done())
        core_commit()

    store._core.commit = slow_commit
    future = store.submit(work)
    future.result()
    assert seen == [False]


def test_whatever_a_unit_raises_goes_to_its_caller_alone(world, store):
    world.stock(store, LINK, 1024)
    request = world.request(pool=LINK)
    hold = store.submit(lambda _: time.sleep(0.1))
    good = store.submit(lambda unit: unit.reserve(request))
    bad = store.submit(lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        bad.result()
    assert good.result().n_bits == 256
    assert hold.result() is None
