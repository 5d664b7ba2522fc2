"""The effects of the four rotation steps."""

from __future__ import annotations

import pytest

from ses_secure_user.functions.issuer import handler
from ses_secure_user.functions.issuer.logins import GRACE_SECONDS
from ses_secure_user.functions.issuer.patience import Patience
from tests.lifecycle.account import CURRENT, DAY, LIST_SECONDS, PENDING, PREVIOUS, REGION
from tests.lifecycle.cloudformation import STEPS
from tests.lifecycle.delivery import failed
from tests.lifecycle.faults import Fault
from tests.lifecycle.scenes import BY_TOKEN, ELSEWHERE_BY_TOKEN, Stage
from tests.lifecycle.world import client as aws_client

DOING = ("createSecret", "finishSecret")


def test_a_login_is_rotated_three_times_in_a_row(on: Stage) -> None:
    on.deployed(rotations=0)
    seen = [on.login()]
    for _ in range(3):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
        seen.append(on.login())
        assert on.login(PREVIOUS) == seen[-2]
        assert on.key_ids() == {seen[-2]["username"], seen[-1]["username"]}
    assert len({value["username"] for value in seen}) == 4


def test_a_login_read_before_a_rotation_works_after_it(on: Stage) -> None:
    on.deployed()
    held = on.login()
    token = on.rotation.begin()
    for step in STEPS:
        assert on.rotation.step(step, token).succeeded
        assert on.opens(held)
        assert on.opens(on.login())


def test_a_rotation_with_the_endpoint_down_changes_nothing(on: Stage) -> None:
    """The next rotation repairs it."""
    on.deployed()
    held = on.login()
    on.world.ses_down = True
    assert "`smtp_port`" in failed(on.rotation.run(attempts=2))
    assert on.login() == held
    assert on.opens(held)
    on.world.ses_down = False
    on.world.pass_time(DAY)
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert on.opens(held)


@pytest.mark.parametrize("kept", [True, False], ids=["with its token", "with another token"])
@pytest.mark.parametrize("fault", ["killed", "outage"])
def test_a_rotation_that_died_does_not_block_the_next(on: Stage, fault: str, *, kept: bool) -> None:
    on.deployed()
    on.world.token_kept = kept
    token = on.rotation.begin()
    points = on.rehearse(on.rotation.event("createSecret", token))
    on.rotation.step("createSecret", token, Fault(points.index("CreateAccessKey") + (fault == "outage"), fault))
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    on.settle()


