"""`audit` on an account with all kinds of SMTP users, created by hand, the SES console and Terraform modules."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectTimeoutError as NoConnection

from local_aws.aws import ACCOUNT, REGION, LocalAws, local_aws, verified_aws
from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.cli.account.users import AccountUser
from ses_secure_user.cli.audit.audit import BEYOND_MAIL, AuditedKey
from ses_secure_user.cli.audit.conditions import may_allow
from ses_secure_user.cli.audit.places import Reach
from ses_secure_user.cli.audit.report import audit_json, audit_lines
from ses_secure_user.cli.audit.worth import Ability, Identity, Judgement, in_words
from ses_secure_user.cli.outside import Aws
from tests.cli.command import ENDPOINT, Command, deployed

COM, ORG = (f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.{top}" for top in ("com", "org"))
SALES = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/sales@example.edu"
SEND, SEND_TOO = "ses:SendRawEmail", ["ses:SendEmail", "ses:SendRawEmail"]
INTERNET = "from anywhere"


def allow(action: Any, resource: Any = "*", **condition: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - as IAM's
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


class User(NamedTuple):
    """A user, and the impact of a leak of its key; None if it may not send mail."""

    worth: str | None
    statements: tuple[dict[str, Any], ...]
    how: str = "inline"
    made_by: str = "hand or another tool"
    beyond: tuple[str, ...] = ()


EVERYBODY: dict[str, User] = {
    "console-2023": User(
        f"mail as anyone at 2 domains and sales@example.edu, {INTERNET}",
        (allow(SEND),),
        how="AmazonSesSendingAccess",
        made_by="SES console, before September 2024",
    ),
    "console-2025": User(
        f"mail as anyone at 2 domains and sales@example.edu, {INTERNET}",
        (allow(SEND),),
        how="AWSSESSendingGroupDoNotRename",
        made_by="SES console",
    ),
    "administrator": User(
        f"mail as anyone at 2 domains and sales@example.edu, {INTERNET}",
        (allow("*"),),
        how="managed",
        beyond=("ses:SendEmail", *BEYOND_MAIL),
    ),
    "terraform-domain": User(
        f"mail as anyone at example.com, {INTERNET}", (allow(SEND_TOO, COM),), beyond=("ses:SendEmail",), how="managed"
    ),
    "terraform-group": User(f"mail as anyone at example.org, {INTERNET}", (allow(SEND, [ORG]),), how="group"),
    "hand-all-of-ses": User(
        f"mail as anyone at 2 domains and sales@example.edu, {INTERNET}",
        (allow("ses:*"),),
        beyond=("ses:SendEmail", "ses:DeleteIdentity"),
    ),
    "hand-one-address": User(f"mail as sales@example.edu, {INTERNET}", (allow(SEND, SALES),)),
    "hand-from": User(
        f"mail as noreply@example.com, {INTERNET}",
        (allow(SEND, StringEquals={"ses:FromAddress": "noreply@example.com"}),),
    ),
    "hand-from-pattern": User(
        f"mail as anyone at example.com, {INTERNET}",
        (allow(SEND, StringLike={"ses:FromAddress": "*@example.com"}),),
    ),
    "hand-recipients": User(
        f"mail as anyone at example.com, to certain recipients, {INTERNET}",
        (allow(SEND, COM, **{"ForAllValues:StringLike": {"ses:Recipients": ["*@example.net"]}}),),
    ),
    "hand-tls": User(
        f"mail as anyone at example.com, {INTERNET}", (allow(SEND, COM, Bool={"aws:SecureTransport": "true"}),)
    ),
    "hand-two-from": User(
        f"mail as a@example.com, b@example.com, {INTERNET}",
        (allow(SEND, COM, StringEquals={"ses:FromAddress": ["a@example.com", "b@example.com"]}),),
    ),
    "hand-network": User(
        "nothing from outside; inside, mail as anyone at example.com",
        (allow(SEND, COM, IpAddress={"aws:SourceIp": "203.0.113.7"}),),
    ),
    "hand-endpoint": User(
        "nothing from outside; inside, mail as anyone at example.com",
        (allow(SEND, COM, StringEquals={"aws:SourceVpce": ENDPOINT}),),
    ),
    "hand-denied-elsewhere": User(
        "nothing from outside; inside, mail as anyone at example.com",
        (
            allow(SEND, COM),
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
            },
        ),
    ),
    "hand-return-path": User(
        f"mail as anyone at example.com, {INTERNET}",
        (allow(SEND, COM, StringEquals={"ses:FeedbackAddress": "bounces@example.com"}),),
    ),
    "denied": User(None, (allow(SEND), {"Effect": "Deny", "Action": SEND, "Resource": "*"})),
    "storage": User(None, (allow("s3:*"),)),
    "send-email-alone": User(None, (allow("ses:SendEmail"),)),
    "another-identity": User(None, (allow(SEND, COM.replace("example.com", "example.net")),)),
    "without-a-key": User(None, (allow(SEND),)),
    "with-an-inactive-key": User(None, (allow(SEND),)),
    "behind-a-boundary": User(None, (allow("*"),)),
    "granted-by-the-identity": User(f"mail as anyone at example.org, {INTERNET}", (allow("s3:ListAllMyBuckets"),)),
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make(aws: LocalAws, name: str, user: User) -> None:
    iam, policy = aws.client("iam"), document(*user.statements)
    console = user.how == "AmazonSesSendingAccess"
    tags = [{"Key": "InvokedBy", "Value": "SESConsole"}] if console else []
    arn = iam.create_user(UserName=name, Tags=tags)["User"]["Arn"]
    if user.how == "managed":
        managed = iam.create_policy(PolicyName=f"{name}-policy", PolicyDocument=policy)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=name, PolicyArn=managed)
    elif user.how in {"group", "AWSSESSendingGroupDoNotRename"}:
        group = f"{name}-group" if user.how == "group" else user.how
        iam.create_group(GroupName=group)
        iam.put_group_policy(GroupName=group, PolicyName="send", PolicyDocument=policy)
        iam.add_user_to_group(GroupName=group, UserName=name)
    else:
        iam.put_user_policy(UserName=name, PolicyName=user.how, PolicyDocument=policy)
    if name != "without-a-key":
        key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        if name == "with-an-inactive-key":
            iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    if name == "behind-a-boundary":
        boundary = iam.create_policy(PolicyName="no-mail", PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
        iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    if name == "granted-by-the-identity":
        grant = document({**allow(SEND, ORG), "Principal": {"AWS": arn}})
        aws.client("sesv2").create_email_identity_policy(EmailIdentity="example.org", PolicyName="one", Policy=grant)


@pytest.fixture(scope="module")
def account() -> Iterator[Command]:
    """Create an account with these users and a login of the construct."""
    with local_aws() as aws:
        for identity in ("example.com", "example.org", "sales@example.edu"):
            aws.client("sesv2").create_email_identity(EmailIdentity=identity)
        for name, user in EVERYBODY.items():
            make(aws, name, user)
        with deployed(aws, "Audited") as command:
            aws.rotate(command.secret)
            yield command


@pytest.fixture(scope="module")
def report(account: Command) -> dict[str, Any]:
    done = account.run("audit", "--region", REGION, "--json")
    assert done.exit_code == 1, done.output
    return dict(json.loads(done.stdout))


def of(report: dict[str, Any], user: str) -> dict[str, Any]:
    return next(one for one in report["keys"] if one["user"] == user)


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_impact_of_a_leak(report: dict[str, Any], name: str) -> None:
    expected = EVERYBODY[name]
    found = [one for one in report["keys"] if one["user"] == name]
    assert [one["worth"] for one in found] == ([] if expected.worth is None else [expected.worth])
    for one in found:
        outside = expected.worth is not None and expected.worth.endswith(INTERNET)
        assert one["verdict"] == ("broken" if outside else "proved")
        assert one["made_by"] == expected.made_by
        assert tuple(one["beyond_mail"]) == expected.beyond
        assert one["replacements"]


def test_both_keys_of_this_construct_are_worth_nothing(account: Command, report: dict[str, Any]) -> None:
    mine = [one for one in report["keys"] if one["user"] == account.user]
    assert len(mine) == 2
    assert {one["made_by"] for one in mine} == {"SecureSesSmtpUser"}
    assert {one["verdict"] for one in mine} == {"proved"}
    assert {one["worth"] for one in mine} == {"nothing from outside; inside, mail as noreply@example.com"}
    assert {one["beyond_mail"] == [] for one in mine} == {True}


def test_the_worst_come_first(report: dict[str, Any]) -> None:
    worths = [one["worth"] for one in report["keys"]]
    anywhere = [one.endswith(INTERNET) for one in worths]
    assert anywhere == sorted(anywhere, reverse=True)
    assert worths[0].startswith("mail as anyone at 2 domains")
    assert worths.index(EVERYBODY["hand-from"].worth) > worths.index(EVERYBODY["terraform-domain"].worth)


def test_the_lines_have_the_same_findings_and_no_key_or_account(account: Command, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    done = account.run("audit", "--region", REGION, "--junit", str(junit), env={"COLUMNS": "300"})
    assert done.exit_code == 1
    for name, user in EVERYBODY.items():
        assert (f" {name} …" in done.stdout) is (user.worth is not None)
        assert user.worth is None or user.worth in done.stdout
    assert "docs/moving.md" in done.stdout
    text = done.output + junit.read_text(encoding="utf-8")
    assert account.aws.leaked_in(text) == []
    assert ACCOUNT not in text
    failed = [case for case in ET.parse(junit).getroot() if case.find("failure") is not None]  # noqa: S314 - just written
    assert len(failed) == sum(1 for user in EVERYBODY.values() if user.worth and user.worth.endswith(INTERNET))


def test_all_regions_are_checked_unless_one_is_given(account: Command) -> None:
    account.aws.client("sesv2", "eu-west-1").create_email_identity(EmailIdentity="example.info")
    everywhere = json.loads(account.run("audit", "--json").stdout)
    assert of(everywhere, "console-2023")["worth"] == f"mail as anyone at 3 domains and sales@example.edu, {INTERNET}"
    ireland = json.loads(account.run("audit", "--json", "--region", "eu-west-1").stdout)
    assert of(ireland, "console-2023")["worth"] == f"mail as anyone at example.info, {INTERNET}"
    account.aws.client("sesv2", "eu-west-1").delete_email_identity(EmailIdentity="example.info")


class Elsewhere:
    """SES in a region that cannot be called."""

    meta = type("Meta", (), {"region_name": "nowhere"})

    def __init__(self, error: Exception) -> None:
        self._error = error

    def list_email_identities(self) -> None:
        raise self._error


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "ListEmailIdentities")


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (refusal("UnrecognizedClientException"), 1),
        (NoConnection(endpoint_url="https://x"), 1),
        (refusal("AccessDeniedException"), 2),
    ],
)
def test_only_a_region_that_is_not_enabled_is_skipped(
    account: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, exit_code: int
) -> None:
    """A region with access denied is an error, because it can have identities."""
    original = Aws.ses
    monkeypatch.setattr(
        Aws, "ses", lambda self, region: original(self, region) if region == REGION else Elsewhere(error)
    )
    done = account.run("audit")
    assert done.exit_code == exit_code
    assert ("name the regions to check with --region" in done.stderr) is (exit_code == 2)


def test_an_account_with_safe_logins_or_no_logins_passes() -> None:
    with verified_aws() as aws:
        none = Command(aws).run("audit", "--region", REGION)
        with deployed(aws, "AuditedAlone") as deployed_command:
            done = deployed_command.run("audit", "--region", REGION)
    assert (none.exit_code, none.stdout) == (0, "No access key in this account may send mail.\n")
    assert done.exit_code == 0
    assert "nothing from outside" in done.stdout
    assert "To replace" not in done.stdout


def test_an_error_of_aws_is_one_sentence(account: Command, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    iam = account.aws.client("iam")
    iam.create_user(UserName="powerless")
    key = iam.create_access_key(UserName="powerless")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    done = account.run("audit", "--region", REGION, "--json", "--junit", str(junit), env=env)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert (
        line
        == "Error: these credentials may not call ListEmailIdentities: docs/proof.md lists the permissions that audit needs"
    )
    assert json.loads(done.stdout)["error"] in line
    assert 'errors="1"' in junit.read_text(encoding="utf-8")


def ability(reach: Reach, name: str = "example.com", **found: Any) -> Ability:  # noqa: ANN401 - any of its fields
    identity = Identity(f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{name}")
    where = "from anywhere" if reach is Reach.ANYWHERE else ""
    return Ability(identity=identity, reach=reach, where=where, send=Send(resources=(identity.arn,)), **found)


NOW = datetime(2026, 11, 25, tzinfo=UTC)


def key_used(service: str | None, *, days: int = 2) -> AuditedKey:
    used = (NOW - timedelta(days=days), service) if service else None
    made: Any = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "CreateDate": NOW - timedelta(days=1034)}
    judgement = Judgement(ability(Reach.ANYWHERE, anybody=True), is_certain=True, doubts=())
    return AuditedKey(AccountUser({"UserName": "old"}, (), boundary=None), made, used, (judgement,))


def test_age_and_last_use() -> None:
    (found,) = json.loads(audit_json([key_used("ses-smtp")], NOW))["keys"]
    assert (found["key"], found["age_days"], found["last_used_for"]) == ("…MPLE", 1034, "ses-smtp")
    assert found["last_used"].startswith("2026-11-23")


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("ses-smtp", "1,034 days old, last used 2 days ago over SMTP (ses-smtp)"),
        ("ses", "1,034 days old, last used 2 days ago over SES's API (ses)"),
        ("s3", "1,034 days old, last used 2 days ago, not for mail (s3)"),
        (None, "1,034 days old, no use reported by IAM"),
    ],
)
def test_the_lines_show_how_a_key_was_used(service: str | None, words: str) -> None:
    lines = [line.plain for line in audit_lines([key_used(service)], NOW, 120)]
    assert any(line.endswith(words) for line in lines)


def test_only_the_worst_ability_is_shown() -> None:
    inside = ability(Reach.INSIDE, anybody=True)
    outside = ability(Reach.ANYWHERE, "example.org", senders=("a@example.org",))
    assert in_words([inside, outside]) == "mail as a@example.org, from anywhere"
    assert in_words([]) == "nothing"


@pytest.mark.parametrize(
    ("statement", "covered"),
    [
        ({"Action": "ses:Send*", "Resource": "*"}, True),
        ({"NotAction": "iam:*", "Resource": COM}, True),
        ({"Action": "SES:sendrawemail", "NotResource": ORG}, True),
        ({"Action": SEND, "NotResource": "arn:aws:ses:*:identity/example.com"}, False),
        ({"Action": "ses:SendEmail", "Resource": "*"}, False),
        ({"Action": SEND, "Resource": "arn:aws:ses:*:*:identity/example.???"}, True),
    ],
)
def test_mail_that_no_policy_covers_is_not_simulated(statement: dict[str, Any], covered: bool) -> None:  # noqa: FBT001
    assert may_allow([{"Statement": [{"Effect": "Allow", **statement}]}], COM) is covered
    denied = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", **statement}]}
    assert may_allow([denied], COM) is not covered
