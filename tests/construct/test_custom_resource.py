"""The credential: what it is issued for, what replaces it, and its schedule."""

import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template
from constructs import IConstruct

from ses_secure_user import CredentialIssuer
from tests.construct.users import HERE, resources, user, warning_ids

FIPS = "email-smtp-fips.eu-west-1.amazonaws.com"
OF_A_LOGIN = {"Credential", "Group", "Policy", "Rotation", "Secret", "User"}
"""The resources that are replaced with a login, as they are named in the construct."""

Json = dict[str, Any]
Properties = Callable[[cdk.Stack], Json]


def template(properties: Properties, env: cdk.Environment | None = HERE) -> Json:
    """The template of a user whose properties may be made in its stack, in an app of its own."""
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    stack = cdk.Stack(app, "Stack", env=env)
    user(stack, **properties(stack))
    return dict(Template.from_stack(stack).to_json())


def logical_ids(properties: Properties, env: cdk.Environment | None = HERE) -> set[str]:
    return set(template(properties, env)["Resources"])


def of_the_login(ids: set[str]) -> dict[str, str]:
    """The logical ids of what is made with a login, by the resources' names."""
    found = {one: re.match("Mailer(?P<name>[A-Z][a-z]+)", one) for one in ids}
    return {match["name"]: one for one, match in found.items() if match}


def unchanged(_: cdk.Stack) -> Json:
    return {}


def test_the_user_is_tagged_with_what_its_login_is_valid_for(stack: cdk.Stack) -> None:
    """CloudFormation alone writes them: the function cannot, and the secret has no tag of ours."""
    user(stack, smtp_port=587, secret_fields={"username": "SMTP_USERNAME", "url": "MAIL_URL"})

    (tagged,), (secret,) = resources(stack, "AWS::IAM::User"), resources(stack, "AWS::SecretsManager::Secret")
    (secret_id,) = Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret")
    assert {one["Key"]: one["Value"] for one in tagged["Tags"]} == {
        "ses-secure-user:secret": {"Ref": secret_id},
        "ses-secure-user:region": "eu-west-1",
        "ses-secure-user:host": "email-smtp.eu-west-1.amazonaws.com",
        "ses-secure-user:port": "587",
        "ses-secure-user:fields": "url=MAIL_URL username=SMTP_USERNAME",
    }
    assert "Tags" not in secret


def test_the_function_is_told_the_same_as_properties(stack: cdk.Stack) -> None:
    user(stack)

    (credential,) = resources(stack, "Custom::SesSmtpCredential")
    found = Template.from_stack(stack)
    (user_id,), (secret_id,), (function_id,) = (
        found.find_resources(f"AWS::{name}") for name in ("IAM::User", "SecretsManager::Secret", "Lambda::Function")
    )
    assert credential == {
        "ServiceToken": {"Fn::GetAtt": [function_id, "Arn"]},
        "ServiceTimeout": 900,
        "UserName": {"Ref": user_id},
        "SecretId": {"Ref": secret_id},
        "Region": "eu-west-1",
        "Host": "email-smtp.eu-west-1.amazonaws.com",
        "Port": "465",
    }


def test_networks_that_a_deployment_knows_are_told(stack: cdk.Stack) -> None:
    """With all others, since together they may be the whole internet."""
    listed = cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list
    user(stack, allowed_cidrs=["203.0.113.0/24", cdk.Fn.import_value("Network")])
    user(stack, "Listed", allowed_cidrs=listed)
    user(stack, "Known")

    told = [one.get("Networks") for one in resources(stack, "Custom::SesSmtpCredential")]
    assert told == [["203.0.113.0/24", {"Fn::ImportValue": "Network"}], {"Ref": "List"}, None]


@pytest.mark.parametrize(
    "changed",
    [
        {"smtp_port": 587},
        {"smtp_host": FIPS},
        {"ses_region": "us-east-1"},
        {"secret_fields": {"username": "SMTP_USERNAME"}},
        {"user_name": "mailer"},
        {"secret_name": "mailer"},
    ],
    ids=lambda changed: str(*changed),
)
def test_another_login_is_made_next_to_the_old_one(changed: Json) -> None:
    """With its access policy: without the old one the role could not delete the old user's keys in the cleanup."""
    before, after = logical_ids(unchanged), logical_ids(lambda _: changed)

    gone, new = before - after, after - before
    assert of_the_login(gone).keys() == of_the_login(new).keys() == OF_A_LOGIN
    for others in (gone, new):
        (access,) = others - {*of_the_login(others).values()}
        assert access.startswith("SesSecureUserIssuerAccess1")


@pytest.mark.parametrize(
    "properties",
    [
        lambda _: {"rotation_interval": cdk.Duration.days(20)},
        lambda stack: {"encryption_key": kms.Key(stack, "Key")},
        lambda _: {"replica_regions": ["eu-central-1"]},
        lambda _: {"removal_policy": cdk.RemovalPolicy.RETAIN},
        lambda _: {"identity": "example.org", "from_address": "noreply@example.org"},
        lambda _: {"allowed_cidrs": ["198.51.100.0/24"], "allowed_recipients": ["*@example.net"]},
    ],
)
def test_all_else_is_changed_in_place(properties: Properties) -> None:
    assert logical_ids(unchanged) <= logical_ids(properties)


