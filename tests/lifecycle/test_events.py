"""What each event does, one sentence at a time; calls go through botocore's and moto's own HTTP layers."""
# ruff: noqa: SLF001

from __future__ import annotations

import http.server
import json
import logging
import threading
import time
import traceback
import urllib.request
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from ses_secure_user.issuer import handler
from ses_secure_user.issuer.lifecycle import (
    CURRENT,
    LEASE_SECONDS,
    PENDING,
    PREVIOUS,
    PROPAGATION_SECONDS,
    PROVE_SECONDS,
    TAG_PREFIX,
    CredentialError,
    Lifecycle,
)
from tests.lifecycle.aws import REGION, holder, labels
from tests.lifecycle.aws import client as aws_client
from tests.lifecycle.scenes import (
    BASE,
    ELSEWHERE,
    FRANKFURT,
    MOVED,
    RENAMED,
    SENDER,
    UNVERIFIED,
    VPC_HOST,
    WRONG_REGION,
    Stage,
    rotate_all,
    stage,
)
from tests.lifecycle.services import DAY, LOGIN, STEPS, Stack, properties, schedule
from tests.lifecycle.world import FUNCTION_ARN, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lifecycle.aws import Json
    from tests.lifecycle.world import Delivery


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage(wire=True) as ready:
        yield ready


