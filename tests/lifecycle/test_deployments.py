"""The effects of Create, Update and Delete events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ses_secure_user.functions.issuer.contract import CREATED_TAG, REVOKED_TAG
from ses_secure_user.functions.issuer.journal import Journal
from ses_secure_user.functions.issuer.lifecycle import UNANSWERED_SECONDS
from ses_secure_user.functions.issuer.patience import CONSISTENCY_SECONDS
from tests.lifecycle.account import DAY, PENDING, REGION
from tests.lifecycle.cloudformation import Rotation, Stack, Trouble, login, tags
from tests.lifecycle.delivery import failed
from tests.lifecycle.faults import Fault
from tests.lifecycle.invariants import SECRET_TAG, VPC_HOST
from tests.lifecycle.scenes import BASE, BY_TOKEN, ELSEWHERE, ELSEWHERE_BY_TOKEN, FIELDS, FRANKFURT, WRONG_REGION, Stage

if TYPE_CHECKING:
    from tests.lifecycle.account import Json

# Create


def test_a_create_issues_one_login_that_is_accepted(on: Stage) -> None:
    assert on.stack.deploy(BASE)
    value, user = on.login(), on.stack.user_name
    assert on.opens(value)
    assert on.key_ids() == {value["username"]}
    password = value["password"].replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")
    assert value == {
        "username": value["username"],
        "password": value["password"],
        "host": BASE["Host"],
        "port": 465,
        "region": REGION,
        "iam_user": user,
        "url": f"smtps://{value['username']}:{password}@{BASE['Host']}:465",
    }


def test_the_physical_id_names_user_secret_and_create(on: Stage) -> None:
    assert on.stack.deploy(BASE)
    user, secret, create, digest = on.stack.delivery.answers[0]["PhysicalResourceId"].split("|")
    assert (user, secret) == (on.stack.user_name, on.stack.secret.arn)
    assert on.stack.secret.tags[f"ses-secure-user:created:{create}"].endswith(f"/{digest}")


@pytest.mark.parametrize(("port", "scheme"), [("465", "smtps"), ("2465", "smtps"), ("587", "smtp"), ("25", "smtp")])
def test_the_url_has_the_scheme_of_the_port(on: Stage, port: str, scheme: str) -> None:
    assert on.stack.deploy(login(Port=port))
    assert on.login()["url"].startswith(f"{scheme}://AKIA")
    assert on.login()["url"].endswith(f"@{BASE['Host']}:{port}")


def test_additional_names_are_added_to_the_fields(on: Stage) -> None:
    assert on.stack.deploy(FIELDS)
    assert on.login()["SMTP_USERNAME"] == on.login()["username"]


def test_a_create_waits_until_ses_accepts_the_key(on: Stage) -> None:
    on.world.propagation = 45
    before = on.world.now()
    assert on.stack.deploy(BASE)
    assert on.world.now() - before > 45


def test_a_create_whose_login_is_refused_leaves_no_key(on: Stage) -> None:
    on.world.propagation = 10_000
    assert not on.stack.deploy(BASE)
    reason = next(one.reason for one in on.world.deliveries)
    assert "535" in reason
    assert "with a password for eu-west-1" in reason
    assert "verify_login=False on the CredentialIssuer" in reason
    assert "/issuer" in reason
    assert not on.all_keys()


def test_an_unreachable_endpoint_is_named_in_the_reason(on: Stage) -> None:
    assert not on.stack.deploy(WRONG_REGION)
    reason = next(one.reason for one in on.world.deliveries)
    assert "check `smtp_host` and `smtp_port`" in reason
    assert "535" not in reason


def test_a_failed_create_leaves_no_pending_version(on: Stage) -> None:
    """Its Delete or the next Create deletes its key."""
    on.world.ses_down = True
    assert not on.stack.deploy(BASE, rollback=False)
    (secret,) = on.world.account.secrets.values()
    assert secret.holder(PENDING) is None


def test_a_secret_with_50_tags_is_refused_with_the_remedy(on: Stage) -> None:
    event = on.create_event()
    on.world.account.secrets[event["ResourceProperties"]["SecretId"]].tags = {f"tag{one}": "" for one in range(50)}
    assert "has 50 tags: remove the tags" in failed(on.world.deliver(event))
    assert not on.all_keys()


def test_without_a_test_a_create_waits_for_propagation(on: Stage) -> None:
    on.world.verifies, on.world.ses_down = False, True
    started = on.world.now()
    assert on.stack.deploy(BASE)
    assert "login" not in on.stack.delivery.points
    assert CONSISTENCY_SECONDS <= on.world.now() - started < 2 * CONSISTENCY_SECONDS


def test_without_a_test_a_second_delivery_waits_as_long(on: Stage) -> None:
    """The second delivery finds the login stored, but its key is still new."""
    on.world.verifies, on.world.propagation = False, CONSISTENCY_SECONDS - 5
    assert on.stack.deploy(BASE, Trouble(Fault(7, "killed"), again_after=0.3))
    assert on.world.works(on.stack.secret)


@pytest.mark.parametrize("kind", ["lost", "repeated"])
@pytest.mark.parametrize("call", ["PutSecretValue", "UpdateSecretVersionStage", "TagResource"])
def test_a_create_that_misses_a_response_succeeds(on: Stage, call: str, kind: str) -> None:
    event = on.create_event()
    delivery = on.world.deliver(event, Fault(on.rehearse(event).index(call), kind))
    assert delivery.hurt
    assert delivery.succeeded or call == "TagResource", delivery.reason


@pytest.mark.parametrize(
    ("tag", "text", "reason"),
    [
        ("host", "smtp.thief.example", "smtp.thief.example is not an SMTP endpoint of SES in eu-west-1"),
        ("host", "email-smtp.eu-west-1.amazonaws.com.thief.example", "is not an SMTP endpoint"),
        ("region", "eu-central-1", "is not an SMTP endpoint of SES in eu-central-1"),
        ("region", "", "is not an SMTP endpoint of SES in "),
        ("host", f"{'a' * 64}.email-smtp.eu-west-1.vpce.amazonaws.com", "is not an SMTP endpoint of SES in eu-west-1"),
        ("port", "46²", "46² is not a port of SES's SMTP endpoints"),
        ("port", "0", "0 is not a port of SES's SMTP endpoints"),
        ("fields", "password=a=b", "is not a list of FIELD=NAME"),
    ],
)
def test_no_login_is_issued_for_another_host(on: Stage, tag: str, text: str, reason: str) -> None:
    """Otherwise anyone who may write such a tag could receive the password."""
    event = on.create_event()
    on.world.account.users[event["ResourceProperties"]["UserName"]].tags[f"ses-secure-user:{tag}"] = text
    event["ResourceProperties"] |= {tag.title(): text}
    assert reason in failed(on.world.deliver(event))
    assert not on.all_keys()


# Replacement and Update


@pytest.mark.parametrize("wanted", [ELSEWHERE, FIELDS, FRANKFURT, login(Port="587")])
def test_another_login_is_created_next_to_the_old_one(on: Stage, wanted: Json) -> None:
    """The old login works until the new one is issued, and ends with the deployment."""
    on.deployed()
    former, user = on.login(), on.stack.user_name
    assert on.stack.deploy(wanted)
    assert on.stack.user_name != user
    assert on.opens(on.login())
    assert not on.opens(former)
    assert on.key_ids() == {on.login()["username"]} == on.all_keys()


def test_a_failed_replacement_keeps_the_old_login(on: Stage) -> None:
    on.deployed()
    former, keys = on.login(), on.key_ids()
    assert not on.stack.deploy(WRONG_REGION)
    assert (on.login(), on.all_keys()) == (former, keys)
    assert on.opens(former)


def test_an_update_without_changes_makes_no_calls(on: Stage) -> None:
    on.deployed()
    before, keys = on.login(), on.key_ids()
    now = on.stack.credential
    delivery = on.world.deliver(on.stack.event("Update", now.given, now.given | {"Other": "tag"}, now.name))
    assert delivery.points == ["answer"]
    assert delivery.succeeded
    assert (on.login(), on.key_ids()) == (before, keys)


def test_a_value_known_only_at_deployment_cannot_change(on: Stage) -> None:
    """The error names the property, and the tags are restored."""
    on.deployed(BY_TOKEN)
    before, keys = on.login(), on.key_ids()
    assert not on.stack.deploy(ELSEWHERE_BY_TOKEN)
    reason = next(one.reason for one in on.world.deliveries if not one.succeeded)
    assert "Host cannot be changed" in reason
    assert "another id" in reason
    assert "deploy another stack" in reason
    assert (on.login(), on.key_ids()) == (before, keys)
    assert on.rotation.run(attempts=1).succeeded


# Delete


def test_a_delete_deletes_every_key_of_the_user(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.make_key(on.stack.user_name)
    on.stack.delete()
    assert not on.all_keys()


def test_a_delete_finds_a_key_that_is_listed_late(on: Stage) -> None:
    on.deployed(rotations=0)
    on.world.memory.revoked.add(on.stack.user_name)
    on.world.clock.start(lambda: on.world.make_key(on.stack.user_name), 0.01)
    on.stack.delete()
    assert not on.all_keys()


def _delete(on: Stage, **changed: str) -> Json:
    on.world.memory.revoked.add(on.stack.user_name)
    return on.stack.deletion() | changed


def test_a_delete_with_a_generated_id_uses_the_properties(on: Stage) -> None:
    on.deployed()
    invented = "mail-MailerCredential-1X2Y3Z"
    delivery = on.world.deliver(_delete(on, PhysicalResourceId=invented))
    assert delivery.answers[0]["PhysicalResourceId"] == invented
    assert not on.key_ids()


@pytest.mark.parametrize("kind", ["denied", "limited", "throttled", "disconnected"])
def test_a_delete_that_cannot_tag_deletes_the_keys(on: Stage, kind: str) -> None:
    on.deployed()
    event = _delete(on)
    assert on.world.deliver(event, Fault(on.rehearse(event).index("TagResource"), kind)).succeeded
    assert not on.key_ids()


@pytest.mark.parametrize("create", ["succeeded", "failed"])
@pytest.mark.parametrize("how", ["gone", "scheduled for deletion"])
def test_a_delete_without_a_secret_deletes_the_keys(on: Stage, how: str, create: str) -> None:
    on.deployed()
    event, user, secret = _delete(on), on.stack.user_name, on.stack.secret
    if create == "failed":
        event |= {"PhysicalResourceId": f"{event['PhysicalResourceId'].rpartition('|')[0]}|failed"}
    if how == "gone":
        del on.world.account.secrets[secret.arn]
    else:
        secret.scheduled = True
    assert on.world.deliver(event).succeeded
    assert not on.world.account.users[user].keys


def test_a_delete_of_a_missing_user_succeeds(on: Stage) -> None:
    on.deployed()
    event = _delete(on)
    on.stack.delete()
    assert on.world.deliver(event).succeeded


def test_a_delete_does_not_change_other_users(on: Stage) -> None:
    on.deployed()
    other = Stack(on.world)
    assert other.deploy(BASE | {"Id": "other"})
    on.stack.delete()
    assert on.opens(on.world.value(other.secret))
    other.delete()


def test_a_delete_for_a_former_secret_changes_nothing(on: Stage) -> None:
    """The user's tags now name another secret."""
    on.deployed(rotations=0)
    event, old = _delete(on), on.stack.secret.arn
    secret = on.world.account.make_secret(old.replace("login", "anew"))
    on.world.account.users[on.stack.user_name].tags[SECRET_TAG] = secret.arn
    keys = on.key_ids()
    assert "names another secret" in failed(on.world.deliver(event))
    assert on.key_ids() == keys


