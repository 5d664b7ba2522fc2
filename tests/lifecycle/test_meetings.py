"""Two events at the same moment for the same user, meeting at every point at which they can."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from ses_secure_user.issuer.logins import GRACE_SECONDS
from tests.lifecycle.meetings import Race
from tests.lifecycle.scenes import (
    BASE,
    DEPLOYMENTS,
    ELSEWHERE,
    FIELDS,
    FRANKFURT,
    RENAMED,
    SENDER,
    STEPS,
    UNVERIFIED,
    WRONG_REGION,
    Stage,
    stage,
)
from tests.lifecycle.services import Rotation
from tests.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.aws import Json
    from tests.lifecycle.delivery import Delivery

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


def _create_given_up(on: Stage) -> Pair:
    create = on.stack.begin_create(BASE)
    on.stack.now, on.stack.physical_id = create["ResourceProperties"], "INVENTED"
    return on.stack.begin_delete(), create


def _late(wanted: Json) -> Callable[[Stage], Pair]:
    """The rollback of an update, while the update comes once more."""

    def prepare(on: Stage) -> Pair:
        on.deployed()
        update = on.stack.begin_update(wanted)
        on.world.deliver(update)
        return on.stack.begin_rollback(update), update

    return prepare


def _turns(points: list[str]) -> list[int]:
    """All points but the middle of a long wait, in which the same few calls come again and again."""
    return [*range(len(points))][:35] + [*range(len(points))][35:][-45:]


MIDWAY = ("createSecret", "createSecret again", "testSecret", "finishSecret")
PAIRS: dict[str, Callable[[Stage], Pair]] = {
    **{f"update of the host and {step}": _with_step(step, ELSEWHERE) for step in MIDWAY},
    **{f"update of the region and {step}": _with_step(step, FRANKFURT) for step in MIDWAY},
    **{f"update of nothing and {step}": _with_step(step, BASE) for step in MIDWAY},
    **{f"update to another user and {step}": _with_step(step, RENAMED) for step in MIDWAY},
    "rollback of the host and createSecret": _rollback_with_step(ELSEWHERE),
    "rollback of the region and createSecret": _rollback_with_step(FRANKFURT),
    **{f"delete and {step}": _deletion_with_step(step) for step in MIDWAY},
    **{
        f"{scene}, twice": _twice(scene)
        for scene in ("create", "update of the host", "update of the region", "update to another user", "delete")
    },
    **{f"{step}, twice": _twice(step) for step in MIDWAY},
    "delete and create": _create_given_up,
    "rollback of the host and its late update": _late(ELSEWHERE),
    "rollback of the region and its late update": _late(FRANKFURT),
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


GIVEN_UP = {
    "the host": (BASE, ELSEWHERE),
    "the host and back": (ELSEWHERE, BASE),
    "the sender": (BASE, SENDER),
    "the region": (BASE, FRANKFURT),
    "a wrong region": (BASE, WRONG_REGION),
    "the fields": (BASE, FIELDS),
    "the login test": (BASE, UNVERIFIED | {"Host": ELSEWHERE["Host"]}),
    "the user": (BASE, RENAMED),
}
RESTORING = {
    "the secret first": (True, True),
    "the secret after the credential": (False, True),
    "the secret when all is over": (False, False),
}


@PACES
@pytest.mark.parametrize("restored", RESTORING)
@pytest.mark.parametrize("change", GIVEN_UP)
def test_an_update_given_up_leaves_what_its_rollback_declares(change: str, restored: str, *, stalled: bool) -> None:
    """CloudFormation sends the rollback while the update runs, and does not ask what became of that."""
    former, wanted = GIVEN_UP[change]
    secret_first, at_once = RESTORING[restored]
    with stage(secret_first=secret_first) as on:
        on.deployed(former)
        update = on.stack.begin_update(wanted)
        before = on.world.save()
        points = on.world.deliver(update).points
        for at, rotated in product(_turns(points), sorted({False, stalled})):
            on.world.restore(before)
            COUNTS["life cycle"]["meetings"] += 1
            try:
                _give_up(on, update, restored=at_once, rotated=rotated, at=at, stalled=stalled)
                on.settle(rotating=COUNTS["life cycle"]["meetings"] % 2 == 0)
            except BaseException as error:
                error.add_note(f"{change}, {restored}: given up at {at} of {points}, rotated: {rotated}")
                raise


def _give_up(on: Stage, update: Json, *, restored: bool, rotated: bool, **how: Any) -> None:  # noqa: ANN401
    """Let the rollback come at a point of the update, and the update once more when all is over."""

    def answered(delivery: Delivery) -> None:
        assert delivery.succeeded, delivery.reason
        if restored:
            on.stack.tag(rollback["ResourceProperties"])
        if rotated:
            on.world.pass_time(2 * GRACE_SECONDS)
            Rotation(on.world).run(attempts=1)

    rollback = on.stack.begin_rollback(update)
    race = Race(on.world, update, rollback, after=answered, **how)
    on.stack.follow(rollback, race.deliveries[1])
    _comes_late(on, update)


def _comes_late(on: Stage, update: Json) -> None:
    keys = on.key_ids()
    late = on.world.deliver(update)
    assert not late.succeeded
    assert on.key_ids() == keys
    assert on.stack.now
    on.world.check_declared(on.rotation.secret, on.stack.now, late.story)
    assert not on.world.broken, on.world.broken


@pytest.mark.parametrize("change", GIVEN_UP)
def test_an_update_delivered_after_its_rollback_changes_nothing(change: str) -> None:
    former, wanted = GIVEN_UP[change]
    with stage() as on:
        on.deployed(former)
        update = on.stack.begin_update(wanted)
        rollback = on.stack.begin_rollback(update)
        on.stack.follow(rollback, on.world.deliver(rollback))
        for _ in range(2):
            _comes_late(on, update)
        on.settle()


@pytest.mark.parametrize("wanted", [ELSEWHERE, FRANKFURT])
def test_a_rollback_repeated_after_success_changes_nothing(wanted: Json) -> None:
    """The update that it rolled back has succeeded at last."""
    with stage() as on:
        on.deployed()
        update = on.stack.begin_update(wanted)
        rollback = on.stack.begin_rollback(update)
        on.stack.follow(rollback, on.world.deliver(rollback))
        assert on.stack.update(wanted).succeeded
        _comes_late(on, rollback)
        on.settle()


def test_a_rotation_that_makes_room_leaves_anothers_login() -> None:
    """Secrets Manager begins anew while the function still finishes what it gave up, with a key older than the grace."""
    with stage(token_kept=False) as on:
        on.deployed()
        token = on.rotation.begin()
        assert on.rotation.steps(token, "testSecret").succeeded
        on.world.pass_time(2 * GRACE_SECONDS)
        finish, before = on.rotation.event("finishSecret", token), on.world.save()
        for at in range(len(on.world.deliver(finish).points)):
            on.world.restore(before)
            COUNTS["life cycle"]["meetings"] += 1

            def meet(point: int, at: int = at) -> None:
                if point == at:
                    on.world.deliver(on.rotation.event("createSecret", on.rotation.begin()))

            on.world.deliver(finish, at_point=meet)
            assert on.world.works(on.rotation.secret)
            on.settle()
