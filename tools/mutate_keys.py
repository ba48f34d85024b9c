"""Mutation testing of the key ledger, its protocol and its relays: do tests notice a changed rule?

    python tools/mutate_keys.py                     every mutant, two at a time
    python tools/mutate_keys.py --every 10          each tenth, from the first
    python tools/mutate_keys.py --part 2/4          the second of four equal parts
    python tools/mutate_keys.py --module spans -v   one module, each mutant told

One small change is made to one module at a time, in memory: a comparison, a sign, a constant, an
account, a state, a condition of a query, or a statement that is left out. The tests then run in a
forked child until one fails. A mutant that no test kills is printed: it is either the same program
or a hole in the tests.
Ends with 1 if fewer than 90 % are killed. Texts of messages are not changed.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import hypothesis
import hypothesis.stateful
import numpy as np  # noqa: F401 - loaded once here instead of in every child
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOM = ROOT / "groundstation" / "keys"
MODULES = (
    *(f"ledger/{name}" for name in ("allocation_rules", "balance", "clock", "following_rules")),
    *(f"ledger/{name}" for name in ("history", "memory", "removal_rules", "restrictions")),
    *(f"ledger/{name}" for name in ("segment_rules", "spans", "trust")),
    *(f"protocol/{name}" for name in ("agreement", "following", "leading", "machine", "wire")),
    *(f"splitting/{name}" for name in ("field", "shares")),
    *(f"relay/{name}" for name in ("chain", "closing", "custody", "documents", "records")),
    "relay/shares",
    *(f"station/{name}" for name in ("dialogue", "progress")),
    *(f"store/{name}" for name in ("view", "queries")),
)
TESTS = {
    "ledger": ("ledger", "protocol/test_machine.py", "protocol"),
    "protocol": ("protocol/test_machine.py", "protocol/test_wire.py", "ledger", "protocol"),
    "splitting": ("splitting",),
    "relay": ("relay",),
    "station": ("relay",),
    "store": ("store/test_commands.py", "store"),
}
# The tests that were written for a module go first: most of its mutants die there.
OF_THEIR_OWN = {
    "allocation_rules": ("ledger/test_allocation_rules.py",),
    "following_rules": ("ledger/test_allocation_rules.py",),
    "segment_rules": ("ledger/test_segment_rules.py",),
    "removal_rules": ("ledger/test_segment_rules.py",),
    "balance": ("ledger/test_balance.py",),
    "history": ("ledger/test_balance.py",),
    "spans": ("ledger/test_balance.py",),
    "trust": ("ledger/test_trust.py",),
    "restrictions": ("ledger/test_trust.py",),
    "wire": ("protocol/test_wire.py",),
    "closing": ("relay/test_closing.py", "relay/test_relay.py"),
    "custody": ("relay/test_custody.py", "relay/test_relay.py"),
    "dialogue": ("relay/test_closing.py", "relay/test_relay.py"),
    "progress": ("relay/test_custody.py", "relay/test_shares.py"),
    "shares": ("relay/test_shares.py",),
}
WANTED_FRACTION = 0.9
# A mutant may never end. Unchanged, all tests have to pass, however busy the machine is.
LIMIT_S = 120
UNCHANGED_LIMIT_S = 500

SWAPPED_OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitXor: (ast.BitOr,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
MEMBERS = {
    "Account": ("OUTSIDE", "AVAILABLE", "RESERVED", "EXPIRED", "BURNED", "QUARANTINED"),
    "AllocationState": ("RESERVED", "CONSUMED", "BURNED"),
    "Role": ("OURS", "THEIRS"),
    "SegmentStage": ("WAITING", "USABLE", "DISPUTED"),
}
# Of the conditions of queries: each place where the first stands is tried with the second.
SWAPPED_SQL = (
    (" >= ", " > "),
    (" > ", " >= "),
    (" = ", " <> "),
    (" <> ", " = "),
    (" AND ", " OR "),
    (" OR ", " AND "),
    (" IS NULL", " IS NOT NULL"),
    (" DESC", " ASC"),
    ("min(", "max("),
    (" = 1", " = 0"),
    ("'waiting'", "'usable'"),
    ("'reserved'", "'consumed'"),
    ("'burned'", "'consumed'"),
    ("'ours'", "'theirs'"),
)
SWAPPED_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed module: where, what, and its code."""

    module: str
    line: int
    change: str
    code: CodeType


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of one module that compiles."""
    path = ROOM / f"{module}.py"
    tree = ast.parse(path.read_text())
    decorators = {
        id(part)
        for node in ast.walk(tree)
        for decorator in getattr(node, "decorator_list", [])
        for part in ast.walk(decorator)
    }
    # zip(strict=True) only says that two sequences are of one length, which they are.
    sayings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "strict"
    }
    for number, node in enumerate(ast.walk(tree)):
        # A record that is not frozen is the same record to every honest caller.
        if id(node) in decorators | sayings:
            continue
        for change, edit in changes_of(node):
            twin = copy.deepcopy(tree)
            edit(next(n for i, n in enumerate(ast.walk(twin)) if i == number))
            ast.fix_missing_locations(twin)
            with contextlib.suppress(SyntaxError):
                code = compile(twin, str(path), "exec")
                yield Mutant(module, getattr(node, "lineno", 0), change, code)


Change = tuple[str, Callable[..., None]]


def changes_of(node: ast.AST) -> Iterator[Change]:
    """What may be changed at one node of a syntax tree: a description and the edit."""
    before = ast.unparse(node)[:60] if hasattr(node, "lineno") else ""
    for change, edit in (
        *operators_of(node),
        *values_of(node),
        *names_of(node),
        *conditions_of(node),
    ):
        yield f"{before} : {change}", edit
    yield from left_out(node)


def operators_of(node: ast.AST) -> Iterator[Change]:
    """Other comparisons, signs and connectives."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in SWAPPED_OPERATORS.get(type(operator), ()):

                def compare(twin: ast.Compare, index: int = index, other: type = other) -> None:
                    twin.ops[index] = other()

                yield other.__name__, compare
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and not is_type(node):
        for other in SWAPPED_OPERATORS.get(type(node.op), ()):
            yield other.__name__, lambda twin, other=other: setattr(twin, "op", other())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "without not", lambda twin: replace_node(twin, twin.operand)