# Events that are delivered twice, or late


@pytest.mark.parametrize("pause", [0.1, 0.2, 0.3, 3600])
def test_a_create_delivered_twice_issues_one_login(on: Stage, pause: float) -> None:
    assert on.stack.deploy(BASE, Trouble(again_after=pause))
    on.world.pass_time(pause + 600)
    assert all(one.succeeded for one in on.stack.last)
    assert on.all_keys() == {on.login()["username"]}
    assert on.opens(on.login())


def test_a_create_repeated_after_rotations_changes_nothing(on: Stage) -> None:
    assert on.stack.deploy(BASE)
    event = on.stack.delivery.event
    for _ in range(2):
        on.world.clock.sleep(3600)
        assert on.rotation.run(attempts=1).succeeded
    before, keys = on.login(), on.key_ids()
    assert "already handled" in failed(on.world.deliver(event))
    assert (on.login(), on.key_ids()) == (before, keys)


@pytest.mark.parametrize("pause", [0, 60, 200])
@pytest.mark.parametrize("point", range(3))
def test_a_create_repeated_after_the_next_has_no_effect(on: Stage, point: int, pause: int) -> None:
    """Its first delivery failed before it could write a tag, and is deleted in the cleanup."""
    on.world.deleted_first = False
    assert not on.stack.deploy(BASE, Trouble(Fault(point, "denied")), rollback=False)
    event = on.stack.delivery.event
    on.stack.deploy(BASE, Trouble(others_fail=True), rollback=False)
    on.world.pass_time(pause)
    on.world.deliver(event)
    on.settle()


