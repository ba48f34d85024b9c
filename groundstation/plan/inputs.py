"""What a plan may know beside its passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from groundstation.plan.blocks import KeyOfBlocks
from groundstation.plan.limits import Usage
from groundstation.plan.paths import Pool
from groundstation.plan.records import Plan
from groundstation.plan.sky import Sky
from groundstation.plan.windows import Foresee, KeyOf


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What a plan may know beside its passes; without any of it passes are taken whole.

    Parameters
    ----------
    key_of : values parts of passes; None offers whole passes only
    foresee : told all parts before `key_of` values each; None where nothing can be prepared
    blocks : values contacts of several passes distilled together; None where each is a block of its
        own
    sky : chance of a clear sky in the members of a forecast; None plans for a clear sky
    stocks : key that satellite-station pools hold already [bit]
    pair_bits : key that the two sites of each demand share already, by demand; where it is given,
        what its reserve lacks is wanted, too
    previous : the plan that people hold
    fixed : passes that must (True) or must not (False) be contacts because they start too soon
    wishes : the same because somebody wants it; a wish that cannot be met is a remark
    usage : what limits of contacts are counted with
    """

    key_of: KeyOf | None = None
    foresee: Foresee | None = None
    blocks: KeyOfBlocks | None = None
    sky: Sky | None = None
    stocks: Mapping[Pool, float] = field(default_factory=dict)
    pair_bits: Mapping[str, float] = field(default_factory=dict)
    previous: Plan | None = None
    fixed: Mapping[str, bool] = field(default_factory=dict)
    wishes: Mapping[str, bool] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
