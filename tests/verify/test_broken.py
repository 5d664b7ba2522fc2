"""Whatever is widened or added after the deployment breaks a claim that names it, and exits with 1."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.deploy.local_aws import ACCOUNT, REGION, LocalAws
from tests.policy.evaluator import Document
from tests.policy.test_matrix import WIDENED, statement
from tests.verify.command import ELSEWHERE, ENDPOINT, Command, deployed, evidence, verdicts

EVERYTHING: dict[str, Any] = {
    "allowed_vpc_endpoints": [ENDPOINT],
    "allowed_recipients": ["*@example.net"],
    "feedback_address": "bounces@example.com",
}
STRANGER = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}},
)

Widen = Callable[[Document], None]

pytestmark = pytest.mark.usefixtures("sent_from_inside")


@pytest.fixture(scope="module")
def everything(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "DriftingEverything", **EVERYTHING) as command:
        yield command


@contextmanager
def changed_policy(command: Command, widen: Widen) -> Iterator[None]:
    """The user's policy in another version, as somebody who may change policies makes it."""
    document = _document(command)
    widened = copy.deepcopy(document)
    widen(widened)
    assert widened != document
    _write(command, widened)
    try:
        yield
    finally:
        _write(command, document)


def _document(command: Command) -> Document:
    iam = command.aws.client("iam")
    arn = _boundary(iam, command)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return dict(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _write(command: Command, document: Document) -> None:
    """Make a version the default, and delete the one that was."""
    iam = command.aws.client("iam")
    arn = _boundary(iam, command)
    before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=arn, VersionId=before)


@pytest.mark.parametrize("name", [name for name in WIDENED if "configuration set" not in name])
def test_a_policy_widened_in_any_one_way(everything: Command, name: str) -> None:
    with changed_policy(everything, WIDENED[name]):
        report = everything.verify()
    assert report["exit"] == 1
    assert verdicts(report)["policy"] == "broken"
    sids = [one["Sid"] for one in _document(everything)["Statement"]]
    assert any(sid in evidence(report, "policy") for sid in sids), evidence(report, "policy")


def everywhere(sids: dict[str, tuple[str, str]], value: object) -> Widen:
    """Give one condition another value in the Allow and in the Deny, so that both still say the same."""

    def widen(document: Document) -> None:
        for sid, (operator, key) in sids.items():
            found = statement(document, sid)
            assert found
            found["Condition"][operator][key] = value

    return widen


def both(*widenings: Widen) -> Widen:
    def widen(document: Document) -> None:
        for one in widenings:
            one(document)

    return widen


def any_from(document: Document) -> None:
    """The pattern that a careless hand writes, on both sides."""
    for sid, old, new in (
        ("SendFromNetworks", "StringEquals", "StringLike"),
        ("DenyOtherSenders", "StringNotEquals", "StringNotLike"),
    ):
        found = statement(document, sid)
        assert found
        found["Condition"][new] = {"ses:FromAddress": "*@example.com"}
        del found["Condition"][old]


def any_identity(document: Document) -> None:
    for one in document["Statement"]:
        if "NotResource" in one:
            one["NotResource"] = [f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*", *one["NotResource"]]
        elif one["Effect"] == "Allow":
            one["Resource"] = [f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*", *one["Resource"]]


def any_sender(document: Document) -> None:
    any_identity(document)
    found = statement(document, "SendFromNetworks")
    assert found
    del found["Condition"]["StringEquals"]
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] != "DenyOtherSenders"]


def any_action(document: Document) -> None:
    for one in document["Statement"]:
        if "NotAction" in one:
            one["NotAction"] = ["ses:SendRawEmail", "ses:SendEmail"]
        elif one["Effect"] == "Allow":
            one["Action"] = ["ses:SendRawEmail", "ses:SendEmail"]


INTERNET = ["0.0.0.0/1", "128.0.0.0/1"]
"""In two halves: the first evaluator knows no IPv4 address in 0.0.0.0/0, and the second does not let that pass."""

NETWORKS = {
    "SendFromNetworks": ("IpAddress", "aws:SourceIp"),
    "DenyOtherOrigins": ("NotIpAddress", "aws:SourceIp"),
}

