"""What a user of the construct meets: properties, attributes, grants, warnings and errors."""

import inspect
import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk.assertions import Annotations, Match, Template

import ses_secure_user
from ses_secure_user import SecureSesSmtpUser

PROPERTIES: dict[str, Any] = {
    "identity": "example.com",
    "from_address": "noreply@example.com",
    "allowed_cidrs": ["203.0.113.0/24"],
}


@pytest.fixture
def stack() -> cdk.Stack:
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def mailer(stack: cdk.Stack, **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401 - any property
    return SecureSesSmtpUser(stack, "Mailer", **(PROPERTIES | changed))


def resources(stack: cdk.Stack, type_name: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in Template.from_stack(stack).find_resources(type_name).values()]


def policy(stack: cdk.Stack) -> str:
    """The user's policy, as text with the partition filled in."""
    (document,) = (one["PolicyDocument"] for one in resources(stack, "AWS::IAM::ManagedPolicy") if "Roles" not in one)
    arn = r'\{"Fn::Join": \["", \["arn:", \{"Ref": "AWS::Partition"\}, "([^"]*)"\]\]\}'
    return re.sub(arn, r'"arn:aws\1"', json.dumps(document))


def warnings(stack: cdk.Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [re.sub(r".*\[ack: (.*)\]$", r"\1", str(one.entry.data)) for one in found]


def test_the_package_exports_what_is_documented() -> None:
    assert ses_secure_user.__all__ == ["CredentialIssuer", "SecureSesSmtpUser"]


def test_every_property_is_documented_and_every_optional_one_states_its_default() -> None:
    signature = inspect.signature(SecureSesSmtpUser.__init__)
    documented = dict(re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", _arguments(), re.DOTALL | re.MULTILINE))
    assert list(documented) == list(signature.parameters)[1:]
    optional = [name for name, one in signature.parameters.items() if one.default is not one.empty]
    assert [name for name in optional if "Default: " not in " ".join(documented[name].split())] == []


def _arguments() -> str:
    text = inspect.getdoc(SecureSesSmtpUser.__init__)
    assert text
    return text.partition("Args:\n")[2].partition("Raises:")[0]


def test_properties_are_keyword_only() -> None:
    _, _scope, _construct_id, *properties = inspect.signature(SecureSesSmtpUser.__init__).parameters.values()
    assert {one.kind for one in properties} == {inspect.Parameter.KEYWORD_ONLY}


def test_grant_read_reads_this_secret_and_nothing_else(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    mailer(stack).grant_read(role)
    (grant,) = resources(stack, "AWS::IAM::Policy")
    (statement,) = grant["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    assert statement["Resource"] == {
        "Fn::GetAtt": [Match.any_value() and _logical_id(stack, "Custom::SesSmtpCredential"), "SecretArn"]
    }


def _logical_id(stack: cdk.Stack, type_name: str) -> str:
    (logical_id,) = Template.from_stack(stack).find_resources(type_name)
    return logical_id


def test_grant_read_decrypts_with_the_given_key_through_secrets_manager_alone(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    mailer(stack, encryption_key=kms.Key(stack, "Key")).grant_read(role)
    (grant,) = resources(stack, "AWS::IAM::Policy")
    decrypts = [one for one in grant["PolicyDocument"]["Statement"] if one["Action"] == "kms:Decrypt"]
    assert len(decrypts) <= 1
    (key,) = resources(stack, "AWS::KMS::Key")
    uses = json.dumps([decrypts, key["KeyPolicy"]])
    assert '"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"' in uses


def test_attributes_refer_to_what_is_deployed(stack: cdk.Stack) -> None:
    made = mailer(stack)
    attributes = {
        "user": made.user.user_name,
        "group": made.group.group_name,
        "policy": made.policy.managed_policy_arn,
        "secret": made.secret.secret_arn,
    }
    resolved = stack.resolve(attributes)
    assert resolved["user"] == {"Ref": _logical_id(stack, "AWS::IAM::User")}
    assert resolved["group"] == {"Ref": _logical_id(stack, "AWS::IAM::Group")}
    assert "Mailer" in resolved["policy"]["Ref"]
    assert resolved["secret"] == {"Fn::GetAtt": [_logical_id(stack, "Custom::SesSmtpCredential"), "SecretArn"]}
    assert (made.smtp_host, made.smtp_port) == ("email-smtp.eu-west-1.amazonaws.com", 465)


def test_constructs_are_taken_for_their_names(stack: cdk.Stack) -> None:
    endpoint = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", vpc_endpoint_id="vpce-0123456789abcdef0", port=465
    )
    mailer(
        stack,
        identity=ses.EmailIdentity.from_email_identity_name(stack, "Identity", "example.com"),
        configuration_set=ses.ConfigurationSet.from_configuration_set_name(stack, "Set", "transactional"),
        allowed_vpc_endpoints=[endpoint],
    )
    for expected in (
        "identity/example.com",
        "configuration-set/transactional",
        '"aws:SourceVpce": "vpce-0123456789abcdef0"',
    ):
        assert expected in policy(stack)


def test_an_identity_of_the_same_stack_is_deployed_before_the_user(stack: cdk.Stack) -> None:
    mailer(stack, identity=ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com")))
    assert re.search(r'\{"Ref": "Identity\w+"\}', policy(stack))


def test_an_identity_arn_gives_region_and_name(stack: cdk.Stack) -> None:
    made = mailer(stack, identity="arn:aws:ses:us-west-2:111122223333:identity/example.com")
    assert made.smtp_host == "email-smtp.us-west-2.amazonaws.com"
    assert "arn:aws:ses:us-west-2:111122223333:identity/example.com" in policy(stack)


def test_tokens_pass_every_check(stack: cdk.Stack) -> None:
    text, listed = cdk.CfnParameter(stack, "Text"), cdk.CfnParameter(stack, "List", type="CommaDelimitedList")
    mailer(
        stack,
        identity=text.value_as_string,
        from_address=listed.value_as_list,
        allowed_cidrs=listed.value_as_list,
        ses_region=text.value_as_string,
        smtp_host=text.value_as_string,
        smtp_port=cdk.Token.as_number(text),
        user_name=text.value_as_string,
        secret_name=text.value_as_string,
    )
    (credential,) = resources(stack, "Custom::SesSmtpCredential")
    assert credential["FromAddress"] == {"Fn::Select": [0, {"Ref": "List"}]}
    assert '"aws:SourceIp": {"Ref": "List"}' in policy(stack)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"ses_region": "Ireland"},
            "`ses_region` must be the name of a region, got Ireland; write one such as eu-west-1",
        ),
        (
            {"identity": "arn:aws:ses:us-west-2:111122223333:identity/example.com", "ses_region": "eu-west-1"},
            "`identity` must be of region eu-west-1, got us-west-2; SES verifies identities by region: verify it there, or leave `ses_region` out",
        ),
        (
            {"identity": "arn:aws:ses:eu-west-1:444455556666:identity/example.com"},
            "`identity` must be of account 111122223333, got 444455556666; its owner can revoke it and see what is sent: verify it here, or deploy this stack there",
        ),
        (
            {"smtp_host": "smtps://email-smtp.eu-west-1.amazonaws.com:465"},
            "`smtp_host` must be a host name, got smtps://email-smtp.eu-west-1.amazonaws.com:465; write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port",
        ),
        (
            {"smtp_host": "email-smtp.us-east-1.amazonaws.com"},
            "`smtp_host` must be an endpoint of `ses_region` eu-west-1, got email-smtp.us-east-1.amazonaws.com; an SMTP password is valid in one region: set `ses_region` to us-east-1, or another host",
        ),
        (
            {"smtp_host": "vpce-0a-1b.email-smtp.us-east-1.vpce.amazonaws.com"},
            "`smtp_host` must be an endpoint of `ses_region` eu-west-1, got vpce-0a-1b.email-smtp.us-east-1.vpce.amazonaws.com; an SMTP password is valid in one region: set `ses_region` to us-east-1, or another host",
        ),
        (
            {"smtp_port": 2525},
            "`smtp_port` must be one that SES offers, got 2525; write one of 25, 465, 587, 2465, 2587",
        ),
        ({"smtp_port": "465"}, "`smtp_port` must be a port, got '465'; write one such as 465 or 587"),
        (
            {"smtp_port": 25},
            "`smtp_port` must be one that Lambda may open, to prove the login, got 25; write 587, or verify_login=False",
        ),
        ({"verify_login": "no"}, "`verify_login` must be a bool, got 'no'; write True or False"),
        (
            {"rotation_interval": 30},
            "`rotation_interval` must be a Duration, got 30; write one such as Duration.days(30)",
        ),
        (
            {"rotation_interval": cdk.Duration.hours(3)},
            "`rotation_interval` must be whole hours, at least 4 and at most 999 days, got 3 hours; write one such as Duration.days(30)",
        ),
        (
            {"rotation_interval": cdk.Duration.minutes(250)},
            "`rotation_interval` must be whole hours, at least 4 and at most 999 days, got 4 hours 10 minutes; write one such as Duration.days(30)",
        ),
        (
            {"user_name": "no spaces"},
            "`user_name` must be 1 to 64 letters, digits and _+=,.@-, got no spaces; leave it out to have one generated",
        ),
        (
            {"user_name": "x" * 65},
            f"`user_name` must be 1 to 64 letters, digits and _+=,.@-, got {'x' * 65}; leave it out to have one generated",
        ),
        (
            {"encryption_key": "alias/mail"},
            "`encryption_key` must be of type kms.IKey, got 'alias/mail'; give one itself, not its name",
        ),
        (
            {"removal_policy": "retain"},
            "`removal_policy` must be of type RemovalPolicy, got 'retain'; give one itself, not its name",
        ),
        (
            {"issuer": "Issuer"},
            "`issuer` must be of type CredentialIssuer, got 'Issuer'; give one itself, not its name",
        ),
        (
            {"replica_regions": "eu-central-1"},
            "`replica_regions` must be a list of regions, got 'eu-central-1'; write one such as [\"eu-central-1\"]",
        ),
        (
            {"secret_fields": {"user": "SMTP_USERNAME"}},
            "`secret_fields` must rename known fields, got user; write one of username, password, host, port, from_address, region, iam_user",
        ),
        (
            {"secret_fields": {"username": "password"}},
            "`secret_fields` must give each field a name of its own, got password twice; rename one of them",
        ),
        (
            {"secret_fields": {"username": "SMTP USER"}},
            "`secret_fields` must name fields with 1 to 30 letters, digits and _.-, got SMTP USER; write one such as SMTP_USERNAME",
        ),
        (
            {"secret_name": "mailer:smtp"},
            "`secret_name` must be 1 to 512 letters, digits and /_+=.@-, got mailer:smtp; leave it out to have one generated",
        ),
    ],
)
def test_a_wrong_property_is_refused_with_its_rule_and_the_remedy(
    stack: cdk.Stack, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="must") as refusal:
        mailer(stack, **changed)
    assert str(refusal.value) == message


def test_a_refused_property_leaves_nothing_in_the_stack(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="`smtp_port`"):
        mailer(stack, smtp_port=1)
    assert stack.node.children == []


def test_a_misspelt_property_is_named() -> None:
    with pytest.raises(TypeError, match="'allowed_cidr'"):
        SecureSesSmtpUser(cdk.Stack(), "Mailer", **(PROPERTIES | {"allowed_cidr": []}))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"allowed_cidrs": ["8.0.0.0/15"]}, ["ses-secure-user:wideNetwork"]),
        ({"from_address": "NoReply@example.com"}, ["ses-secure-user:upperCaseLocalPart"]),
        ({"ses_region": "mx-central-1"}, ["ses-secure-user:unknownRegion"]),
        ({"rotation_interval": None}, ["ses-secure-user:noRotation"]),
        ({"rotation_interval": cdk.Duration.days(46)}, ["ses-secure-user:longRotation"]),
        ({"verify_login": False}, ["ses-secure-user:unprovedLogin"]),
    ],
)
def test_what_is_seldom_meant_draws_a_warning_that_can_be_acknowledged(
    stack: cdk.Stack, changed: dict[str, Any], expected: list[str]
) -> None:
    made = mailer(stack, **changed)
    assert warnings(stack) == expected
    for warning_id in expected:
        cdk.Annotations.of(made).acknowledge_warning(warning_id, "meant")
    assert warnings(stack) == []


