"""Commands that change the ledger, by name, as JSON values in and out.

The command line calls them on a ledger that it opens itself, or has a station process that holds
the ledger call them; both ways give the same answer. No argument and no answer holds key.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from groundstation.errors import UsageError
from groundstation.keys.errors import KeyStaleError
from groundstation.keys.operations.importing import import_files
from groundstation.keys.operations.opening import Desk
from groundstation.keys.operations.ordering import relay_plan
from groundstation.keys.operations.relaying import (
    combine,
    take_announcements,
    write_requests,
)
from groundstation.keys.operations.removal import due, persons_of, purge
from groundstation.keys.store.anchor import anchor_line, read_anchor
from groundstation.plan.records import Hop, Plan, Relay

Arguments = Mapping[str, Any]
Command = Callable[[Desk, Arguments], Any]


def run_command(desk: Desk, name: str, arguments: Arguments) -> Any:
    """Run a command of COMMANDS; UsageError if there is none of that name."""
    if name not in COMMANDS:
        raise UsageError(f"there is no command {name!r} of the key ledger")
    return COMMANDS[name](desk, arguments)


def _init(desk: Desk, arguments: Arguments) -> Any:
    del arguments
    return {"node": desk.policy.node, "store": desk.store.reader.store_id()}


def _import(desk: Desk, arguments: Arguments) -> Any:
    record = arguments.get("record")
    files = [Path(name) for name in arguments["files"]]
    return [asdict(each) for each in import_files(desk, files, record=record and Path(record))]


def _relay(desk: Desk, arguments: Arguments) -> Any:
    """Order a plan's relays; the plan comes as its relays, cut down to what is needed."""
    relays = tuple(
        Relay(
            each["demand"],
            tuple(Hop(hop["a"], hop["b"], hop["satellite"]) for hop in each["hops"]),
            int(each["bits"]),
        )
        for each in arguments["relays"]
    )
    night = str(arguments.get("night", ""))
    plan = Plan(arguments["plan_id"], night, (), relays, (), (), 0.0, 0.0, "", ())
    is_dry = bool(arguments.get("dry_run"))
    return [asdict(each) for each in relay_plan(desk, plan, is_dry=is_dry)]


def _requests(desk: Desk, arguments: Arguments) -> Any:
    return [str(path) for path in write_requests(desk, Path(arguments["folder"]))]


def _announcements(desk: Desk, arguments: Arguments) -> Any:
    files = [Path(name) for name in arguments["files"]]
    return [asdict(each) for each in take_announcements(desk, files)]


def _combine(desk: Desk, arguments: Arguments) -> Any:
    segments = [UUID(name) for name in arguments["segments"]]
    return asdict(combine(desk, arguments["demand"], segments, int(arguments["threshold"])))


def _expire(desk: Desk, arguments: Arguments) -> Any:
    found = due(desk.store.reader, desk.clock())
    if not arguments.get("dry_run"):
        desk.store.expire_due()
    return [asdict(each) for each in found]


def _confirm_clock(desk: Desk, arguments: Arguments) -> Any:
    return {"latest_s": desk.store.confirm_clock(arguments["person"])}


def _purge(desk: Desk, arguments: Arguments) -> Any:
    files = [Path(name) for name in arguments["tokens"]]
    persons = persons_of(desk.policy.persons, files)
    return asdict(purge(desk, UUID(arguments["segment"]), persons, arguments["reason"]))


def _rotate(desk: Desk, arguments: Arguments) -> Any:
    del arguments
    return asdict(desk.store.rotate())


def _backup(desk: Desk, arguments: Arguments) -> Any:
    desk.store.backup(Path(arguments["target"]))
    return {"file": arguments["target"]}


def _anchor(desk: Desk, arguments: Arguments) -> Any:
    del arguments
    return {"line": anchor_line(desk.store.anchor())}


def _fast_forward(desk: Desk, arguments: Arguments) -> Any:
    """Catch up with anchors and with what the other ends told the station process."""
    learned = dict(desk.node.learned)
    if not arguments["anchors"] and not learned:
        raise KeyStaleError(
            "catching up: nobody has told how far key was used since the backup",
            hint="start `groundstation keys serve` and wait for the other nodes, or give anchors",
        )
    marks = [mark for line in arguments["anchors"] for mark in read_anchor(line).marks]
    marks += [mark for told in learned.values() for mark in told]
    decision = desk.store.fast_forward(marks)
    desk.node.learned.clear()
    return {
        "burned_bits": sum(entry.extent.length for entry in decision.entries),
        "pools_told": sorted(f"{pool.a}-{pool.b}" for pool in learned),
    }


COMMANDS: dict[str, Command] = {
    "init": _init,
    "import": _import,
    "relay": _relay,
    "requests": _requests,
    "announcements": _announcements,
    "combine": _combine,
    "expire": _expire,
    "confirm-clock": _confirm_clock,
    "purge": _purge,
    "rotate": _rotate,
    "backup": _backup,
    "anchor": _anchor,
    "fast-forward": _fast_forward,
}
