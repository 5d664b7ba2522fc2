"""Every event with every fault at every point, and every continuation."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.account import DAY
from tests.lifecycle.cloudformation import SMOOTH, STEPS, LimitError, Trouble
from tests.lifecycle.faults import LOGIN, Fault, kinds
from tests.lifecycle.scenes import BASE, BY_TOKEN, ELSEWHERE_BY_TOKEN, FRANKFURT, Stage, stage
from tests.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.lifecycle.account import Json


def _nothing(_: Stage) -> None:
    """Leave the account without a stack."""


def _untested(on: Stage) -> None:
    on.world.verifies = False


def _refused(on: Stage) -> None:
    on.world.ses_down = True
    assert not on.stack.deploy(BASE, rollback=False)
    on.world.ses_down = False


def _never_answered(on: Stage) -> None:
    assert not on.stack.deploy(BASE, Trouble(Fault(6, "killed")), rollback=False)


def _given_up(on: Stage) -> None:
    assert not on.stack.deploy(BASE, Trouble(given_up_after=1.0), rollback=False)


def _deployed(on: Stage) -> None:
    on.deployed()


def _deployed_by_token(on: Stage) -> None:
    on.deployed(BY_TOKEN)


SCENES: dict[str, tuple[Callable[[Stage], None], Json]] = {
    "create": (_nothing, BASE),
    "create without a login test": (_untested, BASE),
    "create after one that failed": (_refused, BASE),
    "create after one that never answered": (_never_answered, BASE),
    "create after one that was abandoned": (_given_up, BASE),
    "replacement": (_deployed, FRANKFURT),
    "update of nothing": (_deployed, BASE),
    "update that is refused": (_deployed_by_token, ELSEWHERE_BY_TOKEN),
    "delete": (_deployed, {}),
}
AFTER: dict[str, Trouble] = {
    "CloudFormation goes on": SMOOTH,
    "another resource fails": Trouble(others_fail=True),
    "the event comes twice": Trouble(again_after=0.2),
    "the event comes again later": Trouble(again_after=200.0),
    "the event is abandoned": Trouble(given_up_after=5.0),
}


def _operate(on: Stage, wanted: Json, trouble: Trouble, *, rollback: bool) -> None:
    if wanted:
        on.stack.deploy(wanted, trouble, rollback=rollback)
    else:
        on.stack.delete(trouble)


@pytest.mark.parametrize("first_is_current", [True, False], ids=["first is current", "labelled as asked"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_deployment_survives_every_fault(scene: str, *, first_is_current: bool) -> None:
    """Deployments run with and without rollback. Failed resources are deleted before their re-creation or in the
    cleanup."""
    prepare, wanted = SCENES[scene]
    with stage(first_is_current=first_is_current) as on:
        prepare(on)
        on.world.wait_for(*on.world.deliveries)
        before = on.world.save()
        _operate(on, wanted, SMOOTH, rollback=True)
        points = on.stack.last[0].points
        COUNTS["life cycle"]["fault points"] += len(points)
        for turn, (fault, name) in enumerate(product([None, *_faults(points)], AFTER)):
            on.world.restore(before)
            on.world.deleted_first, rollback = bool(turn & 1), bool(turn & 2)
            COUNTS["life cycle"]["sequences"] += 1
            try:
                _operate(on, wanted, replace(AFTER[name], fault=fault), rollback=rollback)
                on.settle()
            except LimitError:
                COUNTS["life cycle"]["lives at the open limit"] += 1
            except BaseException as error:
                how = f"rollback: {rollback}, deleted first: {on.world.deleted_first}"
                error.add_note(f"{fault} of {points}, {name}, {how}")
                raise


def _in_a_row(on: Stage, step: str, fault: Fault | None) -> None:
    on.rotation.run(fault=(step, fault) if fault else None)


def _begun_anew(on: Stage, step: str, fault: Fault | None) -> None:
    on.rotation.steps(on.rotation.begin(), step, (step, fault) if fault else None)
    on.world.pass_time(DAY)
    assert on.rotation.run().succeeded


def _twice(on: Stage, step: str, fault: Fault | None) -> None:
    token = on.rotation.begin()
    for one in STEPS:
        delivery = on.rotation.step(one, token, fault if one == step else None)
        if not on.rotation.step(one, token).succeeded and not delivery.succeeded:
            break


def _deleted(on: Stage, step: str, fault: Fault | None) -> None:
    token = on.rotation.begin()
    event, secret = on.rotation.event(step, token), on.stack.secret
    on.rotation.steps(token, step, (step, fault) if fault else None)
    on.stack.delete()
    on.world.deliver(event)
    secret.rotation = None


ROTATIONS: dict[str, Callable[[Stage, str, Fault | None], None]] = {
    "tried again": _in_a_row,
    "begun again": _begun_anew,
    "delivered twice": _twice,
    "with the stack deleted": _deleted,
}


@pytest.mark.parametrize("token_kept", [True, False], ids=["token kept", "another token"])
@pytest.mark.parametrize("rotations", [0, 2], ids=["for the first time", "later"])
@pytest.mark.parametrize("step", ["createSecret", "finishSecret"])
def test_a_rotation_survives_every_fault(step: str, rotations: int, *, token_kept: bool) -> None:
    with stage(token_kept=token_kept) as on:
        on.deployed(rotations=rotations)
        before = on.world.save()
        points = on.rotation.steps(on.rotation.begin(), step).points
        COUNTS["life cycle"]["fault points"] += len(points)
        for fault, name in product([None, *_faults(points)], ROTATIONS):
            on.world.restore(before)
            COUNTS["life cycle"]["sequences"] += 1
            try:
                ROTATIONS[name](on, step, fault)
                on.settle()
            except BaseException as error:
                error.add_note(f"{step}: {fault} of {points}, {name}")
                raise


def _faults(points: list[str]) -> Iterable[Fault]:
    """Return all faults. For consecutive logins, only the first and the last."""
    for number, name in enumerate(points):
        if points[number - 1 : number + 2] != [LOGIN] * 3:
            yield from (Fault(number, kind) for kind in kinds(name))
