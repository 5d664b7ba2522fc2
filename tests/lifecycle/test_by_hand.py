"""What people do by hand, and what the next event makes of it."""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ses_secure_user.issuer.logins import GRACE_SECONDS
from ses_secure_user.issuer.patience import CONSISTENCY_SECONDS
from ses_secure_user.issuer.smtp import TEST_SECONDS
from ses_secure_user.issuer.versions import BEFORE, CURRENT, PENDING, PREVIOUS
from tests.lifecycle.aws import LIST_SECONDS, REGION
from tests.lifecycle.delivery import failed
from tests.lifecycle.scenes import BASE, ELSEWHERE, FRANKFURT, Stage
from tests.lifecycle.services import DAY, LOGIN, properties

if TYPE_CHECKING:
    from tests.lifecycle.aws import Json


def overwrite(on: Stage, text: str) -> None:
    on.world.aws.secrets.put_secret_value(LOGIN, text, "", uuid.uuid4().hex, [CURRENT])


def test_a_young_unknown_key_makes_a_rotation_fail(on: Stage) -> None:
    """The reason says which key, and what to do."""
    on.deployed()
    key_id = on.world.make_key("mailer") if len(on.key_ids()) < 2 else _replace_previous(on)
    on.world.pass_time(LIST_SECONDS)
    reason = failed(on.rotation.step("createSecret", on.rotation.begin()))
    assert f"…{key_id[-4:]}" in reason
    assert "or delete the key" in reason
    assert f"try again in {GRACE_SECONDS - LIST_SECONDS - 1:.0f} s" in reason
    assert key_id in on.key_ids()


def _replace_previous(on: Stage) -> str:
    on.world.delete_key(on.login(PREVIOUS)["username"])
    on.world.tamper()
    return on.world.make_key("mailer")


def test_a_young_unknown_key_makes_a_deployment_wait(on: Stage) -> None:
    """And then go on, without that key."""
    on.deployed(rotations=0)
    key_id = on.world.make_key("mailer")
    before = on.world.now()
    assert on.stack.update(FRANKFURT).succeeded
    assert on.world.now() - before >= GRACE_SECONDS - 30
    assert key_id not in on.key_ids()


def test_a_key_another_event_may_be_testing_is_left_alone(on: Stage) -> None:
    on.deployed(rotations=0)
    key_id = on.world.make_key("mailer")
    on.world.pass_time(TEST_SECONDS + CONSISTENCY_SECONDS)
    failed(on.rotation.step("createSecret", on.rotation.begin()))
    assert key_id in on.key_ids()


def test_an_old_unknown_key_is_deleted_to_make_room(on: Stage) -> None:
    on.deployed(rotations=0)
    current, key_id = on.login(), on.world.make_key("mailer")
    on.world.pass_time(GRACE_SECONDS + 1)
    assert on.rotation.run(attempts=1).succeeded
    assert key_id not in on.key_ids()
    assert on.opens(current)


@pytest.mark.parametrize("with_key", [False, True])
def test_a_secret_whose_tags_name_another_user_is_refused(on: Stage, *, with_key: bool) -> None:
    """That user keeps its keys."""
    on.deployed()
    on.world.aws.iam.create_user(REGION, "other")
    keys, current = {on.world.make_key("other")} if with_key else set(), on.login()
    on.world.pass_time(2 * GRACE_SECONDS)
    on.stack.tag(properties(user="other"))
    assert "somebody changed one of the two" in failed(on.rotation.run(attempts=1))
    assert on.key_ids("other") == keys
    assert on.login() == current


def test_a_pending_key_deleted_by_hand_never_becomes_current(on: Stage) -> None:
    on.deployed()
    token, current = on.rotation.begin(), on.login()
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.delete_key(on.login(PENDING)["username"])
    assert "the pending login's key was deleted" in failed(on.rotation.step("finishSecret", token))
    assert on.login() == current
    assert on.rotation.run().succeeded


