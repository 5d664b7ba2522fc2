"""What Create, Update and Delete do, one sentence at a time."""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ses_secure_user.issuer import handler
from ses_secure_user.issuer.patience import CONSISTENCY_SECONDS, Patience
from ses_secure_user.issuer.versions import BEFORE, PREVIOUS, STAGED
from tests.lifecycle.aws import REGION, labels
from tests.lifecycle.aws import client as aws_client
from tests.lifecycle.delivery import failed
from tests.lifecycle.faults import Fault
from tests.lifecycle.scenes import (
    BASE,
    ELSEWHERE,
    FIELDS,
    FRANKFURT,
    MOVED,
    RENAMED,
    SENDER,
    UNVERIFIED,
    VPC_HOST,
    WRONG_REGION,
    Stage,
)
from tests.lifecycle.services import DAY

if TYPE_CHECKING:
    from tests.lifecycle.aws import Json

# Create


def test_a_create_leaves_one_login_that_opens_the_endpoint(empty: Stage) -> None:
    answer = empty.stack.create(BASE).answers[0]
    assert answer["PhysicalResourceId"] == f"mailer|{empty.rotation.secret.arn}"
    login = empty.login()
    assert empty.opens(login)
    assert empty.key_ids() == {login["username"]}
    assert login == {
        "username": login["username"],
        "password": login["password"],
        "host": BASE["Host"],
        "port": 465,
        "from_address": BASE["FromAddress"],
        "region": "eu-west-1",
        "iam_user": "mailer",
    }


def test_further_names_stand_beside_the_fields(empty: Stage) -> None:
    assert empty.stack.create(FIELDS).succeeded
    assert empty.login()["SMTP_USERNAME"] == empty.login()["username"]


def test_a_create_waits_until_ses_knows_the_key(empty: Stage) -> None:
    empty.world.propagation = 45
    before = empty.world.now()
    assert empty.stack.create(BASE).succeeded
    assert empty.world.now() - before > 45


def test_a_create_that_ses_never_accepts_fails_and_leaves_no_key(empty: Stage) -> None:
    empty.world.propagation = 10_000
    reason = failed(empty.stack.create(BASE))
    assert "535" in reason
    assert "with a password of eu-west-1" in reason
    assert "check that `smtp_host` is an endpoint of `ses_region`" in reason
    assert "/issuer" in reason
    assert not empty.world.aws.iam.access_keys


def test_a_create_that_cannot_reach_the_endpoint_leaves_no_key(empty: Stage) -> None:
    """Its reason is another than that of a refused login."""
    empty.world.ses_down = True
    reason = failed(empty.stack.create(BASE))
    assert "check `smtp_host` and `smtp_port`" in reason
    assert "535" not in reason
    assert not empty.world.aws.iam.access_keys


def test_a_create_that_fails_deletes_its_key_by_itself(on: Stage) -> None:
    """Before the Delete comes."""
    on.world.ses_down = True
    event = on.stack.begin_create(BASE)
    failed(on.world.deliver(event))
    assert not on.key_ids()
    assert list(labels(on.rotation.secret).values()) == [[STAGED]]


def test_a_create_without_a_login_test_does_not_log_in(empty: Stage) -> None:
    empty.world.ses_down = True
    delivery = empty.stack.create(UNVERIFIED)
    assert delivery.succeeded
    assert "login" not in delivery.points
    assert empty.world.works(empty.rotation.secret)


@pytest.mark.parametrize("door", ["deployment", "rotation"])
def test_an_untested_login_waits_until_ses_should_know_its_key(on: Stage, door: str) -> None:
    """Only then it becomes current."""
    on.deployed(UNVERIFIED)
    on.world.propagation = CONSISTENCY_SECONDS
    on.world.ses_down = True
    former, started = on.login(), on.world.now()
    if door == "deployment":
        assert on.stack.update(FRANKFURT | {"VerifyLogin": "false"}).succeeded
    else:
        assert on.rotation.run(attempts=1).succeeded
    assert on.login()["username"] != former["username"]
    assert on.opens(on.login())
    assert on.world.now() < started + 2 * CONSISTENCY_SECONDS


