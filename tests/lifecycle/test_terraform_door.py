"""The effects of invocations by Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ses_secure_user.functions.issuer.patience import CONSISTENCY_SECONDS
from tests.lifecycle.account import DAY, User
from tests.lifecycle.cloudformation import Rotation, tags
from tests.lifecycle.delivery import failed
from tests.lifecycle.faults import Fault
from tests.lifecycle.scenes import BASE, ELSEWHERE
from tests.lifecycle.world import FUNCTION_ARN

if TYPE_CHECKING:
    from tests.lifecycle.account import Json
    from tests.lifecycle.scenes import Stage

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mailer-AbCdEf"


def invocation(action: str, **changed: str) -> Json:
    return {"UserName": "mailer", "SecretId": ARN, **BASE, **changed, "tf": {"action": action, "prev_input": None}}


@pytest.fixture
def applied(on: Stage) -> Stage:
    """Create the resources that Terraform creates before it invokes the function."""
    on.world.account.users["mailer"] = User("mailer", tags({"Secret": ARN, **BASE}))
    on.world.account.make_secret(ARN).rotated_by = FUNCTION_ARN
    return on


def value(on: Stage) -> Json:
    return on.world.value(on.world.account.secrets[ARN])


def test_a_create_issues_a_login_and_returns_no_secret(applied: Stage) -> None:
    delivery = applied.world.deliver(invocation("create"))

    assert delivery.succeeded, delivery.reason
    assert delivery.returned == {"SecretArn": ARN}
    assert applied.opens(value(applied))


@pytest.mark.parametrize("after", [0.1, 300.0])
def test_a_create_delivered_twice_keeps_one_login(applied: Stage, after: float) -> None:
    """The provider may invoke the function twice, with different request ids."""
    both = [applied.world.send(invocation("create")), applied.world.send(invocation("create"), after=after)]
    applied.world.clock.wait(lambda: all(one.over for one in both))

    assert any(one.succeeded for one in both)
    assert applied.opens(value(applied))
    assert after < 1 or len(applied.all_keys()) == 1


def test_a_failed_create_is_repaired_by_the_next_apply(applied: Stage) -> None:
    applied.world.ses_down = True
    for _ in range(2):
        assert "check `smtp_host` and `smtp_port`" in failed(applied.world.deliver(invocation("create")))
    applied.world.ses_down = False

    assert applied.world.deliver(invocation("create")).succeeded
    assert applied.opens(value(applied))


@pytest.mark.parametrize("lost", ["the key", "the login, by a delete that could not list its keys"])
def test_a_missing_login_is_issued_again(applied: Stage, lost: str) -> None:
    assert applied.world.deliver(invocation("create")).succeeded
    applied.world.pass_time(DAY)
    if lost == "the key":
        applied.world.account.users["mailer"].keys.clear()
        applied.world.tamper()
    else:
        applied.world.account.secrets[ARN].tags["ses-secure-user:revoked:x"] = f"all/{applied.world.now():.3f}"
    former = value(applied)["username"]
    applied.world.pass_time(DAY)

    assert applied.world.deliver(invocation("create")).succeeded
    assert applied.opens(value(applied))
    assert value(applied)["username"] != former


def test_terraforms_declaration_must_match_the_tags(applied: Stage) -> None:
    reason = failed(applied.world.deliver(invocation("create", Host=ELSEWHERE["Host"])))

    assert "differ from those in its stack's template" in reason
    assert not applied.all_keys()


def test_a_login_of_terraform_is_rotated(applied: Stage) -> None:
    assert applied.world.deliver(invocation("create")).succeeded
    applied.world.pass_time(DAY)

    assert Rotation(applied.world, lambda: applied.world.account.secrets[ARN]).run(attempts=1).succeeded
    assert applied.opens(value(applied))


def test_a_delete_revokes(applied: Stage) -> None:
    assert applied.world.deliver(invocation("create")).succeeded
    applied.world.memory.revoked.add("mailer")

    assert applied.world.deliver(invocation("delete")).succeeded
    assert not applied.all_keys()


def test_a_login_can_be_issued_again_for_the_same_user(applied: Stage) -> None:
    """It waits until one minute after the Delete."""
    assert applied.world.deliver(invocation("create")).succeeded
    applied.world.memory.revoked.add("mailer")
    assert applied.world.deliver(invocation("delete")).succeeded
    applied.world.memory.revoked.clear()
    applied.world.memory.good.clear()
    began = applied.world.now()

    assert applied.world.deliver(invocation("create")).succeeded
    assert applied.opens(value(applied))
    assert applied.world.now() - began > CONSISTENCY_SECONDS - 10


def test_an_update_is_refused(applied: Stage) -> None:
    assert "cannot be changed" in failed(applied.world.deliver(invocation("update")))


@pytest.mark.parametrize("kind", ["quoted", "lost", "killed", "denied"])
def test_a_fault_shows_no_secret_and_can_be_repaired(applied: Stage, kind: str) -> None:
    applied.world.deliver(invocation("create"), Fault(6, kind))
    applied.world.pass_time(600)

    assert applied.world.deliver(invocation("create")).succeeded
    assert applied.opens(value(applied))
