"""Deployments of the construct: the resources and logins after each, and cleanup."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ssm as ssm

from local_aws.aws import ACCOUNT, REGION, DeploymentFailed, LocalAws
from tests.cases.users import stack_of, user

OTHER_REGION = "eu-west-1"
MISSING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:missing"

Login = tuple[str, str]


class Mailer:
    """A stack with one user, which can be deployed with other properties."""

    def __init__(self, aws: LocalAws, stack_name: str) -> None:
        self.aws = aws
        self.stack_name = stack_name
        self.outputs: dict[str, str] = {}

    def app(self, *, failing: bool = False, users: tuple[str, ...] = ("Mailer",), **changed: Any) -> cdk.App:  # noqa: ANN401
        """Return an app with these users. With ``failing``, a resource fails after all logins are issued."""
        app = cdk.App(analytics_reporting=False)
        stack = stack_of(app, self.stack_name)
        made = {name: user(stack, name, **changed) for name in users}
        for name, mailer in made.items():
            cdk.CfnOutput(stack, f"{name}Secret", value=mailer.secret.secret_arn)
            cdk.CfnOutput(stack, f"{name}User", value=mailer.user.user_name)
        if failing:
            cdk.CustomResource(stack, "Failing", service_token=MISSING).node.add_dependency(*made.values())
        return app

    def deploy(self, **changed: Any) -> None:  # noqa: ANN401 - any property
        self.outputs = self.aws.deploy(self.app(**changed), region=REGION)

    def login(self, label: str = "AWSCURRENT", name: str = "Mailer") -> Login:
        value = self.value(label, name)
        return value["username"], value["password"]

    def value(self, label: str = "AWSCURRENT", name: str = "Mailer") -> dict[str, Any]:
        return self.aws.value(self.outputs[f"{name}Secret"], label)

    def rotate(self, **expected: Any) -> None:  # noqa: ANN401 - what the rotation is expected to do
        self.aws.wait_for_older_keys(self.outputs["MailerUser"])
        self.aws.rotate(self.outputs["MailerSecret"], **expected)

    def keys(self, name: str = "Mailer") -> list[str]:
        return self.aws.keys(self.outputs[f"{name}User"])

    def works(self, login: Login, region: str = REGION) -> bool:
        return self.aws.login(*login, region=region)


@pytest.fixture
def mailer(aws: LocalAws, request: pytest.FixtureRequest) -> Iterator[Mailer]:
    """Create a stack, destroy it after the test, and check that no resources and no leaks are left."""
    before = aws.leftovers()
    mailer = Mailer(aws, "".join(word.title() for word in re.findall(r"[a-z]+", request.node.name))[:60])
    yield mailer
    aws.smtp_up()
    aws.refuse_first_logins(0)
    aws.wait_for_rotations()
    aws.destroy(mailer.stack_name)
    assert aws.leftovers() == before
    assert leaks(aws, mailer.stack_name) == []


def leaks(aws: LocalAws, stack_name: str) -> list[str]:
    """Return the places that contain a key or password and should not."""
    texts = {"logs": aws.logs(), "events": json.dumps(aws.events(stack_name), default=str)}
    return [place for place, text in texts.items() if aws.leaked_in(text)]


def test_a_deployed_user_can_log_in(mailer: Mailer) -> None:
    mailer.deploy()

    assert mailer.works(mailer.login())
    assert mailer.value() == {
        "username": mailer.keys()[0],
        "password": mailer.login()[1],
        "host": "email-smtp.us-east-1.amazonaws.com",
        "port": 465,
        "region": REGION,
        "iam_user": mailer.outputs["MailerUser"],
        "url": f"smtps://{mailer.keys()[0]}:{quote(mailer.login()[1], safe='')}@email-smtp.us-east-1.amazonaws.com:465",
    }
    assert len(mailer.keys()) == 1
    assert not mailer.works((mailer.login()[0], "x" * 44))


def test_the_password_is_not_valid_in_another_region(mailer: Mailer) -> None:
    mailer.deploy()

    assert not mailer.works(mailer.login(), region=OTHER_REGION)


def test_a_login_is_current_only_once_ses_accepts_its_key(mailer: Mailer) -> None:
    mailer.aws.refuse_first_logins(2)

    mailer.deploy()

    assert mailer.works(mailer.login())


def test_a_deployment_without_changes_changes_nothing(mailer: Mailer) -> None:
    mailer.deploy()
    login = mailer.login()

    mailer.deploy()

    assert mailer.login() == login


def test_a_change_of_the_restrictions_keeps_the_login(mailer: Mailer) -> None:
    mailer.deploy()
    login = mailer.login()

    mailer.deploy(allowed_cidrs=["198.51.100.0/24"])

    assert mailer.login() == login
    assert mailer.works(login)


def test_another_from_address_keeps_the_login(mailer: Mailer) -> None:
    mailer.deploy()
    before = mailer.login()

    mailer.deploy(from_address="billing@example.com")

    assert mailer.login() == before
    assert mailer.works(before)


def test_rotation_keeps_the_previous_login_valid_until_the_next(mailer: Mailer) -> None:
    mailer.deploy()
    logins = [mailer.login()]

    for _ in range(3):
        mailer.rotate()

        logins.append(mailer.login())
        assert [mailer.works(login) for login in logins] == [False] * (len(logins) - 2) + [True, True]
        assert mailer.login("AWSPREVIOUS") == logins[-2]

    assert len(mailer.keys()) == 2


def test_a_deployment_after_a_rotation_keeps_the_logins(mailer: Mailer) -> None:
    mailer.deploy()
    mailer.rotate()
    current, previous = mailer.login(), mailer.login("AWSPREVIOUS")

    mailer.deploy(allowed_cidrs=["198.51.100.0/24"])

    assert (mailer.login(), mailer.login("AWSPREVIOUS")) == (current, previous)
    assert mailer.works(current)
    assert mailer.works(previous)


def test_a_rotation_during_a_deployment_leaves_a_login(mailer: Mailer) -> None:
    mailer.deploy()
    before = mailer.login()
    mailer.aws.refuse_first_logins(1)
    mailer.aws.wait_for_rotations()

    mailer.aws.client("secretsmanager").rotate_secret(SecretId=mailer.outputs["MailerSecret"])
    mailer.deploy(from_address="billing@example.com")
    mailer.aws.wait_for_rotations()

    assert mailer.works(mailer.login())
    assert mailer.works(before)


def test_a_rotation_with_the_endpoint_down_changes_nothing(mailer: Mailer) -> None:
    """The next rotation repairs it."""
    mailer.deploy()
    mailer.rotate()
    current, previous = mailer.login(), mailer.login("AWSPREVIOUS")

    mailer.aws.smtp_down()
    mailer.rotate(expect="failure")
    mailer.aws.smtp_up()

    assert mailer.login() == current
    assert mailer.works(current)
    assert not mailer.works(previous)

    mailer.rotate()

    assert mailer.works(mailer.login())
    assert mailer.works(current)
    assert mailer.login("AWSPREVIOUS") == current


def test_a_failed_replacement_keeps_the_old_login(mailer: Mailer) -> None:
    """It fails at another resource after the new login was issued."""
    mailer.deploy()
    mailer.rotate()
    current, left = mailer.login(), mailer.aws.leftovers()

    with pytest.raises(DeploymentFailed):
        mailer.deploy(ses_region=OTHER_REGION, failing=True)

    assert mailer.login() == current
    assert mailer.works(current)
    assert mailer.aws.leftovers() == left

    mailer.rotate()

    assert mailer.works(current)
    assert mailer.works(mailer.login())


CHANGES: dict[str, dict[str, Any]] = {
    "the port": {"smtp_port": 587},
    "the host": {"smtp_host": "email-smtp-fips.us-east-1.amazonaws.com"},
    "the fields": {"secret_fields": {"username": "SMTP_USERNAME"}},
    "the user's name": {"user_name": "courier"},
    "the secret's name": {"secret_name": "courier"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_login_replaces_the_old_one(mailer: Mailer, change: str) -> None:
    """The same deployment deletes the old login with its user and secret."""
    mailer.deploy(user_name="postman", secret_name="postman") if "name" in change else mailer.deploy()
    before, user_name = mailer.login(), mailer.outputs["MailerUser"]
    others = {"user_name": "another", "secret_name": "another"} if "name" in change else {}

    mailer.deploy(**others | CHANGES[change])

    assert mailer.outputs["MailerUser"] != user_name
    assert mailer.works(mailer.login())
    assert not mailer.works(before)

    mailer.rotate()

    assert mailer.works(mailer.login())


def test_another_region_gets_another_password(mailer: Mailer) -> None:
    mailer.deploy()
    before = mailer.login()

    mailer.deploy(ses_region=OTHER_REGION)

    assert mailer.works(mailer.login(), region=OTHER_REGION)
    assert not mailer.works(mailer.login())
    assert not mailer.works(before)

    mailer.rotate()

    assert mailer.works(mailer.login(), region=OTHER_REGION)


def test_a_name_cannot_be_kept_in_a_replacement(mailer: Mailer) -> None:
    """This applies to all named resources. The old login still works."""
    mailer.deploy(user_name="postman")
    before = mailer.login()

    with pytest.raises(DeploymentFailed, match="already exists"):
        mailer.deploy(user_name="postman", smtp_port=587)

    assert mailer.works(before)


def test_a_new_path_of_the_user_keeps_the_login(mailer: Mailer) -> None:
    """The permissions of the function are updated, so it can rotate the login."""
    mailer.deploy(user_path="/mail/")
    before = mailer.login()
    assert mailer.works(before)
    assert _path(mailer) == "/mail/"

    mailer.deploy(user_path="/post/office/")

    assert _path(mailer) == "/post/office/"
    assert mailer.login() == before

    mailer.rotate()

    assert mailer.works(mailer.login())
    assert mailer.works(before)


def _path(mailer: Mailer) -> str:
    found = mailer.aws.client("iam").get_user(UserName=mailer.outputs["MailerUser"])["User"]
    assert found["Arn"].endswith(f":user{found['Path']}{found['UserName']}")
    return str(found["Path"])


def test_a_reader_follows_a_replaced_login(mailer: Mailer) -> None:
    """References to the secret in the app get the new secret. The test uses the CDK CLI."""

    def app(**changed: Any) -> cdk.App:  # noqa: ANN401 - any property
        made = cdk.App(analytics_reporting=False)
        stack = stack_of(made, mailer.stack_name)
        deployed = user(stack, "Mailer", **changed)
        ssm.CfnParameter(stack, "Reader", name="reader", type="String", value=deployed.secret.secret_arn)
        cdk.CfnOutput(stack, "MailerSecret", value=deployed.secret.secret_arn)
        return made

    def read() -> Login:
        arn = mailer.aws.client("ssm").get_parameter(Name="reader")["Parameter"]["Value"]
        value = mailer.aws.value(arn)
        return value["username"], value["password"]

    mailer.aws.bootstrap()
    _run(mailer.aws, "deploy", app=app())
    before = read()
    assert mailer.works(before)

    _run(mailer.aws, "deploy", app=app(smtp_port=587))

    assert read() != before
    assert mailer.works(read())
    assert not mailer.works(before)


def test_a_first_deployment_without_rollback_is_repaired(mailer: Mailer) -> None:
    mailer.aws.bootstrap()
    mailer.aws.smtp_down()
    failed = mailer.aws.cdk("deploy", "--no-rollback", "--require-approval", "never", app=mailer.app())
    assert failed.returncode
    assert "check `smtp_host` and `smtp_port`" in failed.stderr + failed.stdout
    mailer.aws.smtp_up()

    _run(mailer.aws, "deploy", "--no-rollback", app=mailer.app())

    mailer.deploy()
    assert mailer.works(mailer.login())

    mailer.rotate()

    assert mailer.works(mailer.login())


def _run(aws: LocalAws, *command: str, app: cdk.App) -> None:
    done = aws.cdk(*command, "--require-approval", "never", app=app)
    assert done.returncode == 0, done.stderr


def test_another_id_creates_all_resources_next_to_the_old(mailer: Mailer) -> None:
    mailer.deploy(users=("Postman",), user_name="postman")
    before = mailer.login(name="Postman")

    mailer.deploy(users=("Courier",), user_name="courier")

    assert mailer.outputs["CourierUser"] == "courier"
    assert mailer.works(mailer.login(name="Courier"))
    assert not mailer.works(before)


def test_a_rotation_works_after_a_deployment_that_failed(mailer: Mailer) -> None:
    mailer.deploy()
    mailer.rotate()
    mailer.aws.smtp_down()
    with pytest.raises(DeploymentFailed, match="check `smtp_host` and `smtp_port`"):
        mailer.deploy(ses_region=OTHER_REGION)
    mailer.aws.smtp_up()
    before = mailer.login()

    mailer.rotate()

    assert mailer.login() != before
    assert mailer.works(before)


def test_removing_one_of_two_users_deletes_its_keys(mailer: Mailer) -> None:
    mailer.deploy(users=("Orders", "Alerts"))
    logins = {name: mailer.login(name=name) for name in ("Orders", "Alerts")}
    assert all(mailer.works(login) for login in logins.values())

    mailer.deploy(users=("Alerts",))

    assert not mailer.works(logins["Orders"])
    assert mailer.login(name="Alerts") == logins["Alerts"]
    assert mailer.works(logins["Alerts"])

    mailer.aws.rotate(mailer.outputs["AlertsSecret"])

    assert mailer.works(mailer.login(name="Alerts"))


def test_a_deployment_without_an_endpoint_leaves_nothing(mailer: Mailer) -> None:
    """The reason names what to check."""
    before = mailer.aws.leftovers()
    mailer.aws.smtp_down()

    with pytest.raises(DeploymentFailed, match="check `smtp_host` and `smtp_port`"):
        mailer.deploy()

    assert mailer.aws.leftovers() == before


def test_a_failed_first_deployment_leaves_nothing(mailer: Mailer) -> None:
    before = mailer.aws.leftovers()

    with pytest.raises(DeploymentFailed):
        mailer.deploy(failing=True)

    assert mailer.aws.leftovers() == before


def test_a_key_made_by_hand_is_deleted_with_the_stack(mailer: Mailer) -> None:
    """The fixture `mailer` checks this after it destroys the stack."""
    mailer.deploy()

    mailer.aws.client("iam").create_access_key(UserName=mailer.outputs["MailerUser"])

    assert len(mailer.keys()) == 2


def test_a_retained_secret_holds_a_login_that_is_revoked(mailer: Mailer) -> None:
    """The secret stays; the user, its keys and the schedule go with the stack."""
    mailer.deploy(removal_policy=cdk.RemovalPolicy.RETAIN)
    login, secret = mailer.login(), mailer.outputs["MailerSecret"]
    secrets = mailer.aws.client("secretsmanager")

    mailer.aws.destroy(mailer.stack_name)

    described = secrets.describe_secret(SecretId=secret)
    assert not mailer.works(login)
    assert mailer.value()["username"] == login[0]
    assert any(tag["Key"].startswith("ses-secure-user:revoked:") for tag in described["Tags"])
    assert not described.get("RotationEnabled")
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
