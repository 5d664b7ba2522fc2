"""The template deployed with CreateStack: creation, updates, rotation, rollback, deletion and proof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.aws import REGION, DeploymentFailed, LocalAws
from tests.cli.command import INSIDE, Command
from tests.deployed.test_deployment import leaks

if TYPE_CHECKING:
    from collections.abc import Iterator

Login = tuple[str, str]

OTHER_REGION = "eu-west-1"
HOST, FIPS_HOST = (f"email-smtp{fips}.{REGION}.amazonaws.com" for fips in ("", "-fips"))
ENDPOINT = "vpce-0123456789abcdef0"


class Stack:
    """A stack of the template, which can be deployed with other parameters."""

    def __init__(self, aws: LocalAws, name: str, text: str) -> None:
        self.aws, self.name, self.text = aws, name, text
        self.outputs: dict[str, str] = {}

    def deploy(self, **changed: str) -> None:
        self.aws.wait_for_rotations()
        given = {
            "Identity": "example.com",
            "FromAddresses": "noreply@example.com",
            "AllowedCidrs": "203.0.113.0/24",
        }
        self.outputs = self.aws.create(self.name, self.text, given | changed)

    def value(self, label: str = "AWSCURRENT") -> dict[str, Any]:
        return self.aws.value(self.outputs["SecretArn"], label)

    def login(self, label: str = "AWSCURRENT") -> Login:
        value = self.value(label)
        return value["username"], value["password"]

    def tags(self) -> dict[str, str]:
        """Return the user's tags."""
        tags = self.aws.client("iam").list_user_tags(UserName=self.outputs["User"])["Tags"]
        return {tag["Key"].partition(":")[2]: tag["Value"] for tag in tags if tag["Key"].startswith("ses-secure-user:")}

    def rotate(self) -> None:
        self.aws.wait_for_older_keys(self.outputs["User"])
        self.aws.rotate(self.outputs["SecretArn"])

    def works(self, login: Login, region: str = REGION) -> bool:
        return self.aws.login(*login, region=region)

    def broken(self) -> set[str]:
        """Return the claims that `ses-secure-user verify` finds broken from inside the allowed networks."""
        self.aws.send_from(INSIDE)
        return Command(self.aws, self.outputs["SecretArn"], self.outputs["User"]).broken("--inside")


