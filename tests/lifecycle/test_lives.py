"""Random lives of a login. ``python -m tests.lifecycle.lives SEED LIVES`` runs more of them."""

from __future__ import annotations

import random
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.lifecycle.cloudformation import LimitError
from tests.lifecycle.lives import live
from tests.summary import COUNTS


@given(st.randoms(use_true_random=False))
@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_random_life_breaks_an_invariant(chance: random.Random) -> None:
    COUNTS["life cycle"]["random lives"] += 1
    with suppress(LimitError):
        live(chance)


def test_unbiased_lives_break_no_invariant() -> None:
    for number in range(600):
        COUNTS["life cycle"]["random lives"] += 1
        with suppress(LimitError):
            live(random.Random(number))  # noqa: S311 - a life that can be lived again
