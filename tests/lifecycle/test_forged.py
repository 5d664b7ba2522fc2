"""Forged events from a principal that may invoke the function: they can only rotate or revoke a login."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.account import CURRENT, User
from tests.lifecycle.cloudformation import STEPS, Rotation, Stack
from tests.lifecycle.invariants import SECRET_TAG
from tests.lifecycle.scenes import BASE, ELSEWHERE, Stage, stage

if TYPE_CHECKING:
    from tests.lifecycle.account import Json

THIEF = {"Host": "smtp.thief.example", "Port": "465", "Region": "eu-west-1"}
MEANT = {"its own": {}, "a thief's": THIEF, "another region": {"Region": "us-east-1"}, "none": {"Host": ""}}


@pytest.mark.parametrize("properties", MEANT)
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_forged_deployment_can_only_rotate_or_revoke(kind: str, properties: str) -> None:
    """It can name any user, secret and id, of two existing stacks or of none."""
    with stage() as on:
        on.deployed(rotations=1)
        other = Stack(on.world)
        assert other.deploy(ELSEWHERE | {"Id": "other"})
        on.world.account.users["foreign"] = User("foreign")
        foreign = on.world.make_key("foreign")
        on.world.account.foreign.add("foreign")
        names = [on.stack.user_name, other.user_name, "foreign", "nobody"]
        arns = [on.stack.secret.arn, other.secret.arn, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:none"]
        before = on.world.save()
        for user, arn in product(names, arns):
            for physical in (f"{user}|{arn}|0000aaaa|ok", f"{user}|{arn}|0000aaaa|failed", "mail-INVENTED"):
                on.world.restore(before)
                given = {"UserName": user, "SecretId": arn, **_declared(BASE), **MEANT[properties]}
                on.world.memory.revoked |= {on.stack.user_name, other.user_name} if kind == "Delete" else set()
                event = on.stack.event(kind, given, given if kind == "Update" else None, physical)
                on.world.deliver(event)
                assert on.world.account.find(foreign)
                _check_values(on, other)
                if kind == "Delete":
                    on.world.tamper()
                on.heal()
                on.world.require_whole()


@pytest.mark.parametrize("step", STEPS)
def test_a_forged_step_can_only_rotate(step: str) -> None:
    """It can name any version of the secret."""
    with stage() as on:
        on.deployed()
        before, former = on.world.save(), on.login()
        for token in [*on.stack.secret.versions, "0" * 36]:
            on.world.restore(before)
            on.rotation.step(step, token)
            assert on.login() == former
            on.settle()


def test_after_a_forged_create_the_stack_can_be_deleted() -> None:
    with stage() as on:
        on.deployed()
        on.world.deliver(on.stack.event("Create", on.stack.credential.given))
        on.settle()


def test_tagging_a_user_affects_only_the_named_secret() -> None:
    """With iam:TagUser, a user's login can be put into another secret only if its value names the user."""
    with stage() as on:
        on.deployed()
        other = Stack(on.world)
        assert other.deploy(BASE | {"Id": "other"})
        victim, keys = on.world.account.users[on.stack.user_name], on.key_ids()
        victim.tags[SECRET_TAG] = other.secret.arn
        assert Rotation(on.world, lambda: other.secret).run(attempts=1).succeeded
        assert on.world.value(other.secret, CURRENT)["iam_user"] == other.user_name
        assert on.key_ids() == keys


def _declared(wanted: Json) -> Json:
    return {name: text for name, text in wanted.items() if name in {"Region", "Host", "Port"}}


def _check_values(on: Stage, other: Stack) -> None:
    for stack in (on.stack, other):
        value = on.world.value(stack.secret)
        assert value["iam_user"] == stack.user_name
        assert value["host"] == stack.wanted["Host"]
