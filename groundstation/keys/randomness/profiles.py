"""Hardware generators that are known by name, with the tests that fit them."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from groundstation.errors import UsageError
from groundstation.keys.randomness.cutoffs import HealthTests, health_tests
from groundstation.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class GeneratorProfile:
    """What is known of a device.

    Parameters
    ----------
    name, title, interface : what it is and how it is read
    rate_bits_per_s : at most; None where nobody states it
    sample_bits, min_entropy_per_sample, alpha_log2 : as in `health_tests`
    sources : of these figures
    """

    name: str
    title: str
    interface: str
    rate_bits_per_s: int | None
    sample_bits: int
    min_entropy_per_sample: float
    alpha_log2: float
    sources: tuple[str, ...]

    def tests(self) -> HealthTests:
        """Cut-offs of its health tests."""
        return health_tests(
            self.alpha_log2,
            sample_bits=self.sample_bits,
            min_entropy_per_sample=self.min_entropy_per_sample,
        )


class _ProfileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    title: str
    interface: str
    rate_bits_per_s: Annotated[int, Field(gt=0)] | None = None
    sample_bits: int
    min_entropy_per_sample: float
    alpha_log2: float
    sources: Annotated[tuple[str, ...], Field(min_length=1)]


class _ProfilesModel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    profiles: dict[str, _ProfileModel]


def generator_profiles() -> dict[str, GeneratorProfile]:
    """All shipped profiles by name."""
    text = (resources.files("groundstation") / "data/randomness/profiles.toml").read_text("utf-8")
    found = _ProfilesModel.model_validate(tomllib.loads(text)).profiles
    return {name: GeneratorProfile(name=name, **dict(model)) for name, model in found.items()}


def generator_profile(name: str) -> GeneratorProfile:
    """The shipped profile of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    known = generator_profiles()
    if name not in known:
        raise UsageError(
            f"there is no generator profile {name!r}{did_you_mean(name, known)}",
            hint=f"one of {', '.join(known)}",
        )
    return known[name]
