"""A continent from elements to a checked plan: time, processor time and memory of every stage.

The network is that of continent.py, everything after it is the program's own: passes, forecasts,
parts of passes, contacts and relays, reasons, the referee. Forecasts go without the spread of
counts, which reports need and planning does not.

    python benchmarks/bench_continent.py [SATELLITES STATIONS NIGHTS]
"""

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from continent import FIRST_NIGHT, write_continent

from groundstation.catalogue import read_element_files
from groundstation.config.load import load_network
from groundstation.night.decision import candidate_of
from groundstation.night.gathering import choose_elements
from groundstation.night.links import forecast_link
from groundstation.night.outcome import span_of
from groundstation.night.survey import find_night_passes
from groundstation.night.window_check import contact_bits
from groundstation.night.window_keys import WindowKeys
from groundstation.plan.check import check_plan
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.paths import Pool
from groundstation.plan.planner import make_plan


def forecast(network, seen):
    """The passes with their links' key, without the spread of counts."""
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
    return replace(seen, passes=tuple(passes))


class Stages:
    """Wall and processor seconds since the last stage."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), self._cpu()
        self.first = self.wall

    @staticmethod
    def _cpu():
        return time.process_time()

    def done(self, stage, said=""):
        """Print what was used since the last stage."""
        wall, cpu = time.perf_counter(), self._cpu()
        print(
            f"{stage:24s} {wall - self.wall:8.1f} s {cpu - self.cpu:8.1f} CPU s "
            f"{_peak_mib():8.0f} MiB  {said}",
            flush=True,
        )
        self.wall, self.cpu = wall, cpu


def main():
    satellites, stations, nights = [int(text) for text in sys.argv[1:4]] or [20, 100, 7]
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        file = write_continent(
            Path(folder), satellites=satellites, stations=stations, nights=nights,
            demands=2 * stations,
        )  # fmt: skip
        network = load_network(file)
        selection = choose_elements(network, read_element_files(network), FIRST_NIGHT)
    stages.done("network, elements")
    seen = find_night_passes(network, selection, *span_of(network, FIRST_NIGHT))
    stages.done("passes", f"{len(seen.passes):,}")
    seen = forecast(network, seen)
    candidates = [candidate_of(item) for item in seen.passes]
    able = sum(c.refusal is None and c.key_bits > 0 for c in candidates)
    stages.done("forecasts", f"{able:,} passes with key")
    keys = WindowKeys(network, seen, FIRST_NIGHT)
    stages.done("moments of parts")
    stocks = {
        Pool(s.name, g.name): 20e3 * (1 + (3 * i + 5 * j) % 7)
        for i, s in enumerate(network.satellites)
        for j, g in enumerate(network.stations)
    }
    plan = make_plan(
        network, candidates, night=FIRST_NIGHT, nights=nights, plan_id="continent",
        inputs=PlanInputs(key_of=keys.bits, stocks=stocks),
        progress=lambda stage, value, bound: stages.done(
            f"  {stage}"[:24], f"{value:,.0f} of {bound:,.0f}"
        ),
    )  # fmt: skip
    gap = 100.0 * plan.gap
    stages.done("plan with reasons", f"{len(plan.contacts):,} contacts, gap {gap:.2f} %")
    lines = {used.satellite: (used.line1, used.line2) for used in seen.elements}
    counted = contact_bits(network, seen, plan.contacts, FIRST_NIGHT)
    faults = check_plan(
        plan, network, lines, {c.pass_id: c.key_bits for c in candidates}, nights,
        contact_bits=counted, stocks={(p.satellite, p.station): int(b) for p, b in stocks.items()},
    )  # fmt: skip
    stages.done("referee", f"{len(faults)} faults" + (f": {faults[0]}" if faults else ""))
    print(
        f"all: {time.perf_counter() - stages.first:.1f} s, {time.process_time():.1f} CPU s, "
        f"{_peak_mib():.0f} MiB (asked for: 240 s on two cores, 2048 MiB)"
    )
    raise SystemExit(bool(faults))


def _peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


if __name__ == "__main__":
    main()
