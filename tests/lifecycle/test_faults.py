"""Every event, with every fault at every point, and all that can come after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.faults import LOGIN, Fault, kinds
from tests.lifecycle.scenes import (
    AFTER_DEPLOYMENT,
    AFTER_STEP,
    CREATES,
    DEPLOYMENTS,
    ROLLBACKS,
    STEPS,
    Stage,
    stage,
)
from tests.summary import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.lifecycle.aws import Json
    from tests.lifecycle.delivery import Delivery


@pytest.mark.parametrize("scene", DEPLOYMENTS)
def test_a_deployment_survives_every_fault(scene: str) -> None:
    with stage() as on:
        _try_all(on, DEPLOYMENTS[scene](on), AFTER_DEPLOYMENT)


@pytest.mark.parametrize("scene", CREATES)
def test_a_first_version_current_at_once_survives_every_fault(scene: str) -> None:
    with stage(first_is_current=True) as on:
        _try_all(on, DEPLOYMENTS[scene](on), AFTER_DEPLOYMENT)


@pytest.mark.parametrize("scene", ROLLBACKS)
def test_a_rollback_before_that_of_the_tags_survives_every_fault(scene: str) -> None:
    with stage(secret_first=False) as on:
        _try_all(on, DEPLOYMENTS[scene](on), AFTER_DEPLOYMENT)


@pytest.mark.parametrize("token_kept", [True, False], ids=["tried again", "begun anew"])
@pytest.mark.parametrize("scene", STEPS)
def test_a_rotation_survives_every_fault(scene: str, *, token_kept: bool) -> None:
    with stage(token_kept=token_kept) as on:
        _try_all(on, STEPS[scene](on), AFTER_STEP)


def _try_all(on: Stage, event: Json, afters: Mapping[str, Callable[[Stage, Json, Delivery], None]]) -> None:
    before = on.world.save()
    whole = on.world.deliver(event)
    COUNTS["life cycle"]["fault points"] += len(whole.points)
    for fault in [None, *_faults(whole.points)]:
        on.world.restore(before)
        delivery = on.world.deliver(event, fault)
        if fault and fault.kind == "late":
            assert delivery.succeeded == whole.succeeded, f"{fault} of {whole.points}: {delivery.reason}"
        after_fault = on.world.save()
        COUNTS["life cycle"]["faults"] += fault is not None
        for name, after in afters.items():
            on.world.restore(after_fault)
            COUNTS["life cycle"]["sequences"] += 1
            try:
                after(on, event, delivery)
                on.settle(rotating=COUNTS["life cycle"]["sequences"] % 2 == 0)
            except BaseException as error:
                error.add_note(f"{event.get('RequestType') or event['Step']}: {fault} of {whole.points}, then {name}")
                raise


def _faults(points: list[str]) -> Iterable[Fault]:
    """All of them; of the logins in a row the first and the last stand for those in between."""
    for number, name in enumerate(points):
        if points[number - 1 : number + 2] != [LOGIN] * 3:
            yield from (Fault(number, kind) for kind in kinds(name))
