"""`verify` after a change to a deployed login: a claim that names the change is broken, and the exit code is 1."""

import copy
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from local_aws.aws import ACCOUNT, REGION, LocalAws
from local_aws.iam.evaluator import Document
from local_aws.ses.password import smtp_password
from ses_secure_user.cli.account.login_secret import Login, LoginSecret
from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.cli.verify.known import Expected
from ses_secure_user.cli.verify.postbox import Mail, Postbox
from ses_secure_user.cli.verify.rotation_claims import rotation_claims
from ses_secure_user.functions.issuer.contract import CREATED_TAG, REVOKED_TAG, Declaration
from tests.cases.policy_changes import CARELESS, Widen, statement, without
from tests.cli.command import ELSEWHERE, ENDPOINT, Command, deployed, evidence, verdicts

EVERYTHING: dict[str, Any] = {
    "allowed_vpc_endpoints": [ENDPOINT],
    "allowed_recipients": ["*@example.net"],
    "from_display_name": "Example Shop",
    "feedback_address": "bounces@example.com",
}
STRANGER = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}},
)

pytestmark = pytest.mark.usefixtures("sent_from_inside")


@pytest.fixture(scope="module")
def everything(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "DriftingEverything", **EVERYTHING) as command:
        yield command


@contextmanager
def changed_policy(command: Command, widen: Widen) -> Iterator[None]:
    """Change the user's policy, and restore it."""
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
    """Create a default version, and delete the former one."""
    iam = command.aws.client("iam")
    arn = _boundary(iam, command)
    before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=arn, VersionId=before)


@pytest.mark.parametrize("widen", CARELESS.values(), ids=CARELESS)
def test_a_policy_widened_in_any_one_way(everything: Command, widen: Widen) -> None:
    """The tests of the reader also remove every part of a policy."""
    with changed_policy(everything, widen):
        report = everything.verify()
    assert report["exit"] == 1
    assert verdicts(report)["policy"] == "broken"
    sids = [one["Sid"] for one in _document(everything)["Statement"]]
    assert any(sid in evidence(report, "policy") for sid in sids), evidence(report, "policy")


def everywhere(sids: dict[str, tuple[str, str]], value: object) -> Widen:
    """Change the value of one condition in both the Allow and the Deny statement."""

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
    """Change the From address to a pattern in both statements."""
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
"""Two halves, because one evaluator matches no IPv4 address with 0.0.0.0/0, and the second requires agreement."""

NETWORKS = {
    "SendFromNetworks": ("IpAddress", "aws:SourceIp"),
    "DenyOtherOrigins": ("NotIpAddress", "aws:SourceIp"),
}