def values_of(node: ast.AST) -> Iterator[Change]:
    """Other truth values and numbers one higher."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "other", lambda twin: setattr(twin, "value", not twin.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "one more", lambda twin: setattr(twin, "value", twin.value + 1)


def names_of(node: ast.AST) -> Iterator[Change]:
    """Other accounts, states, roles and stages; min for max, any for all."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        members = MEMBERS.get(node.value.id, ())
        if node.attr in members:
            member = members[(members.index(node.attr) + 1) % len(members)]
            yield member, lambda twin: setattr(twin, "attr", member)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        name = SWAPPED_NAMES.get(node.func.id)
        if name:
            yield name, lambda twin: setattr(twin.func, "id", name)


def conditions_of(node: ast.AST) -> Iterator[Change]:
    """Other conditions and orders in the text of a query."""
    text = node.value if isinstance(node, ast.Constant) else None
    if not isinstance(text, str) or not any(
        word in text for word in ("SELECT ", " WHERE ", " ORDER BY ", " FILTER ")
    ):
        return
    for before, after in SWAPPED_SQL:
        for part in range(1, text.count(before) + 1):
            pieces = text.split(before)
            changed = before.join(pieces[:part]) + after + before.join(pieces[part:])
            yield (
                f"{before.strip()} ({part}) to {after.strip()}",
                lambda twin, changed=changed: setattr(twin, "value", changed),
            )


def left_out(node: ast.AST) -> Iterator[Change]:
    """Statements of a body that may be missing."""
    for index, statement in enumerate(getattr(node, "body", [])) if is_block(node) else ():
        is_call = isinstance(statement, ast.Expr) and isinstance(
            statement.value, ast.Call | ast.Yield | ast.YieldFrom
        )
        if is_call or isinstance(statement, ast.Raise | ast.Continue | ast.AugAssign):

            def drop(twin: ast.FunctionDef, index: int = index) -> None:
                twin.body[index] = ast.Pass()

            text = ast.unparse(statement).splitlines()[0][:60]
            yield f"{text} : left out (line {statement.lineno})", drop


def is_block(node: ast.AST) -> bool:
    """Whether a node has statements that run in order."""
    return isinstance(node, ast.FunctionDef | ast.If | ast.For | ast.While | ast.Try | ast.With)


def is_type(node: ast.BinOp | ast.BoolOp | ast.AugAssign) -> bool:
    """Whether a | stands between two types, as in annotations."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.BitOr)
        and any(
            (isinstance(side, ast.Name) and side.id[:1].isupper())
            or (isinstance(side, ast.Name) and side.id in {"int", "str", "float", "bytes"})
            or (isinstance(side, ast.Constant) and side.value is None)
            for side in (node.left, node.right)
        )
    )


def replace_node(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one in place."""
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant instead of the module of its name."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = "groundstation.keys." + mutant.module.replace("/", ".")

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Only the mutant's own name."""
        del path, target
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: object) -> None:
        """Run the mutated code in the new module."""
        exec(self._mutant.code, module.__dict__)  # noqa: S102 - running it is the point


