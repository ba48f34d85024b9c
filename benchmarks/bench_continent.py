"""A continent from elements to a checked plan: time, processor time and memory of every stage.

The network is that of continent.py, everything after it is what `groundstation plan` does with a
large network: passes and forecasts station by station in several processes, parts of passes,
contacts and relays, reasons, the referee. Beside it stands the straightforward way to passes and
forecasts: one process that keeps every track (left out at full size, where it takes 3 GB).

Processor time is that of all processes. Memory is the largest sum of resident pages of all of
them, looked at every twentieth of a second; pages that they share are counted for each, so that it
is rather too much than too little. Faults of the referee end it with 1.

    python benchmarks/bench_continent.py [--large | SATELLITES STATIONS NIGHTS]
"""

import os
import resource
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from continent import FIRST_NIGHT, write_continent

from groundstation.catalogue import read_element_files
from groundstation.config.load import load_network
from groundstation.night.decision_check import Referee
from groundstation.night.gathering import choose_elements
from groundstation.night.links import forecast_link
from groundstation.night.offering import offering_of
from groundstation.night.outcome import span_of
from groundstation.night.station_batches import Asked, offering_in_batches
from groundstation.night.survey import find_night_passes
from groundstation.night.window_keys import SlotKeys
from groundstation.night.workers import processes_for
from groundstation.permission.records import NOTHING_REQUIRED
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.paths import Pool
from groundstation.plan.planner import make_plan

# A hundred demands over fifty stations in two nights: half a minute for all.
SMALL, LARGE = (10, 50, 2), (20, 100, 7)
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
_LOOK_S = 0.05