OPENED: dict[str, tuple[Widen, str]] = {
    "any From address of the domain": (any_from, "other-from"),
    "any identity": (any_identity, "other-identity"),
    "any sender": (any_sender, "other-from"),
    "the whole internet": (everywhere(NETWORKS, INTERNET), "other-origins"),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_policy_widened_in_allow_and_deny_is_found_by_sending(plain: Command, name: str) -> None:
    widen, claim = OPENED[name]
    with changed_policy(plain, widen):
        assert claim in plain.broken()


def test_a_mail_that_ses_accepts_is_the_evidence(plain: Command) -> None:
    with changed_policy(plain, any_from):
        assert evidence(plain.verify(), "other-from").startswith("accepted: 250 after DATA")


def test_a_login_that_can_send_from_outside(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    with changed_policy(plain, everywhere(NETWORKS, INTERNET)):
        report = plain.verify("--outside")
    assert verdicts(report)["refused-from-here"] == "broken"
    assert report["exit"] == 1


def test_another_action_in_allow_and_deny(plain: Command) -> None:
    with changed_policy(plain, any_action):
        assert {"policy", "guard"} <= plain.broken()


@pytest.mark.parametrize("sid", ["DenyOtherSenders", "DenyOtherOrigins", "DenyOtherResources", "DenyOtherActions"])
def test_a_missing_denial_shows_when_everything_is_granted(plain: Command, sid: str) -> None:
    with changed_policy(plain, without(sid)):
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


def revoked(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    """Add the tag that a Delete writes before it deletes the keys."""
    secrets = command.aws.client("secretsmanager")
    (created,), mark = _creations(command), f"{REVOKED_TAG}deadbeef"
    tag = {"Key": mark, "Value": created["Key"].removeprefix(CREATED_TAG)}
    secrets.tag_resource(SecretId=command.secret, Tags=[tag])
    return lambda: secrets.untag_resource(SecretId=command.secret, TagKeys=[mark])


def _creations(command: Command) -> list[dict[str, str]]:
    described = command.aws.client("secretsmanager").describe_secret(SecretId=command.secret)
    return [tag for tag in described["Tags"] if tag["Key"].startswith(CREATED_TAG)]


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


def scheduled(command: Command, rules: dict[str, object]) -> Undo:
    """Change the rotation schedule, and return the function that restores it."""
    secrets = command.aws.client("secretsmanager")
    before = secrets.describe_secret(SecretId=command.secret)["RotationRules"]
    rotate = secrets.rotate_secret
    rotate(SecretId=command.secret, RotationRules=rules, RotateImmediately=False)
    command.aws.wait_for_rotations()
    return lambda: rotate(SecretId=command.secret, RotationRules=before, RotateImmediately=False)


def rotation_stretched(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    return scheduled(command, {"ScheduleExpression": "rate(999 days)"})


def rotation_stretched_in_days(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    return scheduled(command, {"AutomaticallyAfterDays": 46})


def rotation_stretched_in_hours(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    return scheduled(command, {"ScheduleExpression": "rate(1081 hours)"})


def rotation_once_a_year(_iam: Any, command: Command) -> Undo:  # noqa: ANN401
    return scheduled(command, {"ScheduleExpression": "cron(0 0 1 1 ? *)"})


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
    rotation_stretched: {"rotation"},
    rotation_stretched_in_days: {"rotation"},
    rotation_stretched_in_hours: {"rotation"},
    rotation_once_a_year: {"rotation"},
    left_the_group: {"boundary", "allowed-mail", "network-203.0.113.0/24"},
    inactive_key: {"keys", "login-current", "allowed-mail"},
}


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.__name__)
def test_each_drift_is_reported(aws: LocalAws, plain: Command, drift: Drift) -> None:
    undo = drift(aws.client("iam"), plain)
    try:
        found = plain.verify()
    finally:
        undo()
        aws.wait_for_rotations()
    assert found["exit"] == 1
    assert {name for name, verdict in verdicts(found).items() if verdict == "broken"} == DRIFTS[drift]
    assert plain.broken() == set(), "nothing is broken after the change is undone"


def test_an_overdue_rotation(plain: Command) -> None:
    now = plain.now
    plain.now = now + timedelta(days=31)
    broken = plain.broken()
    plain.now = now
    assert broken == {"rotation"}


def test_an_interval_that_is_not_the_expected_one(plain: Command) -> None:
    assert plain.verify("--expect-interval", "30 days")["exit"] == 0
    assert evidence(plain.verify("--expect-interval", "720 hours"), "rotation").startswith("every 30 days, due by 20")
    report = plain.verify("--expect-interval", "12 hours")
    assert (report["exit"], broken(report)) == (1, {"rotation"})
    assert evidence(report, "rotation") == "every 30 days, expected every 12 hours"


def test_a_long_interval_is_accepted_if_it_is_expected(plain: Command) -> None:
    undo = scheduled(plain, {"ScheduleExpression": "rate(60 days)"})
    try:
        report, meant = plain.verify(), plain.verify("--expect-interval", "60 days")
    finally:
        undo()
        plain.aws.wait_for_rotations()
    assert broken(report) == {"rotation"}
    assert evidence(report, "rotation") == (
        "every 60 days, longer than 45 days, so a key lives for more than 90 days; if this is intended, use"
        " --expect-interval '60 days'"
    )
    assert (meant["exit"], verdicts(meant)["rotation"]) == (0, "proved")


def test_a_rotation_function_in_another_account_or_region(plain: Command) -> None:
    """The policy of such a function may allow Secrets Manager to invoke it."""
    description = plain.aws.client("secretsmanager").describe_secret(SecretId=plain.secret)
    for arn, said in (
        (
            "arn:aws:lambda:us-east-1:111122223333:function:thief",
            "the rotation function is in another account or region",
        ),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:other",
            "the rotation function is in another account or region",
        ),
        ("", "the secret has no rotation function"),
    ):
        changed: Any = {**description, "RotationLambdaARN": arn}
        secret = LoginSecret(plain.aws.client("secretsmanager"), changed)
        known = mock.Mock(secret=secret, now=plain.now, expected=Expected())
        finding = rotation_claims(known)[0].judge(known)
        assert (finding.verdict, finding.evidence) == ("broken", said)


def test_a_rotation_that_is_stuck_and_one_in_progress(aws: LocalAws, plain: Command) -> None:
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
    assert waited >= 60, "the command waits for it to finish"
    assert stuck == {"rotation-stuck"}


MAIL = Mail(
    {
        "from_address": "noreply@example.com",
        "feedback_address": "noreply@example.com",
        "allowed_recipients": "person@example.net",
    }
)
FIPS = "email-smtp-fips.us-east-1.amazonaws.com"


@contextmanager
def tagged(command: Command, **tags: object) -> Iterator[None]:
    """Change tags of the user, and restore them."""
    iam = command.aws.client("iam")
    before = iam.get_user(UserName=command.user)["User"]["Tags"]
    keys = {f"ses-secure-user:{name}": str(value) for name, value in tags.items()}
    iam.tag_user(UserName=command.user, Tags=[{"Key": key, "Value": value} for key, value in keys.items()])
    try:
        yield
    finally:
        iam.untag_user(UserName=command.user, TagKeys=list(keys))
        iam.tag_user(UserName=command.user, Tags=before)


@contextmanager
def stored(command: Command, label: str = "AWSCURRENT", **changed: object) -> Iterator[None]:
    """Change fields of the value with a label, and restore it."""
    secrets = command.aws.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=command.secret, VersionStage=label)
    value = json.loads(before["SecretString"]) | changed
    text = json.dumps({name: field for name, field in value.items() if field is not None})
    put = secrets.put_secret_value(SecretId=command.secret, SecretString=text, VersionStages=[label])
    try:
        yield
    finally:
        secrets.update_secret_version_stage(
            SecretId=command.secret,
            VersionStage=label,
            MoveToVersionId=before["VersionId"],
            RemoveFromVersionId=put["VersionId"],
        )


def broken(report: dict[str, Any]) -> set[str]:
    return {name for name, verdict in verdicts(report).items() if verdict == "broken"}


@pytest.mark.parametrize(
    ("name", "value", "expected", "said"),
    [
        ("host", FIPS, {"tags", "secret"}, "they were changed later"),
        ("host", "mail.example.org", {"tags"}, "mail.example.org is not an SMTP endpoint of SES in us-east-1"),
        (
            "host",
            f"{'a' * 64}.email-smtp.us-east-1.vpce.amazonaws.com",
            {"tags"},
            "is not an SMTP endpoint of SES in us",
        ),
        ("region", "eu-west-1", {"tags"}, "is not an SMTP endpoint of SES in eu-west-1"),
        ("region", "", {"tags"}, "is not an SMTP endpoint of SES in"),
        ("region", "us-eäst-1", {"tags"}, "is not an SMTP endpoint of SES in us-eäst-1"),
        ("port", "²", {"tags"}, "² is not a port of SES's SMTP endpoints"),
        ("port", "", {"tags"}, "is not a port of SES's SMTP endpoints"),
        ("port", "٤٦٥", {"tags"}, "٤٦٥ is not a port of SES's SMTP endpoints"),
        ("port", "-465", {"tags"}, "-465 is not a port of SES's SMTP endpoints"),
        ("port", "00465", {"tags"}, "00465 is not a port of SES's SMTP endpoints"),
        ("port", "99999", {"tags"}, "99999 is not a port of SES's SMTP endpoints"),
        ("port", "2587", {"tags", "secret"}, "they were changed later"),
        ("port", "465²", {"tags"}, "465² is not a port of SES's SMTP endpoints"),
        ("fields", "username=SMTP_USERNAME", {"tags", "secret"}, "they were changed later"),
        ("fields", "SMTP_USERNAME", {"tags"}, "SMTP_USERNAME is not a list of FIELD=NAME"),
    ],
)
def test_a_changed_tag_of_the_user_is_reported(
    plain: Command, name: str, value: str, expected: set[str], said: str
) -> None:
    with tagged(plain, **{name: value}):
        report = plain.verify()
    assert (report["exit"], broken(report)) == (1, expected)
    assert said in evidence(report, "tags")
    assert plain.broken() == set(), "nothing is broken after the change is undone"


@pytest.mark.parametrize(
    ("region", "host", "port"),
    [
        ("us-east-1", "email-smtp.us-east-1.amazonaws.com", "0"),
        ("us-east-1", "email-smtp.us-east-1.amazonaws.com", "99999"),
        ("us..east", "email-smtp.us..east.amazonaws.com", "465"),
        ("r" * 64, f"email-smtp.{'r' * 64}.amazonaws.com", "465"),
        ("us-eäst-1", "email-smtp.us-eäst-1.amazonaws.com", "465"),
        ("", "email-smtp.us-east-1.amazonaws.com", "465"),
    ],
    ids=["port 0", "port 99999", "two dots", "long region", "umlaut", "no region"],
)
def test_tags_and_value_with_the_same_invalid_endpoint(plain: Command, region: str, host: str, port: str) -> None:
    """No password is sent there. The command neither fails with a traceback nor tries to connect."""
    with (
        tagged(plain, region=region, host=host, port=port),
        stored(plain, region=region, host=host, port=int(port)),
    ):
        report = plain.verify()
    assert (report["exit"], broken(report)) == (1, {"tags"})
    assert verdicts(report)["login-current"] == verdicts(report)["secret"] == "not proved"


def test_the_same_change_in_tags_and_value_is_found(plain: Command) -> None:
    """The journal holds the digest of the original declaration."""
    url = str(plain.aws.value(plain.secret)["url"])
    host = url.rpartition("@")[2].partition(":")[0]
    with tagged(plain, host=FIPS), stored(plain, host=FIPS, url=url.replace(host, FIPS)):
        report = plain.verify()
    assert broken(report) == {"tags"}
    assert verdicts(report)["login-current"] == "proved", "this is another endpoint of SES"


def test_without_a_journal_the_tags_prove_nothing(aws: LocalAws, plain: Command) -> None:
    secrets, before = aws.client("secretsmanager"), _creations(plain)
    secrets.untag_resource(SecretId=plain.secret, TagKeys=[tag["Key"] for tag in before])
    report = plain.verify()
    secrets.tag_resource(SecretId=plain.secret, Tags=before)
    assert (report["exit"], verdicts(report)["tags"]) == (2, "not proved")
    assert "the secret has no tag ses-secure-user:created:" in evidence(report, "tags")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("host", FIPS, f"host is '{FIPS}', the tags require 'email-smtp.us-east-1.amazonaws.com'"),
        ("port", 587, "port is 587, the tags require 465"),
        ("port", "465", "port is '465', the tags require 465"),
        ("region", "eu-west-1", "region is 'eu-west-1', the tags require 'us-east-1'"),
        ("iam_user", None, "iam_user is None, the tags require '"),
        ("url", "smtps://user:other@example.com", "url does not match the other fields"),
        ("from_address", "noreply@example.com", "the additional fields do not match the tags"),
    ],
)
def test_a_changed_field_is_reported(plain: Command, field: str, value: object, said: str) -> None:
    with stored(plain, "AWSCURRENT", **{field: value}):
        report = plain.verify()
    assert (report["exit"], broken(report)) == (1, {"secret"})
    assert said in evidence(report, "secret")


