"""Two events at the same moment for the same user, meeting at every point at which they can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.scenes import BASE, DEPLOYMENTS, ELSEWHERE, RENAMED, STEPS, Stage, stage
from tests.lifecycle.world import Race
from tests.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.aws import Json

    Pair = tuple[Json, Json]

ORDERS = pytest.mark.parametrize("swapped", [False, True], ids=["", "the other way round"])
PACES = pytest.mark.parametrize("stalled", [False, True], ids=["side by side", "one stalled"])


def _with_step(step: str, wanted: Json) -> Callable[[Stage], Pair]:
    def prepare(on: Stage) -> Pair:
        running = STEPS[step](on)
        return on.stack.begin_update(wanted), running

    return prepare


def _rollback_with_step(wanted: Json) -> Callable[[Stage], Pair]:
    """The rollback of an update that gave a new login, while a rotation begins."""

    def prepare(on: Stage) -> Pair:
        on.deployed()
        rollback = on.updated(wanted)
        on.world.pass_time(3600)
        return rollback, on.rotation.event("createSecret", on.rotation.begin())

    return prepare


def _deletion_with_step(step: str) -> Callable[[Stage], Pair]:
    def prepare(on: Stage) -> Pair:
        running = STEPS[step](on)
        return on.stack.begin_delete(), running

    return prepare


def _twice(scene: str) -> Callable[[Stage], Pair]:
    def prepare(on: Stage) -> Pair:
        event = (DEPLOYMENTS | STEPS)[scene](on)
        return event, event

    return prepare


def _given_up(on: Stage) -> Pair:
    create = on.stack.begin_create(BASE)
    on.stack.now, on.stack.physical_id = create["ResourceProperties"], "INVENTED"
    return on.stack.begin_delete(), create


def _late(wanted: Json) -> Callable[[Stage], Pair]:
    """The rollback of an update, while the update comes once more."""

    def prepare(on: Stage) -> Pair:
        on.deployed()
        update = on.stack.begin_update(wanted)
        return on.stack.begin_rollback(update, on.world.deliver(update)), update

    return prepare


def _turns(points: list[str]) -> list[int]:
    """All points but the middle of a long wait, in which the same few calls come again and again."""
    return [*range(len(points))][:25] + [*range(len(points))][25:][-45:]


MIDWAY = ("createSecret", "createSecret again", "testSecret", "finishSecret")
PAIRS: dict[str, Callable[[Stage], Pair]] = {
    **{f"update and {step}": _with_step(step, ELSEWHERE) for step in MIDWAY},
    **{f"update of nothing and {step}": _with_step(step, BASE) for step in MIDWAY},
    **{f"update to another user and {step}": _with_step(step, RENAMED) for step in MIDWAY},
    "rollback of the host and createSecret": _rollback_with_step(ELSEWHERE),
    "rollback of another user and createSecret": _rollback_with_step(RENAMED),
    **{f"delete and {step}": _deletion_with_step(step) for step in MIDWAY},
    **{
        f"{scene}, twice": _twice(scene)
        for scene in ("create", "update of the host", "update to another user", "update to another secret", "delete")
    },
    **{f"{step}, twice": _twice(step) for step in MIDWAY},
    "delete and create": _given_up,
    "rollback of the host and its late update": _late(ELSEWHERE),
    "rollback of another user and its late update": _late(RENAMED),
}


@PACES
@ORDERS
@pytest.mark.parametrize("pair", PAIRS)
def test_two_events_at_once_leave_a_whole_credential(pair: str, *, swapped: bool, stalled: bool) -> None:
    with stage() as on:
        events = PAIRS[pair](on)
        first, second = reversed(events) if swapped else events
        before = on.world.save()
        points = on.world.deliver(first).points
        for at in _turns(points):
            on.world.restore(before)
            COUNTS["life cycle"]["meetings"] += 1
            try:
                race = Race(on.world, first, second, at=at, stalled=stalled)
                if "RequestType" in events[0]:
                    on.stack.follow(events[0], race.deliveries[int(swapped)])
                on.settle(rotating=COUNTS["life cycle"]["meetings"] % 2 == 0)
            except BaseException as error:
                error.add_note(f"{pair}: the second came at {at} of {points}")
                raise