def test_a_canceled_rotation_does_not_change_the_next(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.token_kept = False
    on.world.make_key(on.stack.user_name)
    waiting = on.world.send(on.rotation.event("createSecret", on.rotation.begin()))
    on.world.clock.sleep(60)
    following = on.rotation.begin()
    on.world.wait_for(waiting)
    assert "the rotation was canceled" in failed(waiting)
    assert on.rotation.secret.holder(PENDING) == following
    assert on.rotation.steps(following).succeeded


def test_a_promotion_whose_response_is_lost_succeeds(on: Stage) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    event = on.rotation.event("finishSecret", token)
    promotion = on.rehearse(event).index("UpdateSecretVersionStage")
    assert on.world.deliver(event, Fault(promotion, "lost")).succeeded


def test_a_rotation_creates_one_version_and_moves_two_labels(on: Stage) -> None:
    """This holds even if there is a key of no version. Another version would end the rotation without an error."""
    on.deployed(rotations=0)
    stranger = on.world.make_key(on.stack.user_name)
    before, first = set(on.rotation.secret.versions), on.rotation.secret.holder(CURRENT)
    token = on.rotation.begin()
    assert on.rotation.steps(token, "createSecret").succeeded
    assert set(on.rotation.secret.versions) - before == {token}
    assert on.rotation.secret.holder(CURRENT) == first
    assert stranger not in on.key_ids()


def test_a_rotation_soon_after_other_events_does_not_wait(on: Stage) -> None:
    assert on.stack.deploy(BY_TOKEN)
    began = on.world.now()
    assert on.rotation.run(attempts=1).succeeded
    assert not on.stack.deploy(ELSEWHERE_BY_TOKEN)
    assert on.rotation.run(attempts=1).succeeded
    assert on.world.now() - began < GRACE_SECONDS


def test_a_login_that_is_read_late_is_not_treated_as_missing(on: Stage) -> None:
    """One ResourceNotFoundException for AWSCURRENT must not lead to the deletion of its key."""
    on.deployed()
    held, previous, token = on.login(), on.login(PREVIOUS), on.rotation.begin()
    event = on.rotation.event("createSecret", token)
    reads = [number for number, name in enumerate(on.rehearse(event)) if name == "GetSecretValue"]
    before = on.world.save()
    for point in reads:
        on.world.restore(before)
        on.world.deliver(event, Fault(point, "stale"))
        assert on.opens(held)
        assert on.rotation.run().succeeded
        assert on.opens(on.login())
    assert previous["username"] not in on.key_ids()


def test_a_pending_login_that_is_read_late_is_tested(on: Stage) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    assert "the pending version has no login" in failed(on.rotation.step("finishSecret", token, Fault(1, "stale")))
    assert "login" in on.rotation.step("finishSecret", token).points


def test_the_test_of_a_schedule_succeeds(on: Stage) -> None:
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
        on.rotation.secret.move(PENDING, token)
    before, keys = on.login(), on.key_ids()
    assert on.rotation.step(step, token).succeeded
    assert (on.login(), on.key_ids()) == (before, keys)


@pytest.mark.parametrize("step", DOING)
def test_a_version_that_the_secret_does_not_have_is_refused(on: Stage, step: str) -> None:
    on.deployed()
    keys = on.key_ids()
    assert "neither pending nor current" in failed(on.rotation.step(step, "0" * 32))
    assert on.key_ids() == keys


def test_an_unknown_step_is_refused(on: Stage) -> None:
    on.deployed()
    assert "explodeSecret is not a rotation step" in failed(on.rotation.step("explodeSecret", on.rotation.begin()))


def test_a_rotation_of_a_missing_secret_fails_with_the_reason(on: Stage) -> None:
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
    event, user = on.rotation.event(step, token), on.stack.user_name
    on.world.memory.revoked.add(user)
    assert on.world.deliver(on.stack.deletion()).succeeded
    on.world.deliver(event)
    assert not on.key_ids()


@pytest.mark.parametrize("how", ["by a clean stack", "by a hand-made key"])
def test_a_new_unknown_key_makes_a_rotation_wait(on: Stage, how: str) -> None:
    """It may belong to another event, until no event of that time can be running."""
    on.deployed(rotations=0)
    stranger = on.world.make_key(on.stack.user_name) if "hand" in how else None
    on.world.clock.sleep(LIST_SECONDS)
    began = on.world.now()
    assert on.rotation.run(attempts=1).succeeded
    assert (on.world.now() - began > GRACE_SECONDS) == bool(stranger)
    assert stranger not in on.key_ids()


def test_a_key_that_another_event_may_use_is_not_deleted(on: Stage) -> None:
    """Secrets Manager begins again while the function is still finishing the former attempt."""
    on.deployed()
    on.world.token_kept = False
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.pass_time(2 * GRACE_SECONDS)
    finish, before = on.rotation.event("finishSecret", token), on.world.save()
    for at in range(len(on.world.deliver(finish).points)):
        on.world.restore(before)

        def meet(point: int, at: int = at) -> None:
            if point == at:
                on.world.send(on.rotation.event("createSecret", on.rotation.begin()))

        on.world.deliver(finish, at_point=meet)
        on.world.pass_time(1000)
        assert on.world.works(on.rotation.secret)
        on.settle()


def test_a_key_is_created_without_retries_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a lost response, a retry would create a second key."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(handler, "_client", aws_client)
    lifecycle = handler._lifecycle("login", Patience(started=0, deadline=600))  # noqa: SLF001
    assert lifecycle.keys.key_maker.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "verifies"), [(None, True), ("true", True), ("false", False)])
def test_the_environment_turns_login_tests_off(
    monkeypatch: pytest.MonkeyPatch, text: str | None, *, verifies: bool
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    if text:
        monkeypatch.setenv("VERIFY_LOGIN", text)
    assert handler._lifecycle("login", Patience(started=0, deadline=600)).logins.verify == verifies  # noqa: SLF001