def test_a_network_of_one_address_needs_no_mask(stack: cdk.Stack) -> None:
    mailer(stack, allowed_cidrs=["198.51.100.7"])
    assert '"aws:SourceIp": "198.51.100.7/32"' in policy(stack)


@pytest.mark.parametrize(
    ("interval", "rate"),
    [
        (cdk.Duration.days(30), "rate(30 days)"),
        (cdk.Duration.hours(48), "rate(2 days)"),
        (cdk.Duration.hours(4), "rate(4 hours)"),
        (cdk.Duration.minutes(300), "rate(5 hours)"),
    ],
)
def test_the_interval_becomes_the_secrets_rotation_schedule(
    stack: cdk.Stack, interval: cdk.Duration, rate: str
) -> None:
    mailer(stack, rotation_interval=interval)
    (schedule,) = resources(stack, "AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"ScheduleExpression": rate}


def test_without_an_interval_nothing_rotates(stack: cdk.Stack) -> None:
    mailer(stack, rotation_interval=None)
    assert resources(stack, "AWS::SecretsManager::RotationSchedule") == []


def test_a_retained_secret_stays_when_it_leaves_the_stack(stack: cdk.Stack) -> None:
    mailer(stack, removal_policy=cdk.RemovalPolicy.RETAIN)
    (secret,) = Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"


def access_policies(*names: str) -> set[str]:
    """The logical ids of the issuer's policies in a stack of these users."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True}), "Stack")
    for name in names:
        SecureSesSmtpUser(stack, name.title(), user_name=name, **PROPERTIES)
    found = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    return {logical_id for logical_id in found if "Access" in logical_id}


def test_the_issuers_policy_is_replaced_when_a_user_leaves_and_kept_when_nothing_changes() -> None:
    """One that were changed in place could not delete the keys of the user who left."""
    both = access_policies("orders", "alerts")
    assert access_policies("orders", "alerts") == both
    assert access_policies("orders").isdisjoint(both)