def survives(mutant: Mutant | None, modules: Sequence[str]) -> int:
    """Fork a child that runs the tests of some modules, on a mutant; the child's process id."""
    child = os.fork()
    if child:
        return child
    signal.alarm(LIMIT_S if mutant else UNCHANGED_LIMIT_S)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    if mutant:
        sys.meta_path.insert(0, Planted(mutant))
    parts = [module.split("/") for module in modules]
    names = [name for room, last in parts for name in (*OF_THEIR_OWN.get(last, ()), *TESTS[room])]
    folder = ROOT / "tests" / "groundstation" / "keys"
    # "shares" is a module of two rooms, of which one has its tests elsewhere.
    places = [str(folder / name) for name in dict.fromkeys(names) if (folder / name).exists()]
    # What other plugins add is not needed and takes longer to load than most tests to run.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Hypothesis was imported before pytest could look at it, which pytest warns about.
    warned = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    chosen = ["-x", "-q", "--tb=no", "-m", "not slow", "-p", "no:cacheprovider", *warned]
    # A fresh process must decide: nothing of the rooms of key stays loaded in the parent.
    # The fixtures of the whole program are not needed, and importing it takes longer than to judge.
    root = ["--rootdir", str(ROOT), "--confcutdir", str(folder)]
    made = ["--basetemp", str(place_of(os.getpid()))]
    os._exit(pytest.main([*chosen, *root, *made, *places]))


def place_of(child: int) -> Path:
    """Where the ledgers of a child's tests are: in memory, if there is a disk in memory."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return (memory if memory.is_dir() else Path(tempfile.gettempdir())) / f"mutant-{child}"


def load_the_rest() -> None:
    """Load once what children need, but for the rooms of key, which each has to load anew."""
    importlib.import_module("groundstation.keys.station.node")
    for name in [name for name in sys.modules if name.startswith("groundstation.keys")]:
        del sys.modules[name]


def judged(mutants: Sequence[Mutant], jobs: int, *, is_told: bool) -> list[Mutant]:
    """The mutants that survive."""
    running: dict[int, Mutant] = {}
    left, survivors = list(mutants)[::-1], []
    while left or running:
        while left and len(running) < jobs:
            mutant = left.pop()
            running[survives(mutant, [mutant.module])] = mutant
        child, status = os.wait()
        shutil.rmtree(place_of(child), ignore_errors=True)
        mutant = running.pop(child)
        lives = status == 0
        if lives:
            survivors.append(mutant)
        if lives or is_told:
            fate = "survives" if lives else "killed"
            print(f"{mutant.module}:{mutant.line}: {mutant.change}: {fate}", flush=True)
    return survivors


def passes_unchanged(modules: Sequence[str]) -> bool:
    """Whether the tests pass as things are; the first part of a run looks."""
    child = survives(None, modules)
    status = os.waitpid(child, 0)[1]
    shutil.rmtree(place_of(child), ignore_errors=True)
    return status == 0


def main() -> int:
    """Run the tests on every mutant that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--module", action="append", help="last part of a module's name")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="which of how many equal parts")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    os.chdir(ROOT)
    # Who only wants to know that a test fails needs no smallest example.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")
    chosen = [m for m in MODULES if not options.module or m.split("/")[1] in options.module]
    load_the_rest()
    part, parts = (int(number) for number in options.part.split("/"))
    if part == 1 and not passes_unchanged(chosen):
        print("the tests fail on the unchanged program")
        return 1
    mutants = [mutant for module in chosen for mutant in mutants_of(module)][:: options.every]
    mutants = mutants[part - 1 :: parts]
    began = time.monotonic()
    survivors = judged(mutants, options.jobs, is_told=options.verbose)
    for module in chosen:
        ours = sum(mutant.module == module for mutant in mutants)
        alive = sum(mutant.module == module for mutant in survivors)
        print(f"{module}: {ours - alive} of {ours} killed")
    fraction = 1 - len(survivors) / max(len(mutants), 1)
    took_s = time.monotonic() - began
    print(f"{len(mutants)} mutants, {100 * fraction:.1f} % killed, {took_s:.0f} s")
    return 0 if fraction >= WANTED_FRACTION else 1


if __name__ == "__main__":
    raise SystemExit(main())