def test_a_create_that_waits_is_undone_by_its_delete(on: Stage) -> None:
    create = on.create_event()
    given = create["ResourceProperties"]
    on.world.make_key(given["UserName"])
    on.world.pass_time(10)
    waiting = on.world.send(create)
    on.world.clock.sleep(60)
    assert on.world.deliver(on.stack.event("Delete", given, physical_id="INVENTED")).succeeded
    on.world.wait_for(waiting)
    assert "already handled" in failed(waiting)
    assert not on.all_keys()


def test_a_stored_login_without_a_key_never_becomes_current(on: Stage) -> None:
    """Login tests are off, so no other check finds the missing key."""
    on.world.verifies = False
    create = on.create_event()
    stored = on.rehearse(create).index("PutSecretValue") + 1
    on.world.deliver(create, Fault(stored, "killed"))
    on.world.account.users[create["ResourceProperties"]["UserName"]].keys.clear()
    assert "no working login" in failed(on.world.deliver(create))


def test_an_abandoned_create_ends_after_the_next_succeeded(on: Stage) -> None:
    on.world.verifies = on.world.deleted_first = False
    assert not on.stack.deploy(BASE, Trouble(given_up_after=0.5), rollback=False)
    assert on.stack.deploy(BASE, rollback=False)
    assert on.rotation.run(attempts=1).succeeded
    on.settle()


