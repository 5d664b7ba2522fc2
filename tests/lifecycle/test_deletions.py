"""What Delete does, one sentence at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lifecycle.faults import Fault
from tests.lifecycle.services import Stack, properties

if TYPE_CHECKING:
    from tests.lifecycle.scenes import Stage


def test_a_delete_deletes_every_key_of_the_user(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.make_key("mailer")
    assert on.world.deliver(on.stack.begin_delete()).succeeded
    assert not on.key_ids()


def test_a_delete_with_an_invented_id_goes_by_the_properties(on: Stage) -> None:
    """It deletes the keys of the user that they name."""
    on.deployed()
    event = on.stack.begin_delete() | {"PhysicalResourceId": "stack-MailerCredential-1X2Y3Z"}
    delivery = on.world.deliver(event)
    assert delivery.answers[0]["PhysicalResourceId"] == "stack-MailerCredential-1X2Y3Z"
    assert not on.key_ids()


def test_a_delete_after_a_refused_update_goes_by_the_id(on: Stage) -> None:
    """It deletes the keys of the user of the id, whatever the properties say."""
    on.deployed()
    event = on.stack.begin_delete()
    event |= {"ResourceProperties": event["ResourceProperties"] | {"UserName": "renamed"}}
    assert on.world.deliver(event).succeeded
    assert not on.key_ids()


def test_a_delete_that_may_not_mark_the_user_deletes_its_keys(on: Stage) -> None:
    on.deployed()
    event = on.stack.begin_delete()
    assert on.world.deliver(event, Fault(on.rehearse(event).index("TagUser"), "denied")).succeeded
    assert not on.key_ids()


def test_a_delete_finds_a_key_that_is_listed_late(on: Stage) -> None:
    on.deployed(rotations=0)
    event = on.stack.begin_delete()
    on.world.make_key("mailer")
    assert on.world.deliver(event).succeeded
    assert not on.key_ids()


def test_a_delete_of_a_user_that_is_gone_succeeds(on: Stage) -> None:
    on.deployed()
    event = on.stack.begin_delete()
    on.stack.delete()
    assert on.world.deliver(event).succeeded


def test_a_delete_leaves_other_users_alone(on: Stage) -> None:
    on.deployed()
    other = Stack(on.world, "other")
    assert other.create(properties(user="other", secret="other-login")).succeeded
    on.stack.delete()
    assert on.opens(on.world.value(on.world.aws.secret("other-login"), "AWSCURRENT"))
    other.delete()