def test_a_create_that_cannot_store_the_password_deletes_the_key(on: Stage) -> None:
    event = on.stack.begin_create(BASE)
    points = on.rehearse(event)
    reason = failed(on.world.deliver(event, Fault(points.index("PutSecretValue"), "denied")))
    assert "AccessDeniedException" in reason
    assert not on.key_ids()


@pytest.mark.parametrize("kind", ["lost", "repeated"])
@pytest.mark.parametrize("call", ["PutSecretValue", "UpdateSecretVersionStage"])
def test_a_create_that_only_missed_an_answer_succeeds(on: Stage, call: str, kind: str) -> None:
    event = on.stack.begin_create(BASE)
    delivery = on.world.deliver(event, Fault(on.rehearse(event).index(call), kind))
    assert delivery.hurt
    assert delivery.succeeded, delivery.reason
    assert len(on.key_ids()) == 1
    assert on.opens(on.login())


def test_a_key_is_made_without_the_sdks_retries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lost answer would hide a second key."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(handler, "_client", aws_client)
    lifecycle = handler._lifecycle("login", Patience(started=0, deadline=600))
    assert lifecycle.keys.key_maker.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


# Update


def test_an_update_of_nothing_keeps_what_rotation_renewed(on: Stage) -> None:
    on.deployed()
    before, keys = on.login(), on.key_ids()
    assert on.stack.update(BASE).succeeded
    assert (on.login(), on.key_ids()) == (before, keys)


@pytest.mark.parametrize("wanted", [BASE, ELSEWHERE, SENDER, FIELDS, BASE | {"Port": "587"}, UNVERIFIED])
def test_an_update_within_the_region_keeps_every_login(on: Stage, wanted: Json) -> None:
    """The key stays, and so works what a consumer holds."""
    on.deployed()
    keys, current, previous = on.key_ids(), on.login(), on.login(PREVIOUS)
    assert on.stack.update(wanted).succeeded
    login = on.login()
    assert (login["host"], str(login["port"])) == (wanted["Host"], wanted["Port"])
    assert login["from_address"] == wanted["FromAddress"]
    assert (login["username"], on.key_ids()) == (current["username"], keys)
    assert all(map(on.opens, (login, current, previous)))
    assert on.rotation.run(attempts=1).succeeded
    assert on.opens(login)


def test_an_update_to_another_region_leaves_the_former_login(on: Stage) -> None:
    """It makes a key beside it."""
    on.deployed()
    former = on.login()
    assert on.stack.update(FRANKFURT).succeeded
    assert on.login()["username"] != former["username"]
    assert on.login()["region"] == "eu-central-1"
    assert on.opens(on.login())
    assert on.opens(former)


def test_another_region_behind_the_same_host_makes_a_key(on: Stage) -> None:
    on.world.hosts["smtp.example.net"] = "eu-west-1"
    on.deployed(BASE | {"Host": "smtp.example.net"})
    former = on.login()
    on.world.hosts["smtp.example.net"] = "eu-central-1"
    on.world.tamper()
    assert on.stack.update(FRANKFURT | {"Host": "smtp.example.net"}).succeeded
    assert not on.opens(former)
    assert on.opens(on.login())


def test_an_update_ses_refuses_rolls_back_to_a_working_login(on: Stage) -> None:
    on.deployed()
    former = on.login()
    assert "`ses_region`" in failed(on.stack.update(WRONG_REGION))
    assert on.login() == former
    assert on.opens(former)


@pytest.mark.parametrize("wanted", [ELSEWHERE, SENDER, FIELDS, FRANKFURT])
def test_a_rollback_gives_the_former_login_back_and_makes_no_key(on: Stage, wanted: Json) -> None:
    on.deployed()
    former = on.login()
    update = on.stack.begin_update(wanted)
    assert on.world.deliver(update).succeeded
    rollback = on.stack.begin_rollback(update)
    delivery = on.world.deliver(rollback)
    assert "CreateAccessKey" not in delivery.points
    on.stack.follow(rollback, delivery)
    assert on.login() == former
    on.settle()


