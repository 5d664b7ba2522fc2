"""Changes by hand, and their repair by the next rotation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.account import CURRENT, DAY, PENDING, PREVIOUS, User
from tests.lifecycle.cloudformation import STEPS, tags
from tests.lifecycle.delivery import failed
from tests.lifecycle.scenes import BASE

if TYPE_CHECKING:
    from tests.lifecycle.scenes import Stage

JUNK = pytest.mark.parametrize(
    "junk", ["junk", "[]", "{}", '"text"', "null", '{"username": "AKIA"}', '{"iam_user": 7}']
)


@pytest.mark.parametrize("label", [CURRENT, PREVIOUS])
@pytest.mark.parametrize("how", ["deleted", "deactivated"])
def test_a_rotation_replaces_a_key_lost_by_hand(on: Stage, how: str, label: str) -> None:
    on.deployed()
    lost, other = on.login(label), on.login(PREVIOUS if label == CURRENT else CURRENT)
    key = on.world.account.find(lost["username"])
    assert key
    on.world.tamper()
    if how == "deleted":
        on.world.delete_key(key.key_id)
    else:
        key.active = False
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert on.opens(other)
    assert lost["username"] not in on.key_ids()
    on.settle()


def test_a_rotation_renews_the_login_of_a_user_without_keys(on: Stage) -> None:
    on.deployed()
    for key_id in on.key_ids():
        on.world.delete_key(key_id)
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    on.settle()


@JUNK
def test_a_rotation_repairs_a_value_overwritten_by_hand(on: Stage, junk: str) -> None:
    on.deployed()
    former = on.login()
    on.paste(junk)
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert on.opens(former)
    on.settle()


@JUNK
def test_a_value_overwritten_twice_is_repaired_by_one_command(on: Stage, junk: str) -> None:
    on.deployed()
    on.paste(junk)
    on.paste(junk + " ")
    reason = failed(on.rotation.run(attempts=1))
    assert "the secret names no user" in reason
    assert f"put-secret-value --secret-id {on.stack.secret.arn}" in reason
    on.heal()
    assert on.opens(on.login())
    on.settle()


@pytest.mark.parametrize(
    "changed", [{"host": "smtp.thief.example"}, {"port": "465"}, {"note": "ours"}, {"password": ""}]
)
def test_a_rotation_repairs_a_field_changed_by_hand(on: Stage, changed: dict[str, str]) -> None:
    """The tags of the user declare the right values."""
    on.deployed()
    former = on.login()
    on.paste(json.dumps(former | changed))
    assert on.rotation.run(attempts=1).succeeded
    assert on.login() == on.login() | {name: former[name] for name in ("host", "port", "region", "iam_user")}
    assert "note" not in on.login()
    assert on.opens(on.login())
    on.settle()


def test_a_rotation_repairs_a_label_moved_by_hand(on: Stage) -> None:
    on.deployed()
    newest, secret = on.login(), on.rotation.secret
    on.world.tamper()
    secret.move(CURRENT, secret.holder(PREVIOUS))
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert newest["username"] not in on.key_ids()
    on.settle()


@pytest.mark.parametrize("tag", ["secret", "region", "host", "port"])
def test_a_user_with_a_missing_tag_is_named_in_the_error(on: Stage, tag: str) -> None:
    on.deployed()
    before, user = on.login(), on.world.account.users[on.stack.user_name]
    del user.tags[f"ses-secure-user:{tag}"]
    reason = failed(on.rotation.run(attempts=1))
    assert f"user {user.name} has no tag ses-secure-user:{tag}" in reason
    assert on.login() == before
    on.heal()
    on.settle()


@pytest.mark.parametrize(
    ("tag", "text"), [("host", "email-smtp.eu-west-1.api.aws"), ("port", "587"), ("fields", "url=U")]
)
def test_a_tag_changed_by_hand_does_not_change_the_login(on: Stage, tag: str, text: str) -> None:
    on.deployed()
    before = on.login()
    on.world.account.users[on.stack.user_name].tags[f"ses-secure-user:{tag}"] = text
    assert "or the tags were changed" in failed(on.rotation.run(attempts=1))
    assert on.login() == before


def test_no_login_is_sent_to_a_host_tagged_by_hand(on: Stage) -> None:
    """This holds even if the secret's tags are missing too."""
    on.deployed()
    on.stack.secret.tags.clear()
    on.world.account.users[on.stack.user_name].tags["ses-secure-user:host"] = "smtp.thief.example"
    delivery = on.rotation.run(attempts=1)
    assert "smtp.thief.example is not an SMTP endpoint of SES" in failed(delivery)
    assert "login" not in delivery.points


@pytest.mark.parametrize("other", ["of another secret", "of no secret", "gone", "out of reach"])
def test_a_value_that_names_another_user_has_no_effect(on: Stage, other: str) -> None:
    """The previous value names the right user, or the reason names the value to store."""
    on.deployed()
    theirs = tags({"Secret": "another", **BASE}) if other == "of another secret" else {}
    on.world.account.users["other"] = User("other", theirs)
    keys = {on.world.make_key("other")}
    if other == "gone":
        keys = set()
        del on.world.account.users["other"]
    on.world.account.foreign |= {"other"} if other == "out of reach" else set()
    on.paste('{"iam_user": "other"}')
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    on.paste('{"iam_user": "other"}')
    on.paste('{"iam_user": "other"} ')
    assert "put-secret-value" in failed(on.rotation.run(attempts=1))
    on.heal()
    assert keys == {key.key_id for user in on.world.account.users.values() for key in user.keys if user.name == "other"}


def test_a_pending_key_deleted_by_hand_never_becomes_current(on: Stage) -> None:
    on.deployed()
    token, current = on.rotation.begin(), on.login()
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.delete_key(on.login(PENDING)["username"])
    assert "or its key was deleted" in failed(on.rotation.step("finishSecret", token))
    assert on.login() == current
    assert on.rotation.run().succeeded


def test_a_pending_value_stored_by_hand_is_never_current(on: Stage) -> None:
    """Permission to write the secret is not enough to make a login for another host current."""
    on.deployed()
    token, before = on.rotation.begin(), on.login()
    on.rotation.secret.versions[token].text = json.dumps(before | {"host": "smtp.thief.example"})
    for step in STEPS:
        on.rotation.step(step, token)
    assert on.login() == before


def test_missing_tags_of_the_secret_do_not_block_rotation(on: Stage) -> None:
    on.deployed()
    on.stack.secret.tags.clear()
    assert on.rotation.run(attempts=1).succeeded
    on.world.pass_time(DAY)
    on.settle()


def test_a_login_revoked_by_mistake_can_be_restored(on: Stage) -> None:
    """The command in the reason restores it."""
    on.deployed()
    on.world.memory.revoked.add(on.stack.user_name)
    forged = on.stack.deletion()
    assert on.world.deliver(forged).succeeded
    on.world.tamper()
    assert "aws secretsmanager untag-resource" in failed(on.rotation.run(attempts=1))
    on.heal()
    assert on.opens(on.login())
    on.settle()
