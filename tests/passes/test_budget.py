"""A budget adds up, counts nothing twice, and says what it holds."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passes.errors import LinkError
from passes.link.budget import LinkBudget, Term, TermGroup

GEOMETRIC = Term("geometric", np.array([21.6, 16.25]), TermGroup.GEOMETRY, "a beam")
POINTING = Term(
    "pointing",
    np.array([0.47, 0.47]),
    TermGroup.POINTING,
    "a jitter",
    is_random=True,
    spread_db=np.array([0.3, 0.4]),
)
SCINTILLATION = Term(
    "scintillation",
    np.zeros(2),
    TermGroup.ATMOSPHERE,
    "a profile",
    is_random=True,
    spread_db=np.array([0.4, 0.3]),
)
DETECTOR = Term("detector efficiency", np.array([3.01, 3.01]), TermGroup.DETECTOR, "a sheet")
OPTICS = Term("receiver optics", np.array([7.96, 7.96]), TermGroup.RECEIVER, "a sheet")
WHOLE = LinkBudget((GEOMETRIC, POINTING, SCINTILLATION, OPTICS, DETECTOR))


@settings(max_examples=50)
@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20))
def test_terms_add_to_the_total_to_1e_12(losses_db):
    groups = list(TermGroup)
    budget = LinkBudget(
        tuple(
            Term(f"term {i}", np.array([loss_db]), groups[i % len(groups)], "drawn")
            for i, loss_db in enumerate(losses_db)
        )
    )
    # Twenty additions of at most 100 round by 20 x 2000 x 1.1e-16, below 1e-11 of the sum.
    assert budget.total_db[0] == pytest.approx(sum(losses_db), rel=1e-13, abs=1e-12)
    by_group = sum(budget.group_db(group)[0] for group in TermGroup)
    assert by_group == pytest.approx(sum(losses_db), rel=1e-13, abs=1e-12)


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(LinkError, match="term 'pointing' stands 2 times in one link budget"):
        LinkBudget((GEOMETRIC, POINTING, OPTICS, POINTING))


def test_spread_is_no_part_of_the_mean():
    quiet = Term("pointing", POINTING.loss_db, TermGroup.POINTING, "a jitter", is_random=True)
    without = LinkBudget((GEOMETRIC, quiet, SCINTILLATION, OPTICS, DETECTOR))
    np.testing.assert_array_equal(without.total_db, WHOLE.total_db)
    np.testing.assert_array_equal(without.efficiency, WHOLE.efficiency)


def test_independent_spreads_add_as_variances():
    # 0.3 and 0.4 make 0.5.
    assert WHOLE.spread_db == pytest.approx([0.5, 0.5], rel=1e-12)
    assert LinkBudget((GEOMETRIC, OPTICS)).spread_db == pytest.approx([0.0, 0.0])


def test_every_term_is_explained_in_one_sentence():
    said = WHOLE.explain(1)
    assert len(said) == len(WHOLE.terms) + 2
    assert said[0] == "geometric (geometry) costs 16.25 dB, steady within a second: a beam"
    assert said[1] == (
        "pointing (pointing) costs 0.47 dB on average, random, with a standard deviation of "
        "0.40 dB: a jitter"
    )
    assert said[2].startswith("scintillation (atmosphere) costs nothing on average, random")


def test_the_whole_names_its_largest_three():
    # 16.25 + 0.47 + 7.96 + 3.01 = 27.69 dB, one in 587.
    whole, fluctuating = WHOLE.explain(1)[-2:]
    assert whole.startswith("together 27.69 dB: one photon in 587 ")
    named = re.findall(r"([a-z ]+) \d+\.\d+ dB", whole.split("the largest are ")[1])
    assert [name.strip() for name in named] == [
        "geometric",
        "receiver optics",
        "detector efficiency",
    ]
    assert fluctuating == (
        "random within a second: pointing, scintillation; together 0.50 dB (standard deviation)"
    )
    assert LinkBudget((GEOMETRIC,)).explain(0)[-1] == "nothing is random within a second"


def test_a_random_term_of_unknown_spread_is_named():
    fibre = Term("fibre coupling", OPTICS.loss_db, TermGroup.RECEIVER, "a model", is_random=True)
    budget = LinkBudget((POINTING, fibre))
    assert budget.spread_db == pytest.approx(POINTING.spread_db)
    assert budget.explain(0)[-1].endswith(", without fibre coupling, of which it is not known")