def test_a_create_repeated_after_the_delete_leaves_no_key(on: Stage) -> None:
    on.deployed(rotations=0)
    create = on.stack.delivery.event
    assert on.world.deliver(_delete(on)).succeeded
    failed(on.world.deliver(create))
    assert not on.key_ids()


def test_a_create_that_comes_after_its_delete_leaves_no_key(on: Stage) -> None:
    """It waits for one minute, in which its user is deleted."""
    create = on.create_event()
    given = create["ResourceProperties"]
    delete = on.stack.event("Delete", given, physical_id="INVENTED")
    assert on.world.deliver(delete).succeeded
    late = on.world.send(create)
    on.world.clock.sleep(5)
    assert not on.all_keys()
    del on.world.account.users[given["UserName"]]
    on.world.clock.wait(lambda: late.over)
    failed(late)


def test_a_create_soon_after_an_unknown_delete_succeeds(on: Stage) -> None:
    create = on.create_event()
    delete = on.stack.event("Delete", create["ResourceProperties"], physical_id="INVENTED")
    assert on.world.deliver(delete).succeeded
    assert on.world.deliver(create).succeeded


def test_the_create_that_began_last_holds_the_secret() -> None:
    """The order of the tags does not matter."""
    tagged = {f"{CREATED_TAG}later": "2.000/aa", f"{CREATED_TAG}sooner": "1.000/bb"}
    assert Journal.read(tagged).holder == "later"


def test_the_last_delete_undoes_all_that_began_before_it() -> None:
    revoked = {f"{REVOKED_TAG}one": "all/2.000", f"{REVOKED_TAG}two": "all/9.000"}
    assert Journal.read({f"{CREATED_TAG}create": "5.000/aa", **revoked}).is_revoked


# A failed deployment that is not rolled back


@pytest.mark.parametrize("deleted_first", [True, False], ids=["deleted first", "deleted in the cleanup"])
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(Fault(3, "denied")),
        Trouble(Fault(4, "lost")),
        Trouble(Fault(6, "killed")),
        Trouble(Fault(11, "killed")),
        Trouble(given_up_after=0.5),
        Trouble(given_up_after=3.0, again_after=0.2),
    ],
    ids=["denied", "an unknown key", "died before the test", "died at the end", "abandoned", "abandoned twice"],
)
def test_a_failed_first_deployment_is_repaired(on: Stage, trouble: Trouble, *, deleted_first: bool) -> None:
    on.world.deleted_first = deleted_first
    assert not on.stack.deploy(BASE, trouble, rollback=False)
    on.world.pass_time(30)
    assert on.stack.deploy(BASE, rollback=False), on.stack.delivery.reason
    assert on.rotation.run(attempts=1).succeeded
    on.settle()