@pytest.fixture(params=[False, True], ids=["labelled as asked", "first is current"])
def empty(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(wire=True, first_is_current=request.param) as ready:
        yield ready


def login_in(on: Stage, label: str = CURRENT, secret: str = LOGIN) -> Json:
    return on.world.value(on.world.aws.secret(secret), label)


def opens(on: Stage, login: Json) -> bool:
    return on.world.accepts(login["host"], login["username"], login["password"])


def key_ids(on: Stage, user: str = "mailer") -> set[str]:
    return {key.access_key_id for key in on.world.aws.keys(user)}


def failed(delivery: Delivery) -> str:
    assert not delivery.succeeded
    assert delivery.reason
    return delivery.reason


def rehearse(on: Stage, event: Json) -> list[str]:
    """The points an event comes to, as if it had not been."""
    before = on.world.save()
    points = on.world.deliver(event).points
    on.world.restore(before)
    return points


def overwrite(on: Stage, text: str) -> None:
    on.world.aws.secrets.put_secret_value(LOGIN, text, "", uuid.uuid4().hex, [CURRENT])


# Create


def test_a_create_leaves_one_login_that_opens_the_endpoint(empty: Stage) -> None:
    assert empty.stack.create(BASE).answers[0]["PhysicalResourceId"] == "mailer"
    login = login_in(empty)
    assert opens(empty, login)
    assert key_ids(empty) == {login["username"]}
    assert set(login) == {"username", "password", "host", "port", "from_address"}
    assert (login["host"], login["port"], login["from_address"]) == (BASE["Host"], 465, BASE["FromAddress"])


def test_a_create_waits_until_ses_knows_the_key(empty: Stage) -> None:
    empty.world.propagation = 45
    before = empty.world.now()
    assert empty.stack.create(BASE).succeeded
    assert empty.world.now() - before > 45


def test_a_create_that_ses_never_accepts_fails_and_leaves_no_key(empty: Stage) -> None:
    empty.world.propagation = 10_000
    reason = failed(empty.stack.create(BASE))
    assert "535" in reason
    assert "`smtp_host` is an endpoint of `ses_region` (eu-west-1)" in reason
    assert "/issuer" in reason
    assert not empty.world.aws.iam.access_keys


def test_a_create_that_cannot_reach_the_endpoint_fails_with_another_reason_and_leaves_no_key(empty: Stage) -> None:
    empty.world.ses_down = True
    reason = failed(empty.stack.create(BASE))
    assert "check `smtp_host` and `smtp_port`" in reason
    assert "535" not in reason
    assert not empty.world.aws.iam.access_keys


def test_a_create_that_fails_has_taken_its_key_back_before_the_delete_comes(on: Stage) -> None:
    on.world.ses_down = True
    event = on.stack.begin_create(BASE)
    failed(on.world.deliver(event))
    assert not key_ids(on)
    assert not labels(on.rotation.secret)


def test_a_create_without_a_login_test_does_not_log_in(empty: Stage) -> None:
    empty.world.ses_down = True
    delivery = empty.stack.create(UNVERIFIED)
    assert delivery.succeeded
    assert "login" not in delivery.points
    assert empty.world.works(empty.rotation.secret)


@pytest.mark.parametrize("door", ["deployment", "rotation"])
def test_a_login_that_is_not_tried_becomes_current_only_when_ses_should_know_its_key(on: Stage, door: str) -> None:
    on.deployed(UNVERIFIED)
    on.world.propagation = PROPAGATION_SECONDS
    on.world.ses_down = True
    change = on.stack.begin_update(ELSEWHERE | {"VerifyLogin": "false"})
    former, started = login_in(on), on.world.now()
    assert (on.world.deliver(change) if door == "deployment" else on.rotation.run(attempts=1)).succeeded
    assert login_in(on) != former
    assert opens(on, login_in(on))
    assert on.world.now() < started + 2 * PROPAGATION_SECONDS


def test_a_create_whose_password_could_not_be_stored_deletes_the_key(on: Stage) -> None:
    event = on.stack.begin_create(BASE)
    points = rehearse(on, event)
    reason = failed(on.world.deliver(event, Fault(points.index("PutSecretValue"), "denied")))
    assert "AccessDeniedException" in reason
    assert not key_ids(on)


@pytest.mark.parametrize("kind", ["lost", "repeated"])
@pytest.mark.parametrize("call", ["PutSecretValue", "UpdateSecretVersionStage"])
def test_a_create_that_only_missed_an_answer_succeeds(on: Stage, call: str, kind: str) -> None:
    event = on.stack.begin_create(BASE)
    points = rehearse(on, event)
    delivery = on.world.deliver(event, Fault(points.index(call), kind))
    assert delivery.hurt
    assert delivery.succeeded, delivery.reason
    assert len(key_ids(on)) == 1
    assert opens(on, login_in(on))


def test_a_key_is_made_without_the_sdks_retries_since_a_lost_answer_would_hide_a_second_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(handler, "_client", aws_client)
    assert handler._lifecycle(_context(600)).key_maker.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


def test_a_create_given_up_while_it_ran_is_undone_by_a_delete_with_an_invented_id(empty: Stage) -> None:
    empty.stack.create(BASE, others_fail=True)
    create = empty.stack.begin_create(BASE)
    assert empty.world.deliver(create).succeeded
    delete = empty.stack.event("Delete", create["ResourceProperties"], physical_id="stack-MailerCredential-1X2Y3Z")
    assert empty.world.deliver(delete).succeeded
    assert not empty.world.aws.iam.access_keys


# Update


def test_an_update_of_nothing_keeps_what_rotation_renewed(on: Stage) -> None:
    on.deployed()
    before, keys = login_in(on), key_ids(on)
    assert on.stack.update(BASE).succeeded
    assert login_in(on) == before
    assert key_ids(on) == keys


def test_an_update_after_an_update_of_nothing_still_has_the_previous_login(on: Stage) -> None:
    on.deployed()
    former = login_in(on, PREVIOUS)
    assert on.stack.update(BASE).succeeded
    assert login_in(on, PREVIOUS) == former
    assert opens(on, former)


@pytest.mark.parametrize("wanted", [ELSEWHERE, SENDER, FRANKFURT, BASE | {"Port": "587"}])
def test_an_update_issues_anew_and_leaves_the_former_login_working(on: Stage, wanted: Json) -> None:
    on.deployed()
    former = login_in(on)
    assert on.stack.update(wanted).succeeded
    login = login_in(on)
    assert (login["host"], str(login["port"])) == (wanted["Host"], wanted["Port"])
    assert login["from_address"] == wanted["FromAddress"]
    assert login["username"] != former["username"]
    assert opens(on, login)
    assert opens(on, former)


def test_an_update_to_another_region_behind_the_same_host_issues_anew(on: Stage) -> None:
    on.world.hosts["smtp.example.net"] = "eu-west-1"
    on.deployed(BASE | {"Host": "smtp.example.net"})
    former = login_in(on)
    on.world.hosts["smtp.example.net"] = "eu-central-1"
    on.world.tamper()
    assert on.stack.update(FRANKFURT | {"Host": "smtp.example.net"}).succeeded
    assert not opens(on, former)
    assert opens(on, login_in(on))


def test_an_update_that_ses_refuses_is_rolled_back_to_a_working_login(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    assert "`ses_region`" in failed(on.stack.update(WRONG_REGION))
    assert opens(on, former)
    assert opens(on, login_in(on))


@pytest.mark.parametrize("wanted", [ELSEWHERE, SENDER, FRANKFURT])
def test_a_rollback_gives_the_former_login_back(on: Stage, wanted: Json) -> None:
    on.deployed()
    former = login_in(on)
    assert on.stack.update(wanted, others_fail=True).succeeded
    assert login_in(on) == former
    assert opens(on, former)
    on.settle()


def test_a_failed_update_leaves_the_current_login_and_its_key(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    on.world.ses_down = True
    event = on.stack.begin_update(ELSEWHERE)
    failed(on.world.deliver(event))
    assert login_in(on) == former
    assert key_ids(on) == {former["username"]}
    assert not login_in(on, PENDING) or holder(on.rotation.secret, PENDING) == holder(on.rotation.secret, CURRENT)


def test_another_user_gets_a_credential_of_its_own_and_the_former_one_is_withdrawn(on: Stage) -> None:
    on.deployed()
    assert on.stack.update(RENAMED).answers[0]["PhysicalResourceId"] == "renamed"
    assert key_ids(on, "renamed") == {login_in(on)["username"]}
    assert "mailer" not in on.world.aws.iam.users
    on.settle()


def test_a_rollback_to_the_former_user_gives_its_login_back_and_withdraws_the_new_one(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    assert on.stack.update(RENAMED, others_fail=True).succeeded
    assert login_in(on) == former
    assert "renamed" not in on.world.aws.iam.users
    on.settle()


def test_a_failed_update_to_another_user_leaves_that_user_no_key_when_rolled_back(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    points = rehearse(on, on.stack.begin_update(RENAMED))
    on.stack.update(RENAMED, fault=Fault(points.index("PutSecretValue"), "killed"))
    assert "renamed" not in on.world.aws.iam.users
    assert login_in(on) == former


def test_another_secret_holds_a_working_login_when_the_former_one_goes(on: Stage) -> None:
    on.deployed()
    assert on.stack.update(MOVED).succeeded
    assert opens(on, login_in(on, secret="moved"))
    assert list(on.world.aws.secrets.secrets) == ["moved"]
    on.settle()


def test_a_rollback_to_the_former_secret_finds_its_login_working(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    on.stack.update(properties(secret="moved", region="eu-central-1"), others_fail=True)
    assert login_in(on) == former
    assert opens(on, former)
    on.settle()


def test_another_secret_takes_the_place_of_one_that_somebody_deleted(on: Stage) -> None:
    on.deployed()
    on.world.aws.secrets.delete_secret(LOGIN, 7, force_delete_without_recovery=False)
    on.world.tamper()
    assert on.stack.finish(on.stack.begin_update(MOVED)).succeeded
    assert opens(on, login_in(on, secret="moved"))
    on.settle()


@pytest.mark.parametrize("lost", [False, True], ids=["edited", "lost too"])
def test_a_rollback_to_a_former_secret_that_was_edited_leaves_both_secrets_a_working_login(
    on: Stage, *, lost: bool
) -> None:
    on.deployed()
    former = login_in(on)
    for _ in range(2):  # so that the previous version is not what it was either
        overwrite(on, json.dumps(former | {"port": 25}))
    rollback = on.updated(properties(secret="moved", region="eu-central-1"))
    if lost:
        on.world.delete_key(former["username"])
        on.world.tamper()
    on.world.pass_time(LEASE_SECONDS + 1)
    opened = []
    delivery = on.world.deliver(rollback, at_point=lambda _: opened.append(opens(on, login_in(on, secret="moved"))))
    assert all(opened)
    on.stack.follow(rollback, delivery)
    assert opens(on, login_in(on))
    on.settle()


def test_a_move_that_is_rolled_back_after_a_late_duplicate_leaves_both_secrets_a_working_login(on: Stage) -> None:
    on.deployed(rotations=0)
    to_vpc = on.stack.begin_update(ELSEWHERE)
    on.stack.finish(to_vpc)
    assert on.stack.update(BASE).succeeded
    on.world.deliver(to_vpc)
    on.stack.update(MOVED, others_fail=True)
    on.settle()


def test_what_is_pending_where_a_move_begins_never_takes_the_place_of_a_login_that_moved(on: Stage) -> None:
    on.deployed()
    on.world.ses_down = True
    failed(on.rotation.run(attempts=1))
    on.world.ses_down = False
    move = on.stack.begin_update(MOVED)
    delivery = on.world.deliver(move, Fault(rehearse(on, move).index("ListAccessKeys"), "outage"))
    on.world.pass_time(2 * LEASE_SECONDS)
    rotate_all(on, delivery)
    on.stack.follow(move, delivery)
    on.settle()


def test_a_current_key_deleted_by_hand_is_replaced_by_the_next_update(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.delete_key(login_in(on)["username"])
    on.world.tamper()
    assert on.stack.update(BASE).succeeded
    assert opens(on, login_in(on))


# Rotation


def test_a_login_is_rotated_three_times_in_a_row(on: Stage) -> None:
    on.deployed(rotations=0)
    seen = [login_in(on)]
    for _ in range(3):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
        seen.append(login_in(on))
        assert login_in(on, PREVIOUS) == seen[-2]
        assert key_ids(on) == {seen[-2]["username"], seen[-1]["username"]}
    assert len({login["username"] for login in seen}) == 4


def test_a_consumer_that_read_the_secret_before_a_rotation_can_still_log_in_after_it(on: Stage) -> None:
    on.deployed()
    held = login_in(on)
    token = on.rotation.begin()
    for step in STEPS:
        assert on.rotation.step(step, token).succeeded
        assert opens(on, held)
        assert opens(on, login_in(on))


def test_a_rotation_with_the_endpoint_down_changes_nothing_and_the_next_one_heals_it(on: Stage) -> None:
    on.deployed()
    held = login_in(on)
    on.world.ses_down = True
    assert "`smtp_port`" in failed(on.rotation.run())
    assert login_in(on) == held
    assert opens(on, held)
    on.world.ses_down = False
    on.world.pass_time(DAY)
    assert on.rotation.run(attempts=1).succeeded
    assert opens(on, login_in(on))
    assert opens(on, held)


def test_a_rotation_takes_up_what_an_update_has_changed(on: Stage) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.pass_time(2 * LEASE_SECONDS)
    assert on.stack.update(ELSEWHERE).succeeded
    failed(on.rotation.step("finishSecret", token))
    assert on.rotation.run().succeeded
    assert login_in(on)["host"] == VPC_HOST


def test_a_schedule_that_is_tried_out_on_an_empty_version_succeeds(on: Stage) -> None:
    on.deployed()
    before = login_in(on)
    assert on.rotation.try_out().succeeded
    assert login_in(on) == before


@pytest.mark.parametrize("cleared", [False, True], ids=["still pending too", "no longer pending"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_comes_again_after_the_rotation_changes_nothing(on: Stage, step: str, *, cleared: bool) -> None:
    on.deployed()
    token = on.rotation.begin()
    assert on.rotation.steps(token).succeeded
    if cleared:
        on.rotation.secret.versions[token]["version_stages"].remove(PENDING)
    before, keys = login_in(on), key_ids(on)
    assert on.rotation.step(step, token).succeeded
    assert (login_in(on), key_ids(on)) == (before, keys)


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
    keys = key_ids(on)
    assert "neither pending nor current" in failed(on.rotation.step(step, "0" * 32))
    assert key_ids(on) == keys


def test_a_step_that_is_none_is_refused(on: Stage) -> None:
    on.deployed()
    assert "explodeSecret is no rotation step" in failed(on.rotation.step("explodeSecret", on.rotation.begin()))


@pytest.mark.parametrize("missing", ["user-name", "region", "host", "port", "verify-login"])
def test_a_secret_without_its_tags_is_refused(on: Stage, missing: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    secret = on.rotation.secret
    secret.tags = [tag for tag in secret.tags or [] if tag["Key"] != TAG_PREFIX + missing]
    assert f"the secret has lost {TAG_PREFIX}{missing}" in failed(on.rotation.step("createSecret", token))


def test_a_rotation_of_a_secret_that_is_gone_fails_with_the_services_reason(on: Stage) -> None:
    on.deployed()
    event = on.rotation.event("createSecret", on.rotation.begin())
    on.stack.delete()
    assert "DescribeSecret failed" in failed(on.world.deliver(event))


# What people do by hand


def test_a_young_unknown_key_makes_a_rotation_fail_and_says_what_to_do(on: Stage) -> None:
    on.deployed()
    key_id = on.world.make_key("mailer") if len(key_ids(on)) < 2 else _replace_previous(on)
    reason = failed(on.rotation.step("createSecret", on.rotation.begin()))
    assert f"…{key_id[-4:]}" in reason
    assert "or delete the key" in reason
    assert f"try again in {LEASE_SECONDS - 1} s" in reason
    assert key_id in key_ids(on)


def _replace_previous(on: Stage) -> str:
    on.world.delete_key(login_in(on, PREVIOUS)["username"])
    on.world.tamper()
    return on.world.make_key("mailer")


def test_a_young_unknown_key_makes_a_deployment_wait_and_then_go_on(on: Stage) -> None:
    on.deployed(rotations=0)
    key_id = on.world.make_key("mailer")
    before = on.world.now()
    assert on.stack.update(ELSEWHERE).succeeded
    assert on.world.now() - before >= LEASE_SECONDS - 1
    assert key_id not in key_ids(on)


def test_a_key_that_another_event_may_still_be_proving_is_left_alone(on: Stage) -> None:
    on.deployed(rotations=0)
    key_id = on.world.make_key("mailer")
    on.world.pass_time(PROVE_SECONDS + PROPAGATION_SECONDS)
    failed(on.rotation.step("createSecret", on.rotation.begin()))
    assert key_id in key_ids(on)


def test_an_old_unknown_key_is_deleted_to_make_room(on: Stage) -> None:
    on.deployed(rotations=0)
    current, key_id = login_in(on), on.world.make_key("mailer")
    on.world.pass_time(LEASE_SECONDS + 1)
    assert on.rotation.run(attempts=1).succeeded
    assert key_id not in key_ids(on)
    assert opens(on, current)


def test_a_secret_whose_tags_name_another_user_is_refused_and_that_user_keeps_its_keys(on: Stage) -> None:
    on.deployed()
    on.world.aws.iam.create_user(REGION, "other")
    key_id, current = on.world.make_key("other"), login_in(on)
    on.world.pass_time(2 * LEASE_SECONDS)
    tags = on.world.aws.secret(LOGIN).tags
    assert tags
    next(tag for tag in tags if tag["Key"] == "ses-secure-user:user-name")["Value"] = "other"
    assert "holds no login of user other" in failed(on.rotation.run(attempts=1))
    assert key_ids(on, "other") == {key_id}
    assert login_in(on) == current


def test_a_pending_key_deleted_by_hand_never_becomes_current(on: Stage) -> None:
    on.deployed()
    token, current = on.rotation.begin(), login_in(on)
    assert on.rotation.steps(token, "testSecret").succeeded
    on.world.delete_key(login_in(on, PENDING)["username"])
    assert "the pending login's key was deleted" in failed(on.rotation.step("finishSecret", token))
    assert login_in(on) == current
    assert on.rotation.run().succeeded


def test_a_version_that_is_not_pending_never_becomes_current_again(on: Stage) -> None:
    on.deployed()
    wanted = handler._declared(on.stack.resolved(BASE))
    assert on.rotation.run().succeeded
    current, previous = login_in(on), holder(on.world.aws.secret(LOGIN), PREVIOUS)
    iam, secrets = aws_client("iam", 1), aws_client("secretsmanager", 1)
    lifecycle = Lifecycle(iam=iam, key_maker=iam, secrets=secrets, deadline=on.world.now() + 600)
    with pytest.raises(CredentialError, match="another credential was issued meanwhile"):
        lifecycle.promote(wanted, str(previous))
    assert login_in(on) == current


@pytest.mark.parametrize("how", ["deleted", "deactivated"])
def test_a_current_key_lost_by_hand_is_replaced_by_the_next_rotation_and_the_previous_one_spared(
    on: Stage, how: str
) -> None:
    on.deployed()
    current, former = login_in(on), login_in(on, PREVIOUS)
    if how == "deleted":
        on.world.delete_key(current["username"])
    else:
        on.world.aws.iam.update_access_key("mailer", current["username"], "Inactive")
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert opens(on, login_in(on))
    assert former["username"] in key_ids(on)
    assert current["username"] not in key_ids(on)


JUNK = pytest.mark.parametrize("junk", ["junk", "[]", "{}", '"text"', "null", '{"username": "AKIA"}'])


@JUNK
def test_a_secret_overwritten_by_hand_is_healed_by_the_next_rotation(on: Stage, junk: str) -> None:
    on.deployed()
    former = login_in(on)
    overwrite(on, junk)
    on.world.tamper()
    assert on.rotation.run(attempts=1).succeeded
    assert opens(on, login_in(on))
    assert opens(on, former)
    on.settle()


@JUNK
def test_a_secret_overwritten_twice_is_refused_by_a_rotation_and_healed_by_a_deployment(on: Stage, junk: str) -> None:
    on.deployed()
    overwrite(on, junk)
    overwrite(on, junk)
    on.world.tamper()
    assert "the secret holds no login of this function's making" in failed(on.rotation.run(attempts=1))
    on.world.pass_time(DAY)
    assert on.stack.update(ELSEWHERE).succeeded
    assert opens(on, login_in(on))
    on.settle()


def test_a_user_whose_every_known_key_is_gone_is_refused_until_the_others_are_too(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.delete_key(login_in(on)["username"])
    on.world.tamper()
    key_id = on.world.make_key("mailer")
    on.world.pass_time(DAY)
    assert "delete the user's access keys and rotate again" in failed(on.rotation.run(attempts=1))
    on.world.delete_key(key_id)
    assert on.rotation.run(attempts=1).succeeded
    on.settle()


# Delete


def test_a_delete_withdraws_every_key_of_the_user(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.make_key("mailer")
    event = on.stack.begin_delete()
    assert on.world.deliver(event).succeeded
    assert not key_ids(on)


def test_a_delete_with_an_invented_id_withdraws_the_user_of_the_properties(on: Stage) -> None:
    on.deployed()
    event = on.stack.begin_delete() | {"PhysicalResourceId": "stack-MailerCredential-1X2Y3Z"}
    assert on.world.deliver(event).succeeded
    assert not key_ids(on)


def test_a_delete_that_may_not_mark_the_user_withdraws_its_keys_all_the_same(on: Stage) -> None:
    on.deployed()
    event = on.stack.begin_delete()
    point = rehearse(on, event).index("TagUser")
    assert on.world.deliver(event, Fault(point, "denied")).succeeded
    assert not key_ids(on)


@pytest.mark.parametrize("wanted", [BASE, ELSEWHERE, RENAMED])
def test_a_delete_hands_no_login_back_but_where_a_rename_is_given_up(on: Stage, wanted: Json) -> None:
    on.deployed()
    assert on.stack.update(wanted).succeeded
    current = login_in(on)
    assert on.world.deliver(on.stack.begin_delete()).succeeded
    assert login_in(on) == current


def test_a_delete_that_comes_again_after_a_rename_was_given_up_changes_nothing(on: Stage) -> None:
    on.deployed()
    former = login_in(on)
    rename = on.stack.begin_update(RENAMED)
    on.stack.follow(rename, on.world.deliver(rename), others_fail=True, only_delete=True)
    assert login_in(on) == former
    again = on.stack.event("Delete", rename["ResourceProperties"], physical_id="renamed")
    assert on.world.deliver(again).succeeded
    assert login_in(on) == former
    on.settle()


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
    assert opens(on, login_in(on, secret="other-login"))
    other.delete()


# Events that come twice, or late


@pytest.mark.parametrize("pause", [0, 3600])
def test_a_create_that_comes_twice_issues_once(empty: Stage, pause: float) -> None:
    deliver_twice(empty, empty.stack.begin_create(BASE), pause)
    assert len(key_ids(empty)) == 1


@pytest.mark.parametrize("pause", [0, 3600])
def test_an_update_that_comes_twice_issues_once(on: Stage, pause: float) -> None:
    on.deployed()
    deliver_twice(on, on.stack.begin_update(ELSEWHERE), pause)


def deliver_twice(on: Stage, event: Json, pause: float) -> None:
    """Deliver an event, and again after a pause: the second time changes no login."""
    assert on.world.deliver(event).succeeded
    before = login_in(on)
    on.world.pass_time(pause)
    assert on.world.deliver(event).succeeded
    assert login_in(on) == before


def test_a_delete_that_comes_twice_succeeds_twice(on: Stage) -> None:
    on.deployed()
    event = on.stack.begin_delete()
    assert on.world.deliver(event).succeeded
    assert on.world.deliver(event).succeeded


def test_a_create_that_comes_again_after_rotations_changes_nothing(on: Stage) -> None:
    event = on.stack.begin_create(BASE)
    assert on.world.deliver(event).succeeded
    for _ in range(2):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
    before, keys = login_in(on), key_ids(on)
    assert "handled before" in failed(on.world.deliver(event))
    assert (login_in(on), key_ids(on)) == (before, keys)


def test_a_create_that_comes_again_after_the_delete_leaves_no_key(empty: Stage) -> None:
    event = empty.stack.begin_create(BASE)
    assert empty.world.deliver(event).succeeded
    empty.stack.now = event["ResourceProperties"]
    assert empty.world.deliver(empty.stack.begin_delete()).succeeded
    failed(empty.world.deliver(event))
    assert not key_ids(empty)


def test_a_create_that_comes_first_after_its_delete_leaves_no_key(empty: Stage) -> None:
    create = empty.stack.begin_create(BASE)
    delete = empty.stack.event("Delete", create["ResourceProperties"], physical_id="INVENTED")
    assert empty.world.deliver(delete).succeeded
    assert "is being deleted" in failed(empty.world.deliver(create))
    assert not key_ids(empty)


@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_step_after_the_delete_leaves_no_key(on: Stage, step: str) -> None:
    on.deployed()
    token = on.rotation.begin()
    for before in STEPS[: STEPS.index(step)]:
        assert on.rotation.step(before, token).succeeded
    assert on.world.deliver(on.stack.begin_delete()).succeeded
    on.rotation.step(step, token)
    assert not key_ids(on)


# The answer


@pytest.mark.parametrize("text", ['größer "“quoted”" \\ 𝄞\n', "ö", "𝄞", '"', "\\", "\n", "\x01"])
def test_a_giant_error_message_makes_an_answer_that_cloudformation_takes(
    on: Stage, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    giant = text * 20_000

    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "Giant", "Message": giant}}, "CreateAccessKey")

    monkeypatch.setattr(Lifecycle, "renew", refuse)
    event = on.stack.begin_create(BASE)
    delivery = on.world.deliver(event)
    assert len(json.dumps(delivery.answers[0], ensure_ascii=False).encode()) <= 4096
    assert delivery.answers[0]["Status"] == "FAILED"
    assert delivery.reason.startswith("CreateAccessKey failed: " + "".join(c if c.isprintable() else " " for c in text))


@pytest.mark.parametrize("awry", [{"ResourceProperties": {}}, {"RequestType": "Rename"}])
def test_an_event_that_makes_no_sense_is_answered_too(awry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Json] = []

    def put(_: str, body: bytes) -> None:
        answers.append(json.loads(body))

    monkeypatch.setattr(handler, "_put", put)
    monkeypatch.setattr(handler, "_lifecycle", lambda _: None)
    handler.handler(_event() | awry, _context(600))
    assert [answer["Status"] for answer in answers] == ["FAILED"]
    assert answers[0]["PhysicalResourceId"]


def _event() -> Json:
    with stage() as on:
        return on.stack.begin_create(BASE)


def _context(seconds: float) -> Any:  # noqa: ANN401 - as much of a context as the handler uses
    return SimpleNamespace(
        invoked_function_arn=FUNCTION_ARN,
        log_group_name="/issuer",
        get_remaining_time_in_millis=lambda: int(seconds * 1000),
    )


def test_the_watchdog_answers_when_the_time_runs_out_and_nothing_answers_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    answers: list[Json] = []

    def put(_: str, body: bytes) -> None:
        answers.append(json.loads(body))
        answered.set()

    def blocked(*_: object) -> None:
        assert answered.wait(10)
        raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")

    monkeypatch.setattr(handler, "_put", put)
    monkeypatch.setattr(handler, "_client", aws_client)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(BaseClient, "_make_api_call", blocked)
    began = time.monotonic()
    handler.handler(_event(), _context(handler.ANSWER_MARGIN_SECONDS + 0.05))
    assert time.monotonic() - began < 5
    assert [answer["Status"] for answer in answers] == ["FAILED"]
    assert "ran out of time" in answers[0]["Reason"]


class Receiver(http.server.HTTPServer):
    """The place an answer is put to; it fails as often as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.url = f"http://127.0.0.1:{self.server_port}/answer?signature=5160e0f5"
        self.failures = 0
        self.taken: list[tuple[str, str, bytes]] = []


class _Receiving(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        failing = self.server.failures > 0
        if failing:
            self.server.failures -= 1
        else:
            self.server.taken.append((self.path, self.headers["Content-Type"], body))
        self.send_response(503 if failing else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=lambda _: None))
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_answer_is_put_again_until_it_is_taken(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=pauses.append))
    receiver.failures = 2
    handler._put(receiver.url, b'{"Status": "SUCCESS"}')
    assert receiver.taken == [("/answer?signature=5160e0f5", "", b'{"Status": "SUCCESS"}')]
    assert pauses == [1, 2]


@pytest.mark.parametrize("cause", ["refused", "answered with an error"])
def test_an_answer_nobody_takes_is_given_up_without_showing_where_it_went(
    cause: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.failures = 100
    if cause == "refused":
        monkeypatch.setattr(urllib.request, "urlopen", _refuse)
    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialError) as failure:
        handler._put(receiver.url, b"{}")
    shown = caplog.text + "".join(traceback.format_exception(failure.value))
    assert failure.value.__context__ is None
    assert "answer not taken" in shown
    assert "signature" not in shown
    assert "127.0.0.1" not in shown


def _refuse(request: urllib.request.Request, **_: object) -> None:
    raise ConnectionRefusedError(f"refused: {request.full_url}")


# Both ways to the same AWS


def test_the_short_way_to_aws_answers_as_the_long_one_does() -> None:
    """Faults are tried on the way past HTTP, so the same life is lived on both."""
    assert _story(wire=False) == _story(wire=True)


def _story(*, wire: bool) -> list[tuple[list[str], bool, int]]:
    with stage(wire=wire) as on:
        on.deployed()
        on.rotation.step("createSecret", "0" * 32)
        on.stack.update(RENAMED, others_fail=True)
        on.stack.update(MOVED | {"Host": VPC_HOST})
        on.rotation.name = "moved"
        on.rotation.run()
        late = on.stack.begin_delete()
        on.stack.delete()
        on.world.deliver(late)
        return on.world.story