class Memory(threading.Thread):
    """Looks how many pages this process and its helpers hold together."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak_mib = self.stage_mib = 0.0

    def run(self):
        """Look again and again; the thread ends with the program."""
        while True:
            mib = _resident_mib()
            self.peak_mib, self.stage_mib = max(self.peak_mib, mib), max(self.stage_mib, mib)
            time.sleep(_LOOK_S)

    def of_stage(self):
        """Largest since the last question."""
        mib, self.stage_mib = max(self.stage_mib, _resident_mib()), 0.0
        self.peak_mib = max(self.peak_mib, mib)
        return mib


def _resident_mib():
    pages = 0
    for process in _family(os.getpid()):
        # A helper may end while it is looked at.
        with suppress(OSError):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * _PAGE_MIB


def _family(process):
    """A process with its children and theirs."""
    found = [process]
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    found += _family(int(child))
    return found


def _cpu_s():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Stages:
    """A table with a line for each stage that is done."""

    def __init__(self, memory):
        self.memory = memory
        self.wall, self.cpu = time.perf_counter(), _cpu_s()
        self.first, self.first_cpu = self.wall, self.cpu
        print(f"{'stage':32s} {'wall':>9s} {'CPU':>9s} {'memory':>10s}")

    def done(self, stage, said=""):
        """Print what was used since the last stage; wall and processor seconds, MiB."""
        wall, cpu, mib = time.perf_counter(), _cpu_s(), self.memory.of_stage()
        row = (wall - self.wall, cpu - self.cpu, mib)
        print(f"{stage:32s} {row[0]:7.1f} s {row[1]:7.1f} s {row[2]:6.0f} MiB  {said}", flush=True)
        self.wall, self.cpu = wall, cpu
        return row


def straightforward(network, selection, span):
    """Every pass with its track and its budget, in one process; nothing is given up."""
    seen = find_night_passes(network, selection, *span)
    satellites = {s.name: s for s in network.satellites}
    stations = {s.name: s for s in network.stations}
    passes, prepared = [], {}
    for item in seen.passes:
        refusal, found = item.refusal, None
        if refusal is None:
            satellite, station = satellites[item.satellite], stations[item.station]
            refusal, found = forecast_link(
                network.key, satellite, station, item.track, None, prepared
            )
        passes.append(replace(item, refusal=refusal, forecast=found))
    return offering_of(network, replace(seen, passes=tuple(passes)), FIRST_NIGHT)


def compare(network, selection, span, offered, stages, ours):
    """The straightforward way to the same passes: what it takes more."""
    theirs = straightforward(network, selection, span)
    row = stages.done("  straightforward: all tracks", f"{len(theirs.passes):,}")
    if theirs.candidates != offered.candidates:
        raise SystemExit("the straightforward way finds other passes")
    wall, cpu, mib = (other / mine for other, mine in zip(row, ours, strict=True))
    print(f"  it takes {wall:.1f} times as long, {cpu:.1f} times the processor time and {mib:.1f} "
          "times the memory of ours")  # fmt: skip


def planned(network, offered, span, nights, stages):
    """Plan and referee, and whether there are faults."""
    stocks = {
        Pool(s.name, g.name): 20e3 * (1 + (3 * i + 5 * j) % 7)
        for i, s in enumerate(network.satellites)
        for j, g in enumerate(network.stations)
    }
    keys = SlotKeys(network.key, offered.slots, processes=processes_for(network))

    def foresee(parts):
        keys.foresee(parts)
        stages.done("parts of passes", f"{len(parts):,}")

    known = PlanInputs(key_of=keys.bits, foresee=foresee, stocks=stocks)
    plan = make_plan(
        network, offered.candidates, night=FIRST_NIGHT, nights=nights, plan_id="continent",
        start=span[0], inputs=known,
        progress=lambda stage, value, bound: stages.done(
            f"  {stage}"[:32], f"{value:,.0f} of {bound:,.0f}"
        ),
    )  # fmt: skip
    reached = f"{len(plan.contacts):,} contacts, gap {100.0 * plan.gap:.2f} %"
    stages.done("relays, reasons", reached)
    pools = {(pool.satellite, pool.station): bits for pool, bits in stocks.items()}
    referee = Referee(network, offered, FIRST_NIGHT, NOTHING_REQUIRED, span[0], known, pools)
    looked = referee.look(plan)
    stages.done("referee: sky and key")
    faults = [text for texts in looked.faults.values() for text in texts]
    faults += referee.faults(plan, looked.bits)
    stages.done("referee: all else", f"{len(faults)} faults")
    for text in faults[:10]:
        print(f"  {text}")
    return bool(faults)


def main():
    words = sys.argv[1:]
    size = LARGE if words == ["--large"] else tuple(int(text) for text in words) or SMALL
    satellites, stations, nights = size
    memory = Memory()
    memory.start()
    print(f"{satellites} satellites, {stations} stations, {nights} nights")
    stages = Stages(memory)
    with tempfile.TemporaryDirectory() as folder:
        file = write_continent(
            Path(folder), satellites=satellites, stations=stations, nights=nights,
            demands=2 * stations,
        )  # fmt: skip
        network = load_network(file)
        selection = choose_elements(network, read_element_files(network), FIRST_NIGHT)
    span = span_of(network, FIRST_NIGHT)
    stages.done("network, elements")
    offered = offering_in_batches(
        network, selection, *span, Asked(night=FIRST_NIGHT), processes=processes_for(network)
    )
    able = sum(c.refusal is None and c.key_bits > 0 for c in offered.candidates)
    ours = stages.done("passes, forecasts", f"{len(offered.passes):,}, {able:,} with key")
    has_faults = planned(network, offered, span, nights, stages)
    wall, cpu = time.perf_counter() - stages.first, _cpu_s() - stages.first_cpu
    print(
        f"all: {wall:.1f} s, {cpu:.1f} CPU s, "
        f"{memory.peak_mib:.0f} MiB in {processes_for(network)} processes"
        + (" (asked for: 240 s on two cores, 2048 MiB)" if size == LARGE else "")
    )
    if size != LARGE:
        compare(network, selection, span, offered, stages, ours)
    raise SystemExit(has_faults)


if __name__ == "__main__":
    main()