def test_a_failed_update_leaves_the_current_login_and_its_keys(on: Stage) -> None:
    on.deployed()
    former, keys = on.login(), on.key_ids()
    on.world.ses_down = True
    failed(on.world.deliver(on.stack.begin_update(ELSEWHERE)))
    assert (on.login(), on.key_ids()) == (former, keys)


@pytest.mark.parametrize(
    ("wanted", "name", "values"),
    [(RENAMED, "user_name", ("mailer", "renamed")), (MOVED, "secret_name", ("login", "moved"))],
)
def test_another_user_or_secret_is_refused_and_rolled_back(
    on: Stage, wanted: Json, name: str, values: tuple[str, str]
) -> None:
    on.deployed()
    before, keys = on.login(), on.key_ids()
    delivery = on.stack.update(wanted)
    reason = failed(delivery)
    assert delivery.points == ["answer"]
    assert f"`{name}` cannot be changed" in reason
    assert all(value in reason for value in values)
    assert "Give the SecureSesSmtpUser another id" in reason
    assert (on.login(), on.key_ids()) == (before, keys)
    assert list(on.world.aws.iam.users) == ["mailer"]
    on.settle()


def test_an_update_replaces_a_current_key_deleted_by_hand(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.delete_key(on.login()["username"])
    on.world.tamper()
    assert on.stack.update(BASE).succeeded
    assert on.opens(on.login())


def test_an_update_says_what_was_current_before_it(on: Stage) -> None:
    on.deployed()
    former = on.login()
    assert on.stack.update(ELSEWHERE).succeeded
    assert on.login(BEFORE) == former
    assert on.login(STAGED) == on.login()
    assert on.login()["host"] == VPC_HOST


# Events that come twice, or late


@pytest.mark.parametrize("pause", [0, 3600])
def test_a_create_that_comes_twice_issues_once(empty: Stage, pause: float) -> None:
    _deliver_twice(empty, empty.stack.begin_create(BASE), pause)
    assert len(empty.key_ids()) == 1


@pytest.mark.parametrize("wanted", [ELSEWHERE, FRANKFURT])
@pytest.mark.parametrize("pause", [0, 3600])
def test_an_update_that_comes_twice_issues_once(on: Stage, pause: float, wanted: Json) -> None:
    on.deployed()
    _deliver_twice(on, on.stack.begin_update(wanted), pause)


def _deliver_twice(on: Stage, event: Json, pause: float) -> None:
    """Deliver an event, and again after a pause: the second time changes no login."""
    assert on.world.deliver(event).succeeded
    before = on.login()
    on.world.pass_time(pause)
    assert on.world.deliver(event).succeeded
    assert on.login() == before


def test_a_create_repeated_after_rotations_changes_nothing(on: Stage) -> None:
    event = on.stack.begin_create(BASE)
    assert on.world.deliver(event).succeeded
    for _ in range(2):
        on.world.pass_time(DAY)
        assert on.rotation.run(attempts=1).succeeded
    before, keys = on.login(), on.key_ids()
    assert "handled before" in failed(on.world.deliver(event))
    assert (on.login(), on.key_ids()) == (before, keys)


def test_a_create_repeated_after_the_delete_leaves_no_key(empty: Stage) -> None:
    event = empty.stack.begin_create(BASE)
    assert empty.world.deliver(event).succeeded
    empty.stack.now, empty.stack.physical_id = event["ResourceProperties"], "INVENTED"
    assert empty.world.deliver(empty.stack.begin_delete()).succeeded
    failed(empty.world.deliver(event))
    assert not empty.key_ids()


def test_a_create_that_comes_after_its_delete_leaves_no_key(empty: Stage) -> None:
    create = empty.stack.begin_create(BASE)
    delete = empty.stack.event("Delete", create["ResourceProperties"], physical_id="INVENTED")
    assert empty.world.deliver(delete).succeeded
    assert "is being deleted" in failed(empty.world.deliver(create))
    assert not empty.key_ids()
