"""The source of random bytes that the network file names."""

from collections.abc import Callable
from pathlib import Path

from groundstation.keys.imports.seed import Randomness
from groundstation.keys.randomness.cutoffs import HealthTests, health_tests
from groundstation.keys.randomness.mixing import (
    MixedRandomness,
    OnFailure,
    RandomnessEvent,
    SystemRandomness,
)
from groundstation.keys.randomness.profiles import generator_profile
from groundstation.keys.randomness.sources import (
    CharacterDevice,
    Command,
    RawSource,
    RecordedFile,
)
from groundstation.keys_policy import RandomnessPolicy


def randomness_of(
    policy: RandomnessPolicy, on_event: Callable[[RandomnessEvent], None]
) -> Randomness:
    """The source; a hardware generator has passed its start-up test.

    Parameters
    ----------
    on_event : is told of starts and failures, for the audit log

    Raises
    ------
    RandomnessError
        The start-up test fails and the policy is to refuse.
    UsageError
        There is no such profile.
    """
    if policy.source == "system":
        return SystemRandomness()
    on_failure = OnFailure.SYSTEM_ONLY if policy.falls_back else OnFailure.REFUSE
    return MixedRandomness(
        _source(policy), _tests(policy), on_event=on_event, on_failure=on_failure
    )


def _source(policy: RandomnessPolicy) -> RawSource:
    if policy.source == "file":
        return RecordedFile(Path(policy.path))
    if policy.source == "device":
        return CharacterDevice(Path(policy.path))
    return Command(policy.arguments)


def _tests(policy: RandomnessPolicy) -> HealthTests:
    if policy.profile:
        return generator_profile(policy.profile).tests()
    return health_tests(
        policy.alpha_log2,
        sample_bits=policy.sample_bits,
        min_entropy_per_sample=policy.min_entropy_per_sample,
    )