@pytest.mark.parametrize("deleted_first", [True, False], ids=["deleted first", "deleted in the cleanup"])
def test_a_first_deployment_that_fails_twice_is_repaired(on: Stage, *, deleted_first: bool) -> None:
    on.world.deleted_first = deleted_first
    for trouble in (Trouble(Fault(6, "killed")), Trouble(Fault(3, "denied"))):
        assert not on.stack.deploy(BASE, trouble, rollback=False)
    assert on.stack.deploy(BASE, rollback=False), on.stack.delivery.reason
    on.settle()


def test_a_delete_sent_again_undoes_the_same_create(on: Stage) -> None:
    """It does not undo the next Create, which then holds the secret."""
    on.world.deleted_first = False
    assert not on.stack.deploy(BASE, Trouble(Fault(6, "killed")), rollback=False)
    assert on.stack.deploy(BASE, Trouble(cleanup=Trouble(Fault(2, "killed"))), rollback=False)
    assert on.world.works(on.stack.secret)
    on.settle()


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [(Trouble(Fault(4, "denied")), 19.0), (Trouble(Fault(0, "killed")), 300.0)],
    ids=["while it looks again", "of a Create that wrote nothing"],
)
def test_a_delete_delivered_twice_keeps_the_next_login(on: Stage, trouble: Trouble, pause: float) -> None:
    """The second delivery finds a login that was issued after the first."""
    on.world.deleted_first = True
    assert not on.stack.deploy(BASE, trouble, rollback=False)
    assert on.stack.deploy(BASE, Trouble(cleanup=Trouble(again_after=pause)), rollback=False)
    on.world.pass_time(600)
    assert on.world.works(on.stack.secret)
    on.settle()


def test_a_failed_update_without_rollback_is_repaired(on: Stage) -> None:
    """Until then the user's tags have the new value, so a rotation fails with the reason."""
    on.deployed(BY_TOKEN)
    before = on.login()
    assert not on.stack.deploy(ELSEWHERE_BY_TOKEN, rollback=False)
    assert "a deployment is in progress" in failed(on.rotation.run(attempts=1))
    assert on.login() == before
    assert on.stack.deploy(BY_TOKEN, rollback=False)
    assert on.rotation.run(attempts=1).succeeded
    on.settle()


def test_a_failed_deployment_of_another_resource_is_repaired(on: Stage) -> None:
    on.deployed()
    assert not on.stack.deploy(FRANKFURT, Trouble(others_fail=True), rollback=False)
    assert on.stack.deploy(FRANKFURT, rollback=False)
    assert on.login()["region"] == "eu-central-1"
    on.settle()


def test_a_delete_waits_for_its_abandoned_create(on: Stage) -> None:
    """The Create may be creating a key, and IAM does not delete a user with a key."""
    on.world.call_seconds = lambda: 1.0
    assert not on.stack.deploy(BASE, Trouble(given_up_after=6.0))
    assert not on.world.account.users
    delete = on.stack.delivery
    assert delete.kind == "Delete"
    assert on.world.now() - delete.began > UNANSWERED_SECONDS


def test_only_tags_that_differ_between_templates_change(on: Stage) -> None:
    """A tag that was removed by hand stays removed, so a rotation fails with the remedy."""
    on.deployed()
    user = on.world.account.users[on.stack.user_name]
    del user.tags["ses-secure-user:port"]
    on.stack.deploy(BASE | {"Tag": "another"})
    assert "ses-secure-user:port" not in user.tags
    assert "tag the user as in its stack's template" in failed(on.rotation.run(attempts=1))
    user.tags |= tags({"Port": "465"})
    assert on.rotation.run(attempts=1).succeeded


def test_two_stacks_are_independent(on: Stage) -> None:
    on.deployed()
    other = Stack(on.world)
    assert other.deploy(ELSEWHERE | {"Id": "other"})
    assert Rotation(on.world, lambda: other.secret).run(attempts=1).succeeded
    assert on.world.value(other.secret)["host"] == VPC_HOST
    on.world.pass_time(DAY)
    other.delete()
    on.settle()
