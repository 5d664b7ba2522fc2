"""`verify` on a user with an organization's permissions boundary."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local_aws.aws import ACCOUNT, LocalAws
from tests.cli.command import Command, deployed, evidence, verdicts

ORGANIZATION = f"arn:aws:iam::{ACCOUNT}:policy/org/Organization"
SHOWN = ORGANIZATION.replace(ACCOUNT, "*" * 12)
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
MAIL = {"Effect": "Allow", "Action": "ses:*", "Resource": f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/example.com"}
LOCKED = {**EVERYTHING, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}

pytestmark = pytest.mark.usefixtures("sent_from_inside")


@pytest.fixture(scope="module")
def command(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "Bounded") as made:
        yield made


def own_policy(command: Command) -> tuple[str, list[Any]]:
    """Return the ARN and the statements of the policy that the construct writes."""
    iam = command.aws.client("iam")
    (group,) = iam.list_groups_for_user(UserName=command.user)["Groups"]
    (attached,) = iam.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]
    arn = attached["PolicyArn"]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return str(arn), document["Statement"]


@contextmanager
def bounded(command: Command, *statements: Any) -> Iterator[None]:  # noqa: ANN401 - statements of a policy
    """Replace the user's boundary with the organization's, as `PermissionsBoundary.of(app).apply(…)` does."""
    iam, (own, _) = command.aws.client("iam"), own_policy(command)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_policy(PolicyName="Organization", Path="/org/", PolicyDocument=document)
    iam.put_user_permissions_boundary(UserName=command.user, PermissionsBoundary=ORGANIZATION)
    try:
        yield
    finally:
        iam.put_user_permissions_boundary(UserName=command.user, PermissionsBoundary=own)
        iam.delete_policy(PolicyArn=ORGANIZATION)


@pytest.mark.parametrize("statement", [EVERYTHING, MAIL], ids=["everything", "mail as the identity"])
def test_an_unexpected_boundary_is_broken_and_names_the_option(command: Command, statement: dict[str, str]) -> None:
    with bounded(command, statement):
        report = command.verify()
    assert report["exit"] == 1
    assert {name for name, verdict in verdicts(report).items() if verdict == "broken"} == {"boundary"}
    assert evidence(report, "boundary") == (
        f"the boundary is {SHOWN}, not the user's policy; if your organization requires it, use --expect-boundary ARN"
    )


@pytest.mark.parametrize("statement", [EVERYTHING, MAIL, LOCKED], ids=["everything", "mail as the identity", "locked"])
def test_an_expected_boundary_proves_the_rest(command: Command, statement: dict[str, str]) -> None:
    with bounded(command, statement):
        report = command.verify("--expect-boundary", ORGANIZATION)
    assert report["exit"] == 0
    assert set(verdicts(report).values()) == {"proved", "observed"}
    assert evidence(report, "boundary") == (
        f"the group has the policy, the boundary is {SHOWN}, which is weaker: the denials apply only while the user is in"
        " the group; attach the policy to the user too, or add its denials to the boundary"
    )


def test_a_boundary_with_the_denials_is_not_weaker(command: Command) -> None:
    denials = [{**one, "Sid": f"Org{one['Sid']}"} for one in own_policy(command)[1] if one["Effect"] == "Deny"]
    with bounded(command, EVERYTHING, *denials):
        whole = command.verify("--expect-boundary", ORGANIZATION)
    with bounded(command, EVERYTHING, *denials[:-1]):
        partial = command.verify("--expect-boundary", ORGANIZATION)
    assert whole["exit"] == partial["exit"] == 0
    assert evidence(whole, "boundary").endswith(f"the boundary is {SHOWN}, which has the same denials")
    assert "which is weaker" in evidence(partial, "boundary")


def test_the_policy_attached_to_the_user_keeps_the_denials(command: Command) -> None:
    """`docs/accounts-with-rules.md` recommends this. The policy is then not reported as another policy."""
    iam, (own, _) = command.aws.client("iam"), own_policy(command)
    iam.attach_user_policy(UserName=command.user, PolicyArn=own)
    with bounded(command, EVERYTHING):
        report = command.verify("--expect-boundary", ORGANIZATION)
    iam.detach_user_policy(UserName=command.user, PolicyArn=own)
    assert report["exit"] == 0
    assert evidence(report, "boundary").endswith(
        "the policy is also attached to the user, so its denials apply without the group"
    )


def test_a_boundary_that_may_not_be_read_counts_as_weaker(command: Command) -> None:
    """`grant_verify` allows reading only the user's own policy."""
    iam = command.aws.client("iam")
    iam.create_user(UserName="reader")
    hidden = {"Effect": "Deny", "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"], "Resource": ORGANIZATION}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING, hidden]})
    iam.put_user_policy(UserName="reader", PolicyName="reader", PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    with bounded(command, EVERYTHING):
        done = command.run("verify", command.secret, "--json", "--expect-boundary", ORGANIZATION, env=env)
    report = json.loads(done.stdout)
    assert done.exit_code == 0
    assert "which is weaker" in evidence(report, "boundary")


def test_a_boundary_other_than_the_expected_one(command: Command) -> None:
    with bounded(command, EVERYTHING):
        other = command.broken("--expect-boundary", f"{ORGANIZATION}2")
    assert other == command.broken("--expect-boundary", ORGANIZATION) == {"boundary"}
    assert command.broken("--expect-boundary", own_policy(command)[0]) == set()


def test_a_boundary_that_allows_no_mail_breaks_the_mail(command: Command) -> None:
    with bounded(command, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}):
        report = command.verify("--expect-boundary", ORGANIZATION)
    assert report["exit"] == 1
    assert verdicts(report)["allowed-mail"] == "broken"
    assert verdicts(report)["boundary"] == "proved"


def test_a_group_without_the_policy_is_broken(command: Command) -> None:
    iam, (own, _) = command.aws.client("iam"), own_policy(command)
    (group,) = (one["GroupName"] for one in iam.list_groups_for_user(UserName=command.user)["Groups"])
    with bounded(command, EVERYTHING):
        iam.attach_user_policy(UserName=command.user, PolicyArn=own)
        iam.detach_group_policy(GroupName=group, PolicyArn=own)
        report = command.verify("--expect-boundary", ORGANIZATION)
        iam.attach_group_policy(GroupName=group, PolicyArn=own)
        iam.detach_user_policy(UserName=command.user, PolicyArn=own)
    assert report["exit"] == 1
    assert {name for name, verdict in verdicts(report).items() if verdict == "broken"} == {"boundary"}
    assert evidence(report, "boundary") == "the group has nothing"
