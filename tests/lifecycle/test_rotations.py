"""What the four rotation steps do, one sentence at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ses_secure_user.issuer.contract import TAG_PREFIX
from ses_secure_user.issuer.logins import GRACE_SECONDS
from ses_secure_user.issuer.versions import PENDING, PREVIOUS
from tests.lifecycle.aws import move_label
from tests.lifecycle.delivery import failed
from tests.lifecycle.scenes import BASE, ELSEWHERE, FRANKFURT, RENAMED, VPC_HOST, Stage, stage
from tests.lifecycle.services import DAY, STEPS, schedule
from tests.lifecycle.world import FUNCTION_ARN

if TYPE_CHECKING:
    from tests.lifecycle.aws import Json


def test_a_login_is_rotated_three_times_in_a_row(on: Stage) -> None:
    on.deployed(rotations=0)
    seen = [on.login()]
    for _ in range(3):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
        seen.append(on.login())
        assert on.login(PREVIOUS) == seen[-2]
        assert on.key_ids() == {seen[-2]["username"], seen[-1]["username"]}
    assert len({login["username"] for login in seen}) == 4


def test_a_login_read_before_a_rotation_works_after_it(on: Stage) -> None:
    on.deployed()
    held = on.login()
    token = on.rotation.begin()
    for step in STEPS:
        assert on.rotation.step(step, token).succeeded
        assert on.opens(held)
        assert on.opens(on.login())


def test_a_rotation_with_the_endpoint_down_changes_nothing(on: Stage) -> None:
    """The next one heals it."""
    on.deployed()
    held = on.login()
    on.world.ses_down = True
    assert "`smtp_port`" in failed(on.rotation.run())
    assert on.login() == held
    assert on.opens(held)
    on.world.ses_down = False
    on.world.pass_time(DAY)
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert on.opens(held)


def test_a_rotation_takes_up_what_an_update_has_changed(on: Stage) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.pass_time(2 * GRACE_SECONDS)
    assert on.stack.update(ELSEWHERE).succeeded
    assert "not what the secret's tags declare by now" in failed(on.rotation.step("finishSecret", token))
    assert on.rotation.run(attempts=1).succeeded
    assert on.login()["host"] == VPC_HOST


def test_a_rotation_that_an_update_of_nothing_came_into_goes_on(on: Stage) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    pending = on.login(PENDING)
    assert on.stack.update(BASE).succeeded
    assert on.rotation.step("finishSecret", token).succeeded
    assert on.login() == pending


@pytest.mark.parametrize("wanted", [ELSEWHERE, FRANKFURT, RENAMED])
def test_a_rotation_is_refused_until_a_deployment_is_over(on: Stage, wanted: Json) -> None:
    on.deployed()
    before, update = on.key_ids(), on.stack.begin_update(wanted)
    assert "a deployment is under way" in failed(on.rotation.run(attempts=1))
    assert on.key_ids() == before
    assert not on.key_ids("renamed")
    on.stack.follow(update, on.world.deliver(update))
    assert on.rotation.run(attempts=1).succeeded


def test_a_rotation_soon_after_other_events_is_not_held_up(on: Stage) -> None:
    assert on.stack.create(BASE).succeeded
    assert on.rotation.run(attempts=1).succeeded
    assert on.stack.update(BASE).succeeded
    assert on.rotation.run(attempts=1).succeeded


def test_a_rotation_makes_one_version(on: Stage) -> None:
    on.deployed()
    before = set(on.rotation.secret.versions)
    token = on.rotation.begin()
    assert on.rotation.steps(token).succeeded
    assert set(on.rotation.secret.versions) - before == {token}


def test_a_schedule_tried_out_on_an_empty_version_succeeds(on: Stage) -> None:
    on.deployed()
    before = on.login()
    assert on.rotation.try_out().succeeded
    assert on.login() == before


@pytest.mark.parametrize("pending", [False, True], ids=["no longer pending", "still pending too"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_repeated_after_the_rotation_changes_nothing(on: Stage, step: str, *, pending: bool) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token).succeeded
    if pending:
        move_label(on.rotation.secret, PENDING, token)
    before, keys = on.login(), on.key_ids()
    assert on.rotation.step(step, token).succeeded
    assert (on.login(), on.key_ids()) == (before, keys)


@pytest.mark.parametrize("step", STEPS)
def test_a_secret_that_is_not_rotated_is_refused(on: Stage, step: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.step("createSecret", token).succeeded
    on.rotation.secret.rotation_enabled = False
    assert "not rotated by this function" in failed(on.rotation.step(step, token))


@pytest.mark.parametrize("step", STEPS)
def test_a_secret_of_another_function_is_refused(on: Stage, step: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.step("createSecret", token).succeeded
    schedule(on.rotation.secret, FUNCTION_ARN.replace("issuer", "another"))
    assert "not rotated by this function" in failed(on.rotation.step(step, token))


@pytest.mark.parametrize("step", ["createSecret", "setSecret", "finishSecret"])
def test_a_version_that_the_secret_does_not_have_is_refused(on: Stage, step: str) -> None:
    on.deployed()
    keys = on.key_ids()
    assert "neither pending nor current" in failed(on.rotation.step(step, "0" * 32))
    assert on.key_ids() == keys


def test_a_step_that_is_none_is_refused(on: Stage) -> None:
    on.deployed()
    assert "explodeSecret is no rotation step" in failed(on.rotation.step("explodeSecret", on.rotation.begin()))


@pytest.mark.parametrize("missing", ["user-name", "region", "host", "port", "from-address", "verify-login"])
def test_a_secret_without_its_tags_is_refused(on: Stage, missing: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    secret = on.rotation.secret
    secret.tags = [tag for tag in secret.tags or [] if tag["Key"] != TAG_PREFIX + missing]
    assert f"the secret has lost {TAG_PREFIX}{missing}" in failed(on.rotation.step("createSecret", token))


def test_a_rotation_of_a_lost_secret_fails_with_awss_reason(on: Stage) -> None:
    on.deployed()
    event = on.rotation.event("createSecret", on.rotation.begin())
    on.stack.delete()
    assert "DescribeSecret failed" in failed(on.world.deliver(event))


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_step_after_the_delete_leaves_no_key(on: Stage, step: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    for before in STEPS[: STEPS.index(step)]:
        assert on.rotation.step(before, token).succeeded
    assert on.world.deliver(on.stack.begin_delete()).succeeded
    on.rotation.step(step, token)
    assert not on.key_ids()


def test_the_short_way_to_aws_answers_as_the_long_one_does() -> None:
    """Faults are tried on the way past HTTP, so the same life is lived on both."""
    assert _story(wire=False) == _story(wire=True)


def _story(*, wire: bool) -> list[tuple[list[str], bool, int]]:
    with stage(wire=wire, secret_first=False) as on:
        on.deployed()
        on.rotation.step("createSecret", "0" * 32)
        on.stack.update(RENAMED)
        on.stack.update(ELSEWHERE, others_fail=True)
        on.stack.update(FRANKFURT)
        on.rotation.run()
        late = on.stack.begin_delete()
        on.stack.delete()
        on.world.deliver(late)
        return on.world.story
