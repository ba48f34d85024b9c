"""Small networks whose plans can be worked out by hand."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta

import pytest

from groundstation.network import (
    ConsumerSite,
    Demand,
    FibreLink,
    FibreNode,
    KeyPolicy,
    Network,
    Policies,
    Satellite,
    Station,
)
from groundstation.plan.inputs import PlanInputs
from groundstation.plan.planner import make_plan
from groundstation.plan.records import Candidate
from groundstation.plan_policy import PlanPolicy
from passes.mount import MountLimits
from passes.site import Site

EVENING = datetime(2026, 6, 14, 20, tzinfo=UTC)
STATIONS = ("graz", "matera", "helmos")
SETUP_S = 60.0
SITES = (("bank", "vienna"), ("grid", "matera"), ("carrier", "helmos"), ("mine", "graz"))


class TinyNight:
    """Stations graz, matera and helmos, two satellites, a fibre from graz to vienna."""

    evening = EVENING

    @staticmethod
    def demand(name, a, b, bits, priority=1.0, reserve=0.0):
        return Demand(name, a, b, bits, "", priority, reserve, frozenset())

    @staticmethod
    def network(demands, fibre_bps=1.0, **policy):
        station = Station(
            "graz", "graz", Site("graz", 0.8, 0.2, 500.0), (), None, (), MountLimits(), 0.3, -0.2,
            (), (), SETUP_S, "",
        )  # fmt: skip
        return Network(
            name="tiny", title="Tiny", file="tiny.toml", folder=".", digest="0", elements=(),
            default_night=None,
            satellites=tuple(
                Satellite(name, 1, None, None, None, (), SETUP_S, is_trusted=True, note="")
                for name in ("sat-1", "sat-2")
            ),
            stations=tuple(dataclasses.replace(station, name=name) for name in STATIONS),
            fibre_nodes=(FibreNode("vienna", "Vienna", 0.84, 0.28),),
            fibre_links=(FibreLink("vienna", "graz", fibre_bps, None, "declared"),),
            sites=tuple(ConsumerSite(name, name, name, node) for name, node in SITES),
            demands=tuple(demands),
            key=KeyPolicy("satquma", 1e-9, 1e-15, "logm", 1.16),
            policies=Policies(0.3, -0.2, None, 30.0, 1.0, 2.0, 1, 2, 2),
            plan=PlanPolicy(**policy),
        )  # fmt: skip

    @staticmethod
    def candidate(name, satellite, station, start_s, length_s, bits, refusal=None):
        start = EVENING + timedelta(seconds=start_s)
        stop = start + timedelta(seconds=length_s)
        return Candidate(name, satellite, station, start, stop, ((start, stop),), bits, refusal)

    @staticmethod
    def plan(network, candidates, nights=1, **inputs):
        return make_plan(
            network, candidates, night="2026-06-14", nights=nights, plan_id="0",
            inputs=PlanInputs(**inputs),
        )  # fmt: skip

    @staticmethod
    def proportional(candidates, cost_bits=0):
        """Key of a part: its share of the pass's seconds, less a fixed cost of every block."""
        whole = {c.pass_id: c for c in candidates}

        def key_of(pass_id, windows):
            item = whole[pass_id]
            length_s = (item.windows[-1][1] - item.windows[0][0]).total_seconds()
            used_s = sum((b - a).total_seconds() for a, b in windows)
            gross = (item.key_bits + cost_bits) * used_s / length_s
            return max(0, int(gross - cost_bits))

        return key_of


class CountedPasses:
    """Key alpha m - beta sqrt(m) of m counts, in one block; counts of a part by its seconds.

    Parameters
    ----------
    counts : of each pass, by its id
    nights : that a block may span; 0 lets no passes share one
    """

    alpha, beta = 0.45, 60.0

    def __init__(self, passes, counts, nights=1):
        self.passes = {c.pass_id: c for c in passes}
        self.counts, self.nights = counts, nights

    def length(self, counts):
        """Whole bits of a block."""
        return max(0, math.floor(self.alpha * counts - self.beta * math.sqrt(counts)))

    def sifted(self, part):
        name, windows = part
        item = self.passes[name]
        whole_s = (item.windows[-1][1] - item.windows[0][0]).total_seconds()
        return self.counts[name] * sum((b - a).total_seconds() for a, b in windows) / whole_s

    def key_of(self, name, windows):
        return self.bits([(name, windows)])

    def bits(self, parts):
        return self.length(sum(self.sifted(part) for part in parts))

    def group_of(self, name):
        item = self.passes[name]
        if not self.nights:
            return None
        evening = (item.aos - timedelta(hours=12)).toordinal() - 1
        return f"{item.satellite}-{item.station}-{evening // self.nights}"


@pytest.fixture(scope="session")
def tiny():
    return TinyNight


@pytest.fixture(scope="session")
def counted():
    return CountedPasses
