"""What a user of the construct meets: properties, attributes, grants, warnings and errors."""

import inspect
import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
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
    assert ses_secure_user.__all__ == ["CredentialIssuer", "LeakAlarm", "SecureSesSmtpUser"]


def test_every_property_is_documented_with_its_default() -> None:
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


def _logical_id(stack: cdk.Stack, type_name: str) -> str:
    (logical_id,) = Template.from_stack(stack).find_resources(type_name)
    return logical_id


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


def test_an_identity_of_the_stack_is_deployed_before_the_user(stack: cdk.Stack) -> None:
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
    assert credential["Port"] == {"Ref": "Text"}
    (secret,) = resources(stack, "AWS::SecretsManager::Secret")
    assert {"Key": "ses-secure-user:port", "Value": {"Ref": "Text"}} in secret["Tags"]
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
            "`smtp_port` must be one that Lambda may open, to test the login, got 25; write 587, or verify_login=False",
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
            "`encryption_key` must be a construct of type kms.IKey, got 'alias/mail'; make or import one, and give that",
        ),
        (
            {"removal_policy": "retain"},
            "`removal_policy` must be a RemovalPolicy, got 'retain'; write one such as RemovalPolicy.RETAIN",
        ),
        (
            {"issuer": "Issuer"},
            "`issuer` must be a CredentialIssuer, got 'Issuer'; write one such as CredentialIssuer(self, \"Issuer\")",
        ),
        (
            {"removal_policy": None},
            "`removal_policy` must be a RemovalPolicy, got None; write one such as RemovalPolicy.RETAIN",
        ),
        (
            {"removal_policy": cdk.RemovalPolicy.SNAPSHOT},
            "`removal_policy` must be one that a secret has, got SNAPSHOT; write RemovalPolicy.RETAIN to keep it",
        ),
        (
            {"replica_regions": None},
            '`replica_regions` must be a list of regions, got None; write one such as ["eu-central-1"]',
        ),
        (
            {"replica_regions": [None]},
            '`replica_regions` must be a list of regions, got [None]; write one such as ["eu-central-1"]',
        ),
        (
            {"replica_regions": ["Frankfurt"]},
            "`replica_regions` must be the name of a region, got Frankfurt; write one such as eu-west-1",
        ),
        (
            {"replica_regions": ["eu-west-1"]},
            "`replica_regions` must be others than the secret's own, got eu-west-1; leave it out",
        ),
        (
            {"replica_regions": ["eu-central-1", "eu-central-1"]},
            "`replica_regions` must name each region once, got eu-central-1 twice; leave one out",
        ),
        (
            {"allowed_cidrs": None},
            '`allowed_cidrs` must be a list of strings, got None; write it like ["203.0.113.0/24"]',
        ),
        (
            {"allowed_vpc_endpoints": None},
            '`allowed_vpc_endpoints` must be a list of strings, got None; write it like ["vpce-0123456789abcdef0"]',
        ),
        (
            {"sandbox_recipients": None},
            '`sandbox_recipients` must be a list of strings, got None; write it like ["person@example.net"]',
        ),
        (
            {"from_address": None},
            '`from_address` must be a list of strings, got None; write it like ["noreply@example.com"]',
        ),
        (
            {"identity": None},
            '`identity` must be a list of strings, got None; write it like ["example.com"]',
        ),
        (
            {"allowed_cidrs": [f"203.0.{a}.{b}" for a in range(8) for b in range(0, 250, 2)]},
            "`allowed_cidrs` must fit into the 6,144 characters of a managed policy, got 1000 entries that make 34,113; 156 of them fit; give the rest to another user",
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
            "`secret_fields` must name fields with 1 to 27 letters, digits and _.-, got SMTP USER; write one such as SMTP_USERNAME",
        ),
        (
            {"from_address": ["o'hara@example.com", "noreply@example.com"]},
            "`from_address` must begin with an address of at most 256 letters, digits and + - = . _ : / @, since a tag of the secret holds it, got o'hara@example.com; write another one first",
        ),
        (
            {"secret_name": "mailer:smtp"},
            "`secret_name` must be 1 to 512 letters, digits and /_+=.@-, got mailer:smtp; leave it out to have one generated",
        ),
    ],
)
def test_a_wrong_property_is_refused_with_rule_and_remedy(
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
        (
            {"identity": "exämple.com", "from_address": "noreply@exämple.com"},
            ["ses-secure-user:internationalSender"],
        ),
        ({"identity": cdk.Fn.import_value("identity")}, ["ses-secure-user:tokenIdentity"]),
        ({"allowed_cidrs": [cdk.Fn.import_value("network")]}, ["ses-secure-user:tokenNetwork"]),
        ({"ses_region": "mx-central-1"}, ["ses-secure-user:unknownRegion"]),
        ({"rotation_interval": None}, ["ses-secure-user:noRotation"]),
        ({"rotation_interval": cdk.Duration.days(46)}, ["ses-secure-user:longRotation"]),
        ({"verify_login": False}, ["ses-secure-user:untestedLogin"]),
    ],
)
def test_what_is_risky_draws_a_warning_to_be_acknowledged(
    stack: cdk.Stack, changed: dict[str, Any], expected: list[str]
) -> None:
    made = mailer(stack, **changed)
    assert warnings(stack) == expected
    for warning_id in expected:
        cdk.Annotations.of(made).acknowledge_warning(warning_id, "meant")
    assert warnings(stack) == []


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_boundary_in_the_place_of_the_users_own_is_warned_of(*, everywhere: bool) -> None:
    """As an organization sets it: on an app by an aspect, or on a stack by its property."""
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    boundary = None if everywhere else cdk.PermissionsBoundary.from_name("organization")
    stack = cdk.Stack(app, "Stack", permissions_boundary=boundary)
    mailer(stack)
    if everywhere:
        organization = iam.ManagedPolicy.from_managed_policy_name(stack, "Organization", "organization")
        iam.PermissionsBoundary.of(app).apply(organization)
    assert warnings(stack) == ["ses-secure-user:otherBoundary"]
    (user,) = resources(stack, "AWS::IAM::User")
    assert "policy/organization" in json.dumps(user["PermissionsBoundary"])


