"""What the referee sees of contacts one by one: sky and key, in several processes where many are.

The rules it keeps:

1. What is found of a contact does not depend on the others, nor on how many processes look.
2. Sky and key of a contact are looked at together: starting processes twice takes longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from groundstation.network import Network
from groundstation.night.pass_slots import PassSlots
from groundstation.night.window_check import bits_of_contacts
from groundstation.night.workers import in_processes, processes_for
from groundstation.plan.records import Plan
from groundstation.plan.sky_check import sky_faults

# A contact takes a hundredth of a second.
_CONTACTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Of the contacts of a plan, by pass id.

    Parameters
    ----------
    faults : what the referee's own orbit and Sun contradict; contacts without fault are left out
    bits : whole secret bits of the windows, counted second by second
    """

    faults: Mapping[str, list[str]]
    bits: Mapping[str, int]


def looked_at(
    plan: Plan,
    network: Network,
    orbits: Mapping[str, tuple[str, str]],
    slots: Mapping[str, PassSlots],
) -> LookedAt:
    """Sky and key of every contact.

    Parameters
    ----------
    orbits : the two lines of each satellite's element set, by its name
    slots : usable seconds of the passes, by their ids
    """
    # Each batch takes what it is about and nothing else.
    bare = replace(plan, relays=(), later=(), deliveries=(), rejections=(), stocks=(), remarks=())
    cuts = range(0, len(plan.contacts), _CONTACTS_AT_ONCE)
    batches = []
    for first in cuts:
        contacts = plan.contacts[first : first + _CONTACTS_AT_ONCE]
        own = {c.pass_id: slots[c.pass_id] for c in contacts if c.pass_id in slots}
        batches.append((replace(bare, contacts=contacts), own))
    work = partial(_batch, network, dict(orbits))
    made = in_processes(
        work, batches, processes=processes_for(network), doing="checking the contacts of the plan"
    )
    return LookedAt(
        {name: texts for faults, _ in made for name, texts in faults.items()},
        {name: bits for _, found in made for name, bits in found.items()},
    )


def _batch(
    network: Network,
    orbits: Mapping[str, tuple[str, str]],
    given: tuple[Plan, Mapping[str, PassSlots]],
) -> tuple[dict[str, list[str]], dict[str, int]]:
    plan, slots = given
    bits = bits_of_contacts(network.key, slots, plan.contacts)
    return sky_faults(plan, network, orbits), bits
