"""One pass from its track to light, counts and key."""

from dataclasses import dataclass

from passes.counts.expected import CountRates, Noise
from passes.counts.moments import Moments
from passes.key.records import KeyResult
from passes.link.budget import LinkBudget


@dataclass(frozen=True, slots=True)
class PassForecast:
    """What one pass is worth under a clear sky."""

    budget: LinkBudget
    noise: Noise
    rates: CountRates
    moments: Moments
    key: KeyResult