@pytest.fixture
def stack(aws: LocalAws, text: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Create a stack, delete it after the test, and check that no resources and no leaks are left."""
    before = aws.leftovers()
    made = Stack(aws, request.node.originalname.title().replace("_", "")[:60], text)
    yield made
    aws.wait_for_rotations()
    aws.destroy(made.name)
    assert aws.leftovers() == before
    assert leaks(aws, made.name) == []


def test_it_is_created_rotated_proved_and_deleted(stack: Stack) -> None:
    stack.deploy()
    first = stack.login()
    assert stack.works(first)
    assert stack.broken() == set()
    assert stack.outputs["Host"] == HOST
    assert stack.outputs["Port"] == "465"

    stack.rotate()
    second = stack.login()
    assert stack.works(first)
    assert stack.works(second)
    stack.rotate()
    assert not stack.works(first)
    assert stack.broken() == set()

    stack.aws.destroy(stack.name)
    assert not stack.works(second)


@pytest.mark.parametrize(
    ("given", "region", "host", "port"),
    [
        ({}, REGION, HOST, 465),
        ({"SesRegion": OTHER_REGION}, OTHER_REGION, f"email-smtp.{OTHER_REGION}.amazonaws.com", 465),
        ({"SmtpHost": FIPS_HOST, "SmtpPort": "2587"}, REGION, FIPS_HOST, 2587),
    ],
    ids=["default", "region", "host and port"],
)
def test_the_endpoint_is_in_the_secret_and_the_tags(
    stack: Stack, given: dict[str, str], region: str, host: str, port: int
) -> None:
    stack.deploy(**given)

    assert stack.works(stack.login(), region)
    assert stack.value().items() >= {"region": region, "host": host, "port": port}.items()
    assert (stack.outputs["Host"], stack.outputs["Port"]) == (host, str(port))
    assert stack.tags() == {"secret": stack.outputs["SecretArn"], "region": region, "host": host, "port": str(port)}


@pytest.mark.parametrize(
    "changed",
    [
        {"FromAddresses": "billing@example.com,noreply@example.com"},
        {"AllowedCidrs": "203.0.113.0/25,198.51.100.7/32"},
        {"AllowedVpcEndpoints": ENDPOINT},
        {"Identity": "example.org", "FromAddresses": "noreply@example.org"},
        {"SandboxRecipient": "person@example.org"},
        {"RotationDays": "7"},
        {"SesRegion": REGION, "SmtpHost": HOST},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_parameter_can_be_changed_and_restored(stack: Stack, changed: dict[str, str]) -> None:
    """The login is kept, even if the new parameter names the endpoint that it already has."""
    stack.deploy()
    login = stack.login()

    stack.deploy(**changed)
    assert stack.login() == login
    assert stack.works(login)
    assert stack.broken() == set()

    stack.deploy()
    assert stack.login() == login
    assert stack.broken() == set()


def test_restrictions_can_be_added_and_removed(stack: Stack) -> None:
    stack.deploy()
    login, plain = stack.login(), _policy(stack)

    stack.deploy(AllowedRecipients="*@example.org", ConfigurationSet="transactional")
    restricted = _policy(stack)
    stack.deploy()

    assert "configuration-set/transactional" in restricted
    assert '"ForAnyValue:StringNotLike": {"ses:Recipients": ["*@example.org"]}' in restricted
    assert _policy(stack) == plain
    assert stack.login() == login
    assert stack.works(login)


def _policy(stack: Stack) -> str:
    iam = stack.aws.client("iam")
    arn = iam.get_user(UserName=stack.outputs["User"])["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return json.dumps(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def test_a_key_and_an_alarm_can_be_added_and_removed(stack: Stack) -> None:
    key = stack.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    topic = stack.aws.client("sns").create_topic(Name="alarms")["TopicArn"]
    stack.deploy()
    assert _alarms(stack) == []

    stack.deploy(EncryptionKey=key, AlarmTopic=topic)
    told = _alarms(stack)
    stack.deploy(EncryptionKey=key)

    secret = stack.aws.client("secretsmanager").describe_secret(SecretId=stack.outputs["SecretArn"])
    assert told == [[topic]]
    assert _alarms(stack) == []
    assert secret["KmsKeyId"] == key
    stack.rotate()
    assert stack.works(stack.login())
    stack.aws.client("sns").delete_topic(TopicArn=topic)


def _alarms(stack: Stack) -> list[list[str]]:
    """Return the actions of each alarm."""
    return [alarm["AlarmActions"] for alarm in stack.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"SesRegion": OTHER_REGION}, "Region and Host cannot be changed"),
        ({"SmtpHost": FIPS_HOST}, "Host cannot be changed"),
        ({"SmtpPort": "587"}, "Port cannot be changed"),
        ({"UserName": "courier"}, "UserName cannot be changed"),
        ({"UserName": ""}, "UserName cannot be changed"),
        ({"SecretName": "courier"}, "SecretId cannot be changed"),
        ({"SecretName": ""}, "SecretId cannot be changed"),
        ({"UserName": "courier", "SecretName": "courier"}, "UserName and SecretId cannot be changed"),
    ],
    ids=lambda given: "+".join(f"{name}={value}" for name, value in given.items()) if isinstance(given, dict) else "",
)
def test_a_change_of_the_login_is_refused_and_rolled_back(stack: Stack, changed: dict[str, str], reason: str) -> None:
    names = {"UserName": "postman", "SecretName": "postbox"}
    stack.deploy(**names)
    login, tags, left = stack.login(), stack.tags(), stack.aws.leftovers()

    with pytest.raises(DeploymentFailed, match=f"UPDATE_ROLLBACK_COMPLETE.*{reason}.*deploy another stack"):
        stack.deploy(**names | changed)

    assert (stack.login(), stack.tags(), stack.aws.leftovers()) == (login, tags, left)
    assert stack.works(login)
    stack.rotate()
    assert stack.works(stack.login())
    stack.deploy(**names, RotationDays="7")
    assert stack.broken() == set()


def test_an_update_that_the_function_refuses_is_rolled_back(stack: Stack) -> None:
    stack.deploy()
    before, policy = stack.login(), _policy(stack)

    with pytest.raises(DeploymentFailed, match="`allowed_cidrs` must contain networks without host bits"):
        stack.deploy(AllowedCidrs="203.0.113.5/24", FromAddresses="billing@example.com")

    assert stack.login() == before
    assert _policy(stack) == policy
    stack.rotate()
    assert stack.works(stack.login())
    assert stack.broken() == set()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AllowedCidrs", "203.0.113.5/24", "`allowed_cidrs` must contain networks without host bits"),
        (
            "FromAddresses",
            "noreply@example.org",
            "`from_address` must belong to an `identity`, got noreply@example.org",
        ),
        ("FromAddresses", "a@example.com,a@example.com", "`from_address` must name each entry once"),
        ("SmtpHost", f"email-smtp.{OTHER_REGION}.amazonaws.com", "`smtp_host` must be an endpoint of `ses_region`"),
    ],
)
def test_a_stack_that_the_function_refuses_leaves_nothing(stack: Stack, name: str, value: str, reason: str) -> None:
    before = stack.aws.leftovers()

    with pytest.raises(DeploymentFailed, match=reason):
        stack.deploy(**{name: value})

    assert stack.aws.leftovers() == before


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AllowedCidrs", "0.0.0.0/0", "Parameter AllowedCidrs failed to satisfy constraint: must be public networks"),
        ("AllowedCidrs", "", "AllowedCidrs must not be empty, unless AllowedVpcEndpoints or AllowedVpcs is given"),
        ("SmtpPort", "25", "Parameter SmtpPort failed to satisfy constraint: must be one of 465, 587, 2465, 2587"),
        ("SmtpHost", "smtp.example.com", "Parameter SmtpHost failed to satisfy constraint: must be a public SMTP"),
    ],
)
def test_a_parameter_that_is_refused_creates_no_stack(
    aws: LocalAws, text: str, name: str, value: str, reason: str
) -> None:
    before = aws.leftovers()

    with pytest.raises(DeploymentFailed, match=reason):
        Stack(aws, "Refused", text).deploy(**{name: value})

    assert aws.leftovers() == before