@contextmanager
def listening() -> Iterator[tuple[int, Callable[[], bool]]]:
    """Listen on a local port. Return it, and a function that returns True after a connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)

        def visited() -> bool:
            try:
                server.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        yield server.getsockname()[1], visited


@pytest.mark.parametrize("changed", [("tags",), ("value",), ("tags", "value")], ids=" and ".join)
def test_no_other_host_receives_the_password(plain: Command, changed: tuple[str, ...]) -> None:
    with listening() as (port, visited), ExitStack() as stack:
        if "tags" in changed:
            stack.enter_context(tagged(plain, host="localhost", port=port))
        if "value" in changed:
            stack.enter_context(stored(plain, host="localhost", port=port))
        mails = len(plain.aws.mails())
        report = plain.verify()
        assert not visited()
        assert len(plain.aws.mails()) == mails
    assert report["exit"] == 1
    assert verdicts(report)["login-current"] == "not proved"
    assert evidence(report, "login-current").startswith("not tried: ")
    assert "; not tried: " in evidence(report, "allowed-mail")


def test_no_other_host_receives_the_previous_password(aws: LocalAws, plain: Command) -> None:
    aws.rotate(plain.secret)
    with listening() as (port, visited), stored(plain, "AWSPREVIOUS", host="localhost", port=port):
        report = plain.verify()
        assert not visited()
    assert (report["exit"], broken(report), verdicts(report)["login-previous"]) == (1, {"secret"}, "not proved")
    assert evidence(report, "login-previous") == "not tried: the secret and its user's tags name different endpoints"
    assert "previous login: host is 'localhost', the tags require " in evidence(report, "secret")
    with stored(plain, "AWSPREVIOUS", region="eu-west-1"):
        report = plain.verify()
    assert "previous login: region is 'eu-west-1', the tags require " in evidence(report, "secret")


def test_no_claim_can_send_a_password_to_another_host() -> None:
    with listening() as (port, visited):
        declared = Declaration("arn", REGION, "localhost", str(port))
        postbox = Postbox(declared, 0, clock=lambda: 0.0, sleep=lambda _: None)
        login = Login("AKIAEXAMPLE", "password", declared._asdict())
        for use in (postbox.log_in, lambda one: postbox.send(one, MAIL)):
            with pytest.raises(
                CannotJudgeError, match="the password is not sent to any host: localhost is not an SMTP"
            ):
                use(login)
        assert not visited()


@pytest.fixture
def strangers_login(aws: LocalAws) -> Iterator[dict[str, str]]:
    """Return the login of a user that was created by hand and can send as anyone from anywhere."""
    iam = aws.client("iam")
    iam.create_user(UserName="stranger")
    iam.put_user_policy(UserName="stranger", PolicyName="Stranger", PolicyDocument=STRANGER)
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    yield {"username": key["AccessKeyId"], "password": smtp_password(key["SecretAccessKey"], REGION)}
    for left in iam.list_access_keys(UserName="stranger")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="stranger", AccessKeyId=left["AccessKeyId"])
    iam.delete_user_policy(UserName="stranger", PolicyName="Stranger")
    iam.delete_user(UserName="stranger")


@pytest.mark.parametrize("others", [{}, {"iam_user": None, "url": None}], ids=["whole", "bare"])
def test_a_login_of_another_user_is_reported(
    aws: LocalAws, plain: Command, strangers_login: dict[str, str], others: dict[str, Any]
) -> None:
    """Its permissions prove nothing about this user, so no mail is sent with it."""
    mails = len(aws.mails())
    with stored(plain, **strangers_login, **others):
        report = plain.verify()
    assert {"login-current"} == broken(report) - {"secret"}
    assert "is not the user's: 235 after AUTH" in evidence(report, "login-current")
    assert evidence(report, "allowed-mail").endswith("; not tried: the key of the current login is not the user's")
    by_ses = {one["name"] for one in report["claims"] if "SES" in one["by"]}
    assert by_ses <= {"login-current", "login-previous"}
    assert len(aws.mails()) == mails


def test_a_foreign_login_stored_before_a_rotation(aws: LocalAws, strangers_login: dict[str, str]) -> None:
    """It then is the previous login, and still works from anywhere."""
    with deployed(aws, "Pasted") as command:
        text = json.dumps(aws.value(command.secret) | strangers_login)
        aws.client("secretsmanager").put_secret_value(SecretId=command.secret, SecretString=text)
        aws.rotate(command.secret)
        report = command.verify()
        key = strangers_login["username"]
        aws.client("iam").delete_access_key(UserName="stranger", AccessKeyId=key)
        dead = command.verify()
        aws.send_from(ELSEWHERE)
        aws.refuse_logins(refused=True)
        unknown = command.verify("--outside")
        aws.refuse_logins(refused=False)
    assert (report["exit"], broken(report)) == (1, {"login-previous"})
    assert evidence(report, "login-previous") == (
        f"key …{key[-4:]} is not the user's: 235 after AUTH; rotate the secret, and delete the key"
    )
    assert (dead["exit"], verdicts(dead)["login-previous"]) == (0, "proved")
    assert evidence(dead, "login-previous").endswith("; the current login is accepted")
    assert (unknown["exit"], verdicts(unknown)["login-previous"]) == (2, "not proved")


def test_an_identity_policy_cannot_widen_a_guarded_login(aws: LocalAws, plain: Command) -> None:
    user = aws.client("iam").get_user(UserName=plain.user)["User"]["Arn"]
    grant = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "ses:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    ses = aws.client("sesv2")
    for identity in ("example.com", "example.org"):
        ses.create_email_identity_policy(EmailIdentity=identity, PolicyName="grant", Policy=policy)
    try:
        assert plain.broken() == set()
        with changed_policy(plain, without("DenyOtherSenders")):
            assert {"other-from", "guard"} <= plain.broken()
    finally:
        for identity in ("example.com", "example.org"):
            ses.delete_email_identity_policy(EmailIdentity=identity, PolicyName="grant")