def test_a_port_is_checked_where_the_region_is_not_known() -> None:
    with pytest.raises(ValueError, match="`smtp_port` must be one that SES offers, got 2525"):
        mailer(cdk.Stack(), smtp_port=2525)


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


def access_policies(stack: cdk.Stack) -> set[str]:
    """The logical ids of the issuer's policies."""
    return {name for name in Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy") if "Access" in name}


def stack_of_users(*names: str) -> cdk.Stack:
    stack = cdk.Stack(cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True}), "Stack")
    for name in names:
        SecureSesSmtpUser(stack, name.title(), user_name=name, **PROPERTIES)
    return stack


def test_the_issuers_policy_is_replaced_when_a_user_leaves() -> None:
    """One changed in place could not delete the keys of the user who left; without a change it is kept."""
    both = access_policies(stack_of_users("orders", "alerts"))
    assert access_policies(stack_of_users("orders", "alerts")) == both
    assert access_policies(stack_of_users("orders")).isdisjoint(both)


def test_a_user_is_added_to_a_policy_that_was_already_looked_at() -> None:
    stack = stack_of_users("orders")
    (found,) = (one for one in stack.node.find_all() if one.node.path.endswith("/Access1"))
    assert isinstance(found, iam.CfnManagedPolicy)
    assert len(stack.resolve(found.policy_document)["Statement"][0]["Resource"]) == 1
    mailer(stack)
    assert len(stack.resolve(found.policy_document)["Statement"][0]["Resource"]) == 2


def test_the_same_app_synthesized_twice_gives_the_same_template() -> None:
    stack = stack_of_users("orders", "alerts")
    first, second = (stack.node.root.synth(force=True).get_stack_artifact("Stack").template for _ in range(2))  # type: ignore[attr-defined]
    assert first == second
    assert len(access_policies(stack)) == 1
