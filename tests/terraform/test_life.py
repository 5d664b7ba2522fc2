"""The life of a login in Terraform, with the real programs and provider and the function in the local AWS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.aws import ACCOUNT
from tests.cli.command import INSIDE, Command
from tests.terraform.working import MODULE, Terraform, resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.aws import LocalAws
    from tests.terraform.conftest import Make
    from tests.terraform.working import Json

GIVEN: Json = {
    "source": str(MODULE),
    "identity": ["example.com"],
    "from_address": ["noreply@example.com"],
    "allowed_cidrs": ["203.0.113.0/24"],
}
OUTPUTS = ("secret_arn", "user_name", "policy_arn", "smtp_port", "issuer")
WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def configuration(name: str, **changed: Any) -> Json:  # noqa: ANN401 - any input
    """Return a configuration with a mailer, its outputs, and resources that refer to its secret."""
    return {
        "module": {"mailer": {**GIVEN, "name": name, **changed}},
        "resource": {
            "aws_ssm_parameter": {
                "reader": {"name": f"/{name}/secret", "type": "String", "value": "${module.mailer.secret_arn}"}
            }
        },
        "output": {one: {"value": f"${{module.mailer.{one}}}"} for one in OUTPUTS},
    }


@pytest.fixture(scope="module")
def mailer(make: Make, aws: LocalAws) -> Iterator[Terraform]:
    """Apply a mailer. Each test leaves it as declared."""
    working = make(aws.env)
    working.write(configuration("mail"))
    working.init()
    working.apply()
    yield working
    working.destroy()


def outputs(working: Terraform) -> Json:
    return {name: one["value"] for name, one in json.loads(working.run("output", "-json").stdout).items()}


def is_accepted(aws: LocalAws, login: Json) -> bool:
    return aws.login(login["username"], login["password"])


def changed(plan: Json) -> dict[str, list[str]]:
    """Return the actions of a plan, by resource address."""
    actions = {re.sub(r"\[.*", "", one["address"]): one["change"]["actions"] for one in plan["resource_changes"]}
    return {address: what for address, what in actions.items() if what not in (["no-op"], ["read"])}


def test_a_plan_is_empty_before_and_after_a_rotation(mailer: Terraform, aws: LocalAws) -> None:
    secret = outputs(mailer)["secret_arn"]
    before = aws.value(secret)
    assert not mailer.is_planned()
    aws.wait_for_older_keys(before["iam_user"])

    aws.rotate(secret)

    assert not mailer.is_planned()
    assert aws.value(secret)["username"] != before["username"]
    assert is_accepted(aws, aws.value(secret))
    assert is_accepted(aws, before)


def test_the_login_is_proved_by_the_command_line(mailer: Terraform, aws: LocalAws) -> None:
    aws.send_from(INSIDE)
    found = outputs(mailer)
    report = Command(aws, found["secret_arn"], found["user_name"]).verify()
    assert (report["exit"], report["verdict"]) == (0, "proved"), report


def test_changed_networks_keep_the_login(mailer: Terraform, aws: LocalAws) -> None:
    found = outputs(mailer)
    keys = aws.keys(found["user_name"])
    mailer.write(configuration("mail", allowed_cidrs=["203.0.113.0/24", "198.51.100.7"]))

    assert changed(mailer.planned()) == {"module.mailer.aws_iam_policy.this": ["update"]}
    assert mailer.apply() == found
    assert aws.keys(found["user_name"]) == keys
    assert not mailer.is_planned()

    mailer.write(configuration("mail"))
    mailer.apply()


def test_a_widened_policy_is_planned_and_repaired(mailer: Terraform, aws: LocalAws) -> None:
    arn = outputs(mailer)["policy_arn"]
    iam = aws.client("iam")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WIDE), SetAsDefault=True)

    assert changed(mailer.planned()) == {"module.mailer.aws_iam_policy.this": ["update"]}
    mailer.apply()
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert "DenyOtherOrigins" in json.dumps(document)


def test_a_changed_tag_of_the_user_is_planned_and_repaired(mailer: Terraform, aws: LocalAws) -> None:
    user, iam = outputs(mailer)["user_name"], aws.client("iam")
    iam.tag_user(UserName=user, Tags=[{"Key": "ses-secure-user:port", "Value": "2465"}])

    assert changed(mailer.planned()) == {"module.mailer.aws_iam_user.this": ["update"]}
    mailer.apply()
    tags = {one["Key"]: one["Value"] for one in iam.list_user_tags(UserName=user)["Tags"]}
    assert tags["ses-secure-user:port"] == "465"


def test_a_missing_group_membership_is_planned_and_repaired(mailer: Terraform, aws: LocalAws) -> None:
    user, iam = outputs(mailer)["user_name"], aws.client("iam")
    iam.remove_user_from_group(UserName=user, GroupName=user)

    assert mailer.is_planned()
    mailer.apply()
    assert [one["GroupName"] for one in iam.list_groups_for_user(UserName=user)["Groups"]] == [user]


def test_another_port_creates_another_login_next_to_the_old(mailer: Terraform, aws: LocalAws) -> None:
    """References to the secret are updated before the old login is revoked."""
    before = outputs(mailer)
    old = aws.value(before["secret_arn"])
    mailer.write(configuration("mail", smtp_port=587))

    done = mailer.run("apply", "-auto-approve")

    assert done.returncode == 0, done.stderr
    new, followed, current, revoked = (
        re.search(line, done.stdout).start()  # type: ignore[union-attr]
        for line in (
            r"aws_lambda_invocation.login\S+: Creation complete",
            r"aws_ssm_parameter.reader: Modifications complete",
            r"terraform_data.current: Modifications complete",
            r"aws_lambda_invocation.login\S+: Destroying",
        )
    )
    assert new < followed < revoked
    assert current < revoked
    after = outputs(mailer)
    assert after["smtp_port"] == aws.value(after["secret_arn"])["port"] == 587
    assert is_accepted(aws, aws.value(after["secret_arn"]))
    assert not is_accepted(aws, old)
    assert {name for name in aws.leftovers() if before["user_name"] in name} == set()
    assert not mailer.is_planned()

    mailer.write(configuration("mail"))
    mailer.apply()


def test_terraforms_files_contain_no_key_and_no_password(mailer: Terraform, aws: LocalAws) -> None:
    secret = outputs(mailer)["secret_arn"]
    aws.wait_for_older_keys(aws.value(secret)["iam_user"])
    aws.rotate(secret)
    mailer.apply()
    mailer.planned()

    written = mailer.written() + json.dumps(mailer.state())

    assert secret in written
    assert "prior_state" in written or "tfplan" in written
    assert len(aws.every_key_ever_made()) >= len(("the first", "the rotated"))
    assert aws.leaked_in(written) == []


def test_a_refused_login_is_reported_and_repaired(make: Make, aws: LocalAws) -> None:
    before, working = aws.leftovers(), make(aws.env)
    working.write(configuration("refused"))
    working.init()
    aws.smtp_down()

    reason = working.refused()

    aws.smtp_up()
    assert "email-smtp.us-east-1.amazonaws.com:465 cannot be reached" in reason
    assert aws.leaked_in(reason) == []
    pass_time(aws, before)

    made = working.apply()
    assert is_accepted(aws, aws.value(made["secret_arn"]))
    assert not working.is_planned(), working.run("plan").stdout
    working.destroy()
    assert aws.leftovers() == before


def test_a_refused_replacement_keeps_the_old_login(make: Make, aws: LocalAws) -> None:
    before, working = aws.leftovers(), make(aws.env)
    working.write(configuration("kept"))
    working.init()
    old = aws.value(working.apply()["secret_arn"])
    kept = aws.leftovers()
    working.write(configuration("kept", smtp_port=2465))
    aws.smtp_down()

    working.refused()

    aws.smtp_up()
    assert is_accepted(aws, old)
    pass_time(aws, kept)
    made = working.apply()
    assert is_accepted(aws, aws.value(made["secret_arn"]))
    assert not is_accepted(aws, old)
    working.destroy()
    assert aws.leftovers() == before


def pass_time(aws: LocalAws, before: set[str]) -> None:
    """Delete the key of a failed attempt, as the next one does 5 minutes after its start."""
    found = [name.partition(" ")[2] for name in aws.leftovers() - before if name.startswith("user ")]
    for user in found:
        for key in aws.keys(user):
            aws.client("iam").delete_access_key(UserName=user, AccessKeyId=key)


def test_two_mailers_share_an_issuer(make: Make, aws: LocalAws) -> None:
    """A mailer that is removed is revoked, and the other still works. A destroy revokes it and leaves nothing."""
    before, working = aws.leftovers(), make(aws.env)
    working.write(shared("billing", "news"))
    working.init()
    secrets = working.apply()["secrets"]
    billing, news = (aws.value(secrets[name]) for name in ("billing", "news"))
    assert len([name for name in aws.leftovers() - before if name.startswith("function ")]) == 1
    assert not working.is_planned()

    working.write(shared("news"))
    assert set(working.apply()["secrets"]) == {"news"}
    assert not is_accepted(aws, billing)
    assert is_accepted(aws, news)
    assert not working.is_planned()

    working.destroy()
    assert not is_accepted(aws, news)
    assert aws.leftovers() == before


def shared(*names: str) -> Json:
    """Return a configuration of mailers with their own issuer."""
    return {
        "module": {
            "issuer": {"source": str(MODULE / "modules" / "issuer"), "name": "issuer", "runtime": "python3.12"},
            "mailer": {
                **GIVEN,
                "for_each": dict.fromkeys(names, ""),
                "name": "mail-${each.key}",
                "from_address": ["${each.key}@example.com"],
                "issuer": "${module.issuer}",
            },
        },
        "output": {"secrets": {"value": "${{ for name, one in module.mailer : name => one.secret_arn }}"}},
    }


def test_a_key_encrypts_and_the_role_may_use_it(make: Make, aws: LocalAws) -> None:
    """The test includes replicas and additional names. The role's policy equals the construct's."""
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    copy = key.replace(":us-east-1:", ":eu-west-1:")
    working = make(aws.env)
    given = {
        "encryption_key": key,
        "secret_fields": {"username": "SMTP_USERNAME"},
        "replica_regions": [{"region": "eu-west-1", "encryption_key": copy}],
        "rotation_interval": "12 hours",
        "user_name": "chosen",
        "secret_name": "chosen/login",
    }
    working.write(configuration("keyed", **given))
    working.init()

    made = working.apply()

    value = aws.value(made["secret_arn"])
    assert (value["SMTP_USERNAME"], value["iam_user"]) == (value["username"], "chosen")
    described = aws.client("secretsmanager").describe_secret(SecretId="chosen/login")
    assert (described["KmsKeyId"], described["RotationRules"]) == (key, {"ScheduleExpression": "rate(12 hours)"})
    (policy,) = (
        one["values"]["policy"]
        for one in resources(working.state()["values"]["root_module"])
        if one["address"].startswith("module.mailer.aws_iam_role_policy.access")
    )
    assert re.findall(rf"arn:aws:iam::{ACCOUNT}:user/\w+", policy) == [f"arn:aws:iam::{ACCOUNT}:user/chosen"]
    assert not working.is_planned(), working.run("plan").stdout
    working.destroy()


def test_an_invocation_replaced_alone_can_be_repaired(mailer: Terraform, aws: LocalAws) -> None:
    """Its destroy revokes the login that its create found. Removed from the state, it issues a login again."""
    secret = outputs(mailer)["secret_arn"]
    (address,) = (
        one["address"]
        for one in resources(mailer.state()["values"]["root_module"])
        if one["type"] == "aws_lambda_invocation"
    )
    assert mailer.run("apply", "-auto-approve", f"-replace={address}").returncode == 0
    assert not is_accepted(aws, aws.value(secret))

    assert mailer.run("state", "rm", address).returncode == 0
    mailer.apply()

    assert is_accepted(aws, aws.value(secret))
    assert not mailer.is_planned()