OPENED: dict[str, tuple[Widen, str]] = {
    "any From address of the domain": (any_from, "other-from"),
    "any identity": (any_identity, "other-identity"),
    "anybody": (any_sender, "other-from"),
    "the whole internet": (everywhere(NETWORKS, INTERNET), "other-origins"),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_policy_opened_on_both_sides_is_caught_by_sending(plain: Command, name: str) -> None:
    widen, claim = OPENED[name]
    with changed_policy(plain, widen):
        assert claim in plain.broken()


def test_a_mail_that_ses_accepts_is_the_evidence(plain: Command) -> None:
    with changed_policy(plain, any_from):
        assert evidence(plain.verify(), "other-from").startswith("accepted: 250 after DATA")


def test_a_login_that_is_worth_something_outside(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    with changed_policy(plain, everywhere(NETWORKS, INTERNET)):
        report = plain.verify("--outside")
    assert verdicts(report)["refused-from-here"] == "broken"
    assert report["exit"] == 1


def test_another_action_that_both_sides_allow(plain: Command) -> None:
    with changed_policy(plain, any_action):
        assert {"policy", "guard"} <= plain.broken()


@pytest.mark.parametrize("sid", ["DenyOtherSenders", "DenyOtherOrigins", "DenyOtherResources", "DenyOtherActions"])
def test_a_guard_that_is_gone_shows_once_everything_is_granted(plain: Command, sid: str) -> None:
    with changed_policy(plain, WIDENED[f"without {sid}"]):
        assert "guard" in plain.broken()


Undo = Callable[[], object]
Drift = Callable[[Any, Command], Undo]


def attached_policy(iam: Any, command: Command, name: str = "Stranger") -> Undo:  # noqa: ANN401 - a client
    arn = iam.create_policy(PolicyName=name, PolicyDocument=STRANGER)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=command.user, PolicyArn=arn)
    return lambda: (iam.detach_user_policy(UserName=command.user, PolicyArn=arn), iam.delete_policy(PolicyArn=arn))


def quarantine(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    return attached_policy(iam, command, "AWSCompromisedKeyQuarantineV3")


def inline_policy(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.put_user_policy(UserName=command.user, PolicyName="Stranger", PolicyDocument=STRANGER)
    return lambda: iam.delete_user_policy(UserName=command.user, PolicyName="Stranger")


def another_group(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.create_group(GroupName="Strangers")
    iam.add_user_to_group(GroupName="Strangers", UserName=command.user)

    def undo() -> None:
        iam.remove_user_from_group(GroupName="Strangers", UserName=command.user)
        iam.delete_group(GroupName="Strangers")

    return undo


def _group(iam: Any, command: Command) -> str:  # noqa: ANN401
    return str(iam.list_groups_for_user(UserName=command.user)["Groups"][0]["GroupName"])


def policy_of_the_group(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    group = _group(iam, command)
    iam.put_group_policy(GroupName=group, PolicyName="Stranger", PolicyDocument=STRANGER)
    return lambda: iam.delete_group_policy(GroupName=group, PolicyName="Stranger")


def left_the_group(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    group = _group(iam, command)
    iam.remove_user_from_group(GroupName=group, UserName=command.user)
    return lambda: iam.add_user_to_group(GroupName=group, UserName=command.user)


def _boundary(iam: Any, command: Command) -> str:  # noqa: ANN401
    return str(iam.get_user(UserName=command.user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"])


def no_boundary(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    arn = _boundary(iam, command)
    iam.delete_user_permissions_boundary(UserName=command.user)
    return lambda: iam.put_user_permissions_boundary(UserName=command.user, PermissionsBoundary=arn)


def another_boundary(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    arn = _boundary(iam, command)
    other = iam.create_policy(PolicyName="Boundary", PolicyDocument=STRANGER)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=command.user, PermissionsBoundary=other)

    def undo() -> None:
        iam.put_user_permissions_boundary(UserName=command.user, PermissionsBoundary=arn)
        iam.delete_policy(PolicyArn=other)

    return undo


def another_key(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    key = iam.create_access_key(UserName=command.user)["AccessKey"]["AccessKeyId"]
    return lambda: iam.delete_access_key(UserName=command.user, AccessKeyId=key)


def console_password(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.create_login_profile(UserName=command.user, Password="Some-Pass-0")
    return lambda: iam.delete_login_profile(UserName=command.user)


def service_credential(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.create_service_specific_credential(UserName=command.user, ServiceName="codecommit.amazonaws.com")
    delete = iam.delete_service_specific_credential
    return lambda: delete(UserName=command.user, ServiceSpecificCredentialId="A" * 20)


def ssh_key(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.upload_ssh_public_key(UserName=command.user, SSHPublicKeyBody="ssh-rsa AAAA")
    return lambda: iam.delete_ssh_public_key(UserName=command.user, SSHPublicKeyId="A" * 20)


def signing_certificate(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.upload_signing_certificate(UserName=command.user, CertificateBody="-")
    return lambda: iam.delete_signing_certificate(UserName=command.user, CertificateId="A" * 24)


def revoked(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    iam.tag_user(UserName=command.user, Tags=[{"Key": "ses-secure-user:revoked", "Value": "true"}])
    return lambda: iam.untag_user(UserName=command.user, TagKeys=["ses-secure-user:revoked"])


def inactive_key(iam: Any, command: Command) -> Undo:  # noqa: ANN401
    (key,) = command.aws.keys(command.user)
    iam.update_access_key(UserName=command.user, AccessKeyId=key, Status="Inactive")
    return lambda: iam.update_access_key(UserName=command.user, AccessKeyId=key, Status="Active")


def rotation_off(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    secrets = command.aws.client("secretsmanager")
    function = secrets.describe_secret(SecretId=command.secret)["RotationLambdaARN"]
    secrets.cancel_rotate_secret(SecretId=command.secret)
    rotate = secrets.rotate_secret
    return lambda: rotate(SecretId=command.secret, RotationLambdaARN=function, RotateImmediately=False)


def another_host_in_the_tags(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    secrets = command.aws.client("secretsmanager")

    def tag(host: str) -> None:
        secrets.tag_resource(SecretId=command.secret, Tags=[{"Key": "ses-secure-user:host", "Value": host}])

    tag("127.0.0.1")
    return lambda: tag(command.aws.smtp_host)


DRIFTS: dict[Drift, set[str]] = {
    attached_policy: {"own-policies"},
    quarantine: {"leak"},
    inline_policy: {"own-policies"},
    another_group: {"boundary"},
    policy_of_the_group: {"boundary"},
    no_boundary: {"boundary"},
    another_boundary: {"boundary"},
    another_key: {"keys"},
    console_password: {"other-credentials"},
    service_credential: {"other-credentials"},
    ssh_key: {"other-credentials"},
    signing_certificate: {"other-credentials"},
    revoked: {"revoked"},
    rotation_off: {"rotation"},
    another_host_in_the_tags: {"secret"},
    left_the_group: {"boundary", "allowed-mail", "network-203.0.113.0/24"},
    inactive_key: {"keys", "login-current", "allowed-mail"},
}


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.__name__)
def test_each_drift_is_named(aws: LocalAws, plain: Command, drift: Drift) -> None:
    undo = drift(aws.client("iam"), plain)
    try:
        found = plain.verify()
    finally:
        undo()
        aws.wait_for_rotations()
    assert found["exit"] == 1
    assert {name for name, verdict in verdicts(found).items() if verdict == "broken"} == DRIFTS[drift]
    assert plain.broken() == set(), "undone, all holds again"


def test_an_overdue_rotation(plain: Command) -> None:
    now = plain.now
    plain.now = now + timedelta(days=31)
    broken = plain.broken()
    plain.now = now
    assert broken == {"rotation"}


def test_a_rotation_that_is_stuck_and_one_that_is_under_way(aws: LocalAws, plain: Command) -> None:
    secrets = aws.client("secretsmanager")
    token = "5" * 36
    value = secrets.get_secret_value(SecretId=plain.secret)["SecretString"]
    secrets.put_secret_value(
        SecretId=plain.secret, ClientRequestToken=token, SecretString=value, VersionStages=["AWSPENDING"]
    )
    now = plain.now
    plain.slept.clear()
    under_way = plain.verify()
    waited = sum(plain.slept)
    plain.now = now + timedelta(hours=1)
    stuck = plain.broken()
    plain.now = now
    secrets.update_secret_version_stage(SecretId=plain.secret, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    assert (under_way["exit"], verdicts(under_way)["rotation-stuck"]) == (2, "not proved")
    assert waited >= 60, "it may end while it is waited for"
    assert stuck == {"rotation-stuck"}


def test_a_secret_whose_sender_the_policy_does_not_allow(aws: LocalAws, plain: Command) -> None:
    secrets = aws.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=plain.secret)
    value = json.loads(before["SecretString"]) | {"from_address": "ceo@example.com", "host": "mail.example.org"}
    put = secrets.put_secret_value(SecretId=plain.secret, SecretString=json.dumps(value))
    report = plain.verify()
    secrets.update_secret_version_stage(
        SecretId=plain.secret,
        VersionStage="AWSCURRENT",
        MoveToVersionId=before["VersionId"],
        RemoveFromVersionId=put["VersionId"],
    )
    assert {name for name, verdict in verdicts(report).items() if verdict == "broken"} == {"secret"}
    assert "ceo@example.com is not allowed" in evidence(report, "secret")
    assert "mail.example.org" in evidence(report, "secret")
    assert "not tried: secret and tags name different endpoints" in evidence(report, "login-current")


def test_an_identity_policy_cannot_widen_a_guarded_login(aws: LocalAws, plain: Command) -> None:
    user = aws.client("iam").get_user(UserName=plain.user)["User"]["Arn"]
    grant = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "ses:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    ses = aws.client("sesv2")
    for identity in ("example.com", "example.org"):
        ses.create_email_identity_policy(EmailIdentity=identity, PolicyName="grant", Policy=policy)
    try:
        assert plain.broken() == set()
        with changed_policy(plain, WIDENED["without DenyOtherSenders"]):
            assert {"other-from", "guard"} <= plain.broken()
    finally:
        for identity in ("example.com", "example.org"):
            ses.delete_email_identity_policy(EmailIdentity=identity, PolicyName="grant")
