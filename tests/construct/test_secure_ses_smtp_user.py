"""`SecureSesSmtpUser`: properties, attributes, warnings and errors."""

import inspect
import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ses as ses
from aws_cdk.assertions import Template

import ses_secure_user
from ses_secure_user import CredentialIssuer, LeakAlarm, SecureSesSmtpUser
from tests.cases.refusals import GIVEN, TOO_MANY, WRONG_LISTS
from tests.construct.users import refused, resources, user, warning_ids


def policy(stack: cdk.Stack) -> str:
    """Return the user's policy as text, with the partition resolved."""
    (document,) = (one["PolicyDocument"] for one in resources(stack, "AWS::IAM::ManagedPolicy") if "Roles" not in one)
    arn = r'\{"Fn::Join": \["", \["arn:", \{"Ref": "AWS::Partition"\}, "([^"]*)"\]\]\}'
    return re.sub(arn, r'"arn:aws\1"', json.dumps(document))


def test_the_package_exports_what_is_documented() -> None:
    assert ses_secure_user.__all__ == [
        "CredentialIssuer",
        "IssuerProperties",
        "LeakAlarm",
        "SecureSesSmtpUser",
        "SendsAlarm",
        "UserProperties",
    ]


@pytest.mark.parametrize("construct", [SecureSesSmtpUser, CredentialIssuer, LeakAlarm])
def test_every_property_is_documented_with_its_default(construct: type) -> None:
    parameters = inspect.signature(construct.__init__).parameters  # type: ignore[misc]
    text = (inspect.getdoc(construct.__init__) or "").partition("Args:\n")[2].partition("Raises:")[0]  # type: ignore[misc]

    documented = dict(re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", text, re.DOTALL | re.MULTILINE))

    assert list(documented) == list(parameters)[1:]
    optional = [name for name, one in parameters.items() if one.default is not one.empty]
    assert [name for name in optional if "Default: " not in " ".join(documented[name].split())] == []


def test_properties_are_keyword_only() -> None:
    _, _scope, _construct_id, *properties = inspect.signature(SecureSesSmtpUser.__init__).parameters.values()
    assert {one.kind for one in properties} == {inspect.Parameter.KEYWORD_ONLY}


def _logical_id(stack: cdk.Stack, type_name: str) -> str:
    (logical_id,) = Template.from_stack(stack).find_resources(type_name)
    return logical_id


def test_attributes_refer_to_what_is_deployed(stack: cdk.Stack) -> None:
    made = user(stack)

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
    assert made.from_address == "noreply@example.com"


def test_the_first_from_address_is_an_attribute(stack: cdk.Stack) -> None:
    """It has the case that the application must write."""
    made = user(stack, identity="exämple.com", from_address=["o'hara@exämple.com", "noreply@exämple.com"])
    assert made.from_address == "o'hara@xn--exmple-cua.com"


def test_constructs_are_replaced_by_their_names(stack: cdk.Stack) -> None:
    endpoint = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", vpc_endpoint_id="vpce-0123456789abcdef0", port=465
    )

    user(
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
    user(stack, identity=ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com")))
    assert re.search(r'\{"Ref": "Identity\w+"\}', policy(stack))


def test_an_identity_arn_gives_region_and_name(stack: cdk.Stack) -> None:
    made = user(stack, identity="arn:aws:ses:us-west-2:111122223333:identity/example.com")
    assert made.smtp_host == "email-smtp.us-west-2.amazonaws.com"
    assert "arn:aws:ses:us-west-2:111122223333:identity/example.com" in policy(stack)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        *((changed, message) for changed, message in WRONG_LISTS if None in changed.values()),
        TOO_MANY[0],
        (
            {"identity": "arn:aws:ses:us-west-2:111122223333:identity/example.com", "ses_region": "eu-west-1"},
            "`identity` must be in region eu-west-1, got us-west-2; SES verifies identities by region: verify it there, or leave `ses_region` out",
        ),
        (
            {"identity": "arn:aws:ses:eu-west-1:444455556666:identity/example.com"},
            "`identity` must be in account 111122223333, got '444455556666'; its owner can revoke its use and see the mail: verify it here, or deploy this stack there",
        ),
        (
            {"issuer": "Issuer"},
            "`issuer` must be a CredentialIssuer, got 'Issuer'; write one such as CredentialIssuer(self, \"Issuer\")",
        ),
        (
            {"removal_policy": "retain"},
            "`removal_policy` must be a RemovalPolicy, got 'retain'; write one such as RemovalPolicy.RETAIN",
        ),
        (
            {"removal_policy": None},
            "`removal_policy` must be a RemovalPolicy, got None; write one such as RemovalPolicy.RETAIN",
        ),
        (
            {"removal_policy": cdk.RemovalPolicy.SNAPSHOT},
            "`removal_policy` must be one that a secret has, got SNAPSHOT; write RemovalPolicy.RETAIN to keep it",
        ),
    ],
)
def test_a_wrong_property_is_refused_with_rule_and_remedy(
    stack: cdk.Stack, changed: dict[str, Any], message: str
) -> None:
    assert refused(stack, **changed) == message


def test_a_misspelled_property_is_named_in_the_error() -> None:
    with pytest.raises(TypeError, match="'allowed_cidr'"):
        SecureSesSmtpUser(cdk.Stack(), "Mailer", **(GIVEN | {"allowed_cidr": []}))


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
        ({"ses_region": "mx-central-1"}, ["ses-secure-user:unknownRegion"]),
        ({"rotation_interval": None}, ["ses-secure-user:noRotation"]),
        ({"rotation_interval": cdk.Duration.days(46)}, ["ses-secure-user:longRotation"]),
    ],
)
def test_a_risky_property_draws_an_acknowledgeable_warning(
    stack: cdk.Stack, changed: dict[str, Any], expected: list[str]
) -> None:
    made = user(stack, **changed)

    assert warning_ids(stack) == expected

    for warning_id in expected:
        cdk.Annotations.of(made).acknowledge_warning(warning_id, "meant")

    assert warning_ids(stack) == []


def test_a_retained_secret_stays_when_it_leaves_the_stack(stack: cdk.Stack) -> None:
    user(stack, removal_policy=cdk.RemovalPolicy.RETAIN)
    (secret,) = Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == secret["UpdateReplacePolicy"] == "Retain"


def test_tags_are_applied_to_every_taggable_resource(stack: cdk.Stack) -> None:
    user(stack)
    cdk.Tags.of(stack).add("team", "mail")

    tagged = {
        one["Type"]: {"Key": "team", "Value": "mail"} in one["Properties"].get("Tags", [])
        for one in Template.from_stack(stack).to_json()["Resources"].values()
    }
    assert {name for name, is_tagged in tagged.items() if is_tagged} == {
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SecretsManager::Secret",
    }