def issued_by(stack_id: str, issuer_id: str) -> dict[str, str]:
    """What is made with a login whose issuer is in this stack, or in another one."""

    def properties(stack: cdk.Stack) -> Json:
        home = stack if stack_id == "Stack" else cdk.Stack(cdk.App.of(stack), stack_id, env=HERE)
        return {"issuer": CredentialIssuer(home, issuer_id)}

    return of_the_login(logical_ids(properties))


@pytest.mark.parametrize("there", [("Stack", "Second"), ("One", "First"), ("Two", "First")])
def test_with_another_issuer_it_is_another_login(there: tuple[str, str]) -> None:
    """Also of another stack, where the function's logical id is the same."""
    before = issued_by("Stack", "First")
    assert before.items().isdisjoint(issued_by(*there).items())


def test_an_issuers_stack_tells_it_apart() -> None:
    assert issued_by("One", "Issuer").items().isdisjoint(issued_by("Two", "Issuer").items())


def test_a_stack_can_be_given_its_region_later() -> None:
    assert logical_ids(unchanged, env=None) == logical_ids(unchanged, env=HERE)


def known_at_deployment(stack: cdk.Stack) -> Json:
    text = cdk.CfnParameter(stack, "Text").value_as_string
    port = cdk.Token.as_number(cdk.CfnParameter(stack, "Port"))
    return {"ses_region": text, "smtp_host": text, "smtp_port": port, "user_name": text, "secret_name": text}


def test_values_known_at_deployment_keep_the_logical_ids() -> None:
    """However many tokens there were before."""
    first = template(known_at_deployment)
    cdk.Token.as_string({"Ref": "Something"})

    assert template(known_at_deployment) == first
    assert of_the_login(set(first["Resources"])).keys() == OF_A_LOGIN


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
    user(stack, rotation_interval=interval)
    (schedule,) = resources(stack, "AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"ScheduleExpression": rate}


def test_without_an_interval_nothing_rotates(stack: cdk.Stack) -> None:
    user(stack, rotation_interval=None)
    assert resources(stack, "AWS::SecretsManager::RotationSchedule") == []


def each_resource(construct: IConstruct, change: Callable[[cdk.CfnResource], None]) -> None:
    for one in construct.node.find_all():
        if isinstance(one, cdk.CfnResource):
            change(one)


def chosen(resource: cdk.CfnResource) -> None:
    resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN


RETAINING: dict[str, Callable[[cdk.App], None]] = {
    "all": lambda app: cdk.RemovalPolicies.of(app).retain(),
    "all but new ones": lambda app: cdk.RemovalPolicies.of(app).retain_on_update_or_delete(),
    "what has no policy": lambda app: cdk.MissingRemovalPolicies.of(app).retain(),
    "custom resources": lambda app: cdk.RemovalPolicies.of(app).retain(
        apply_to_resource_types=["Custom::SesSmtpCredential"]
    ),
    "each resource": lambda app: each_resource(app, lambda one: one.apply_removal_policy(cdk.RemovalPolicy.RETAIN)),
    "by their options": lambda app: each_resource(app, chosen),
}


@pytest.mark.parametrize("retain", RETAINING.values(), ids=RETAINING)
def test_a_login_is_revoked_whatever_is_retained(
    app: cdk.App, stack: cdk.Stack, retain: Callable[[cdk.App], None]
) -> None:
    user(stack)
    retain(app)

    found = Template.from_stack(stack)
    (credential,) = found.find_resources("Custom::SesSmtpCredential").values()
    (schedule,) = found.find_resources("AWS::SecretsManager::RotationSchedule").values()
    assert [credential["DeletionPolicy"], schedule["DeletionPolicy"]] == ["Delete", "Delete"]
    assert warning_ids(stack) == []


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate", "Snapshot"])
def test_a_credential_that_is_to_be_retained_is_warned_of(app: cdk.App, stack: cdk.Stack, policy: str) -> None:
    user(stack)
    each_resource(app, lambda one: one.add_override("DeletionPolicy", policy))

    found = Template.from_stack(stack)
    (credential,) = found.find_resources("Custom::SesSmtpCredential").values()
    (retained,) = found.find_resources("AWS::IAM::User").values()
    assert (credential["DeletionPolicy"], retained["DeletionPolicy"]) == ("Delete", policy)
    assert warning_ids(stack) == ["ses-secure-user:retainedCredential"]


def test_a_policy_that_is_taken_away_leaves_the_credentials_own(stack: cdk.Stack) -> None:
    made = user(stack)
    each_resource(made, lambda one: one.add_deletion_override("DeletionPolicy"))

    (credential,) = Template.from_stack(stack).find_resources("Custom::SesSmtpCredential").values()
    assert credential["DeletionPolicy"] == "Delete"
    assert warning_ids(stack) == []