@pytest.mark.parametrize("how", ["deleted", "deactivated"])
def test_a_rotation_replaces_a_current_key_lost_by_hand(on: Stage, how: str) -> None:
    """It spares the previous one."""
    on.deployed()
    current, former = on.login(), on.login(PREVIOUS)
    if how == "deleted":
        on.world.delete_key(current["username"])
    else:
        on.world.aws.iam.update_access_key("mailer", current["username"], "Inactive")
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert former["username"] in on.key_ids()
    assert current["username"] not in on.key_ids()


JUNK = pytest.mark.parametrize("junk", ["junk", "[]", "{}", '"text"', "null", '{"username": "AKIA"}'])


@JUNK
def test_a_rotation_heals_a_secret_overwritten_by_hand(on: Stage, junk: str) -> None:
    on.deployed()
    former = on.login()
    overwrite(on, junk)
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    assert on.opens(former)
    on.settle()


@JUNK
def test_only_a_deployment_heals_a_secret_overwritten_twice(on: Stage, junk: str) -> None:
    """A rotation refuses it, and says so."""
    on.deployed()
    overwrite(on, junk)
    overwrite(on, junk)
    on.world.tamper()
    assert "change a property of the SecureSesSmtpUser and deploy that" in failed(on.rotation.run(attempts=1))
    on.world.pass_time(DAY)
    assert on.stack.update(ELSEWHERE).succeeded
    assert on.opens(on.login())
    on.settle()


@pytest.mark.parametrize("changed", [{"host": "smtp.thief.example"}, {"port": "465"}, {"note": "ours"}])
def test_only_a_deployment_heals_a_field_changed_by_hand(on: Stage, changed: Json) -> None:
    """A rotation refuses a field that was changed or added."""
    on.deployed()
    former = on.login()
    overwrite(on, json.dumps(former | changed))
    on.world.tamper()
    assert "somebody changed one of the two" in failed(on.rotation.run(attempts=1))
    assert on.stack.update(BASE).succeeded
    assert on.login() == former
    on.settle()


def test_a_host_tagged_by_hand_is_never_logged_in_to(on: Stage) -> None:
    on.deployed()
    on.stack.tag(BASE | {"Host": "smtp.thief.example"})
    delivery = on.rotation.run(attempts=1)
    assert "somebody changed one of the two" in failed(delivery)
    assert "login" not in delivery.points


def test_a_rotation_renews_the_login_of_a_user_without_keys(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.delete_key(on.login()["username"])
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
    on.settle()


def test_a_deployment_replaces_a_password_removed_by_hand(on: Stage) -> None:
    on.deployed()
    overwrite(on, json.dumps({field: text for field, text in on.login().items() if field != "password"}))
    on.world.tamper()
    assert on.stack.update(BASE).succeeded
    assert on.opens(on.login())
    on.settle()


def test_a_key_deleted_while_it_is_deployed_becomes_no_login(on: Stage) -> None:
    on.deployed()
    former, keys = on.login(), on.key_ids()
    update = on.stack.begin_update(FRANKFURT | {"VerifyLogin": "false"})
    last = len(on.rehearse(update)) - 1 - on.rehearse(update)[::-1].index("DescribeSecret")

    def meet(point: int) -> None:
        if point == last:
            on.world.delete_key(next(iter(on.key_ids() - keys)))

    assert "key was deleted meanwhile" in failed(on.world.deliver(update, at_point=meet))
    assert on.login() == former


def test_another_kms_key_hides_what_was_before(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets Manager re-encrypts what has a label of its own alone, and the function's role loses the former key."""
    on.deployed()
    assert on.stack.update(ELSEWHERE).succeeded
    for _ in range(2):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
    perform = on.world._perform

    def decrypting(sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
        if name == "GetSecretValue" and request.get("VersionStage") == BEFORE:
            answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "Access to KMS is not allowed"}}
            raise ClientError(answer, name)
        return perform(sdk, name, request)

    monkeypatch.setattr(on.world, "_perform", decrypting)

    assert on.stack.update(FRANKFURT).succeeded
    assert on.opens(on.login())
    on.world.pass_time(DAY)
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(on.login())
