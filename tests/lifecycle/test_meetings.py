"""Two concurrent events, interleaved at every point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.cloudformation import STEPS
from tests.lifecycle.faults import ANSWER
from tests.lifecycle.scenes import Stage, stage
from tests.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.account import Json

    Pair = tuple[Json, Json]

CALL_SECONDS = 30
"""The longest duration of a call with retries. No Create begins for one minute after a Delete."""
DOING = ("createSecret", "finishSecret")


def _step(on: Stage, step: str) -> Json:
    token = on.rotation.begin()
    for before in STEPS[: STEPS.index(step)]:
        assert on.rotation.step(before, token).succeeded
    return on.rotation.event(step, token)


def _step_twice(step: str) -> Callable[[Stage], Pair]:
    def prepare(on: Stage) -> Pair:
        on.deployed()
        event = _step(on, step)
        return event, event

    return prepare


def _step_given_up(step: str) -> Callable[[Stage], Pair]:
    """Let Secrets Manager begin again with another version while the step runs."""

    def prepare(on: Stage) -> Pair:
        on.deployed()
        on.world.token_kept = False
        event = _step(on, step)
        return event, on.rotation.event("createSecret", on.rotation.begin())

    return prepare


def _delete(on: Stage) -> Json:
    on.world.memory.revoked.add(on.stack.user_name)
    return on.stack.deletion()


def _deletion_with(step: str) -> Callable[[Stage], Pair]:
    def prepare(on: Stage) -> Pair:
        on.deployed()
        event = _step(on, step)
        return event, _delete(on)

    return prepare


def _delete_twice(on: Stage) -> Pair:
    on.deployed()
    event = _delete(on)
    return event, event


def _create_twice(on: Stage) -> Pair:
    event = on.create_event()
    return event, event


def _create_given_up(on: Stage) -> Pair:
    create = on.create_event()
    on.world.memory.revoked.add(create["ResourceProperties"]["UserName"])
    return create, on.stack.event("Delete", create["ResourceProperties"], physical_id="INVENTED")


def _create_made_anew(on: Stage) -> Pair:
    """Let the next operation create the resource again while the abandoned Create still runs."""
    create = on.create_event()
    return create, on.stack.event("Create", create["ResourceProperties"])


PAIRS: dict[str, Callable[[Stage], Pair]] = {
    **{f"{step}, twice": _step_twice(step) for step in DOING},
    **{f"{step}, begun again": _step_given_up(step) for step in DOING},
    **{f"{step} and delete": _deletion_with(step) for step in DOING},
    "delete, twice": _delete_twice,
    "create, twice": _create_twice,
    "create and its delete": _create_given_up,
    "create and the next create": _create_made_anew,
}


@pytest.mark.parametrize("first_is_current", [False, True], ids=["labelled as asked", "first is current"])
@pytest.mark.parametrize("stalled", [False, True], ids=["side by side", "one stalled"])
@pytest.mark.parametrize("swapped", [False, True], ids=["", "the other way round"])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_concurrent_events_leave_a_working_login(
    pair: str, *, swapped: bool, stalled: bool, first_is_current: bool
) -> None:
    with stage(first_is_current=first_is_current) as on:
        events = PAIRS[pair](on)
        first, second = reversed(events) if swapped else events
        before = on.world.save()
        points = on.world.deliver(first).points
        for at in range(min(len(points), 40)):
            on.world.restore(before)
            COUNTS["life cycle"]["meetings"] += 1
            try:
                _meet(on, first, second, at=at, stalled=stalled)
            except BaseException as error:
                error.add_note(f"{pair}: the second came at {at} of {points}")
                raise


def _meet(on: Stage, first: Json, second: Json, *, at: int, stalled: bool) -> None:
    sent = []

    def meet(point: int) -> None:
        if point == at:
            sent.append(on.world.send(second))
            if stalled:
                is_short = delivery.kind == "Delete" or delivery.points[-1] == ANSWER
                on.world.clock.wait(lambda: sent[0].over, CALL_SECONDS if is_short else math.inf)

    delivery = on.world.send(first, at_point=meet)
    on.world.clock.wait(lambda: any(one.over and one.kind == "Delete" for one in (delivery, *sent)), 600)
    for one in (delivery, *sent):
        if one.kind == "Delete":
            on.stack.delete_user(one.event["ResourceProperties"]["UserName"])
    on.world.clock.wait(lambda: delivery.over and bool(sent) and sent[0].over)
    on.world.pass_time(700)
    on.world.account.abandoned.clear()
    on.world.broken[:] = [one for one in on.world.broken if not one.startswith("10")]
    on.world.require_whole()
    kinds = {one.kind for one in (delivery, sent[0])}
    if "Delete" in kinds:
        assert not on.all_keys()
        on.world.memory.good.clear()
        on.stack.delete()
    elif "Create" in kinds:
        succeeded = [one for one in (delivery, sent[0]) if one.succeeded]
        secret = on.world.account.secrets[first["ResourceProperties"]["SecretId"]]
        assert succeeded
        assert on.world.works(secret)
        on.repair()
        on.settle()
    else:
        assert on.world.works(on.stack.secret)
        on.settle()
