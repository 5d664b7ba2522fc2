"""The custom resource: its properties, the changes that replace it, and the rotation schedule."""

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
"""The construct ids of the resources that are replaced together with a login."""

Json = dict[str, Any]
Properties = Callable[[cdk.Stack], Json]


def template(properties: Properties, env: cdk.Environment | None = HERE) -> Json:
    """Return the template of a user in a new app. The properties can be constructs of its stack."""
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    stack = cdk.Stack(app, "Stack", env=env)
    user(stack, **properties(stack))
    return dict(Template.from_stack(stack).to_json())


def logical_ids(properties: Properties, env: cdk.Environment | None = HERE) -> set[str]:
    return set(template(properties, env)["Resources"])


def of_the_login(ids: set[str]) -> dict[str, str]:
    """Return the logical ids of the resources that belong to a login, by construct id."""
    found = {one: re.match("Mailer(?P<name>[A-Z][a-z]+)", one) for one in ids}
    return {match["name"]: one for one, match in found.items() if match}


def unchanged(_: cdk.Stack) -> Json:
    return {}


def test_the_tags_of_the_user_declare_its_login(stack: cdk.Stack) -> None:
    """Only CloudFormation writes these tags. The function may not, and the secret has no such tags."""
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


def test_the_properties_declare_the_same_to_the_function(stack: cdk.Stack) -> None:
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


def test_networks_known_at_deployment_are_passed_on(stack: cdk.Stack) -> None:
    """All other networks are passed on too, because together they may cover the whole internet."""
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
def test_another_login_is_created_next_to_the_old_one(changed: Json) -> None:
    """So is the access policy: the role needs the old one to delete the old user's keys in the cleanup."""
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
def test_other_properties_are_changed_in_place(properties: Properties) -> None:
    assert logical_ids(unchanged) <= logical_ids(properties)


def issued_by(stack_id: str, issuer_id: str) -> dict[str, str]:
    """Return the resources of a login whose issuer is in this stack or in another one."""

    def properties(stack: cdk.Stack) -> Json:
        home = stack if stack_id == "Stack" else cdk.Stack(cdk.App.of(stack), stack_id, env=HERE)
        return {"issuer": CredentialIssuer(home, issuer_id)}

    return of_the_login(logical_ids(properties))


@pytest.mark.parametrize("there", [("Stack", "Second"), ("One", "First"), ("Two", "First")])
def test_another_issuer_makes_another_login(there: tuple[str, str]) -> None:
    """This includes an issuer in another stack, where the function has the same logical id."""
    before = issued_by("Stack", "First")
    assert before.items().isdisjoint(issued_by(*there).items())


def test_issuers_of_different_stacks_are_different() -> None:
    assert issued_by("One", "Issuer").items().isdisjoint(issued_by("Two", "Issuer").items())


def test_a_stack_can_be_given_its_region_later() -> None:
    assert logical_ids(unchanged, env=None) == logical_ids(unchanged, env=HERE)


def known_at_deployment(stack: cdk.Stack) -> Json:
    text = cdk.CfnParameter(stack, "Text").value_as_string
    port = cdk.Token.as_number(cdk.CfnParameter(stack, "Port"))
    return {"ses_region": text, "smtp_host": text, "smtp_port": port, "user_name": text, "secret_name": text}


def test_values_known_at_deployment_keep_the_logical_ids() -> None:
    """The ids do not depend on the number of tokens."""
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
def test_a_login_is_revoked_even_if_resources_are_retained(
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
def test_retaining_the_credential_draws_a_warning(app: cdk.App, stack: cdk.Stack, policy: str) -> None:
    user(stack)
    each_resource(app, lambda one: one.add_override("DeletionPolicy", policy))

    found = Template.from_stack(stack)
    (credential,) = found.find_resources("Custom::SesSmtpCredential").values()
    (retained,) = found.find_resources("AWS::IAM::User").values()
    assert (credential["DeletionPolicy"], retained["DeletionPolicy"]) == ("Delete", policy)
    assert warning_ids(stack) == ["ses-secure-user:retainedCredential"]


def test_removing_a_removal_policy_keeps_the_credentials_own(stack: cdk.Stack) -> None:
    made = user(stack)
    each_resource(made, lambda one: one.add_deletion_override("DeletionPolicy"))

    (credential,) = Template.from_stack(stack).find_resources("Custom::SesSmtpCredential").values()
    assert credential["DeletionPolicy"] == "Delete"
    assert warning_ids(stack) == []
