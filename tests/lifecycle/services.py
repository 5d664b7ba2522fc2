"""What CloudFormation and Secrets Manager do, as far as the function can tell."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ses_secure_user.issuer.contract import TAGS, Declaration
from ses_secure_user.issuer.versions import CURRENT, PENDING
from tests.lifecycle.aws import Json, add_pending, holder, labels
from tests.lifecycle.invariants import RESPONSE_URL
from tests.lifecycle.world import FUNCTION_ARN, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.secretsmanager.models import FakeSecret

    from tests.lifecycle.delivery import Delivery
    from tests.lifecycle.faults import Fault

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LOGIN = "login"
"""The secret's name."""

DAY = 86_400.0
ROLLBACK = "tests: rollback"
SERVICE_TIMEOUT = 900.0
PATIENCE = 3
"""How often an operator tries a stack operation again, or Secrets Manager a rotation."""


def properties(user: str = "mailer", secret: str = LOGIN, region: str = "eu-west-1", **more: str) -> Json:
    """The credential's properties, as the template has them; the secret by its name."""
    return {
        "UserName": user,
        "SecretId": secret,
        "Region": region,
        "Host": f"email-smtp.{region}.amazonaws.com",
        "Port": "465",
        "FromAddress": "noreply@example.com",
        "VerifyLogin": "true",
    } | more


class Stack:
    """CloudFormation with one stack, in which there is one credential.

    Attributes:
        now: The properties of the last state that was reached, or None where there is no stack.
        physical_id: The credential's id.
    """

    def __init__(self, world: World, name: str = "stack") -> None:
        self.world = world
        self.now: Json | None = None
        self.physical_id: str | None = None
        world.memory.clients[name] = self

    # Beginning an operation: the resources the credential depends on are deployed, then its event is sent.

    def begin_create(self, wanted: Mapping[str, str]) -> Json:
        self._make(wanted)
        return self.event("Create", self.resolved(wanted))

    def begin_update(self, wanted: Mapping[str, str]) -> Json:
        assert self.now
        self._make(wanted)
        return self.event("Update", self.resolved(wanted), self.now)

    def begin_rollback(self, update: Json) -> Json:
        """Give an update up, whether it has ended or not, and go back to the old properties."""
        old, new = update["OldResourceProperties"], update["ResourceProperties"]
        if self.world.secret_first:
            self.tag(old)
        return self.event("Update", old, new) | {ROLLBACK: True}

    def begin_delete(self) -> Json:
        assert self.now
        return self.event("Delete", self.now)

    # Going on from what the function answered.

    def follow(self, event: Json, delivery: Delivery, *, others_fail: bool = False) -> None:
        """Do what CloudFormation does next, where perhaps another resource of the operation failed."""
        if not delivery.answers:
            self.world.pass_time(SERVICE_TIMEOUT)
        if event.get(ROLLBACK):
            self.rolled_back(event, delivery)
            return
        worked = delivery.succeeded and not others_fail
        after: Any = {"Create": self._created, "Update": self._updated, "Delete": self._deleted}[event["RequestType"]]
        after(event, delivery, worked)

    def create(self, wanted: Mapping[str, str], **how: Any) -> Delivery:  # noqa: ANN401 - as follow and deliver take
        return self._go(self.begin_create(wanted), **how)

    def update(self, wanted: Mapping[str, str], **how: Any) -> Delivery:  # noqa: ANN401
        return self._go(self.begin_update(wanted), **how)

    def delete(self, **how: Any) -> Delivery:  # noqa: ANN401
        return self._go(self.begin_delete(), **how)

    def _go(self, event: Json, fault: Fault | None = None, *, others_fail: bool = False) -> Delivery:
        delivery = self.world.deliver(event, fault)
        self.follow(event, delivery, others_fail=others_fail)
        return delivery

    def _created(self, event: Json, delivery: Delivery, worked: bool) -> None:  # noqa: FBT001
        answered = delivery.answers[0]["PhysicalResourceId"] if delivery.answers else None
        self.now = event["ResourceProperties"]
        self.physical_id = answered or f"{event['StackId']}-credential-INVENTED"
        if worked:
            self._check(delivery)
        else:
            self.delete()

    def _updated(self, event: Json, delivery: Delivery, worked: bool) -> None:  # noqa: FBT001
        if worked:
            self.now = event["ResourceProperties"]
            self._check(delivery)
        else:
            rollback = self.begin_rollback(event)
            self.rolled_back(rollback, self.world.deliver(rollback))

    def rolled_back(self, rollback: Json, delivery: Delivery) -> None:
        """Go on from a rollback: where it failed, an operator has it continued."""
        old, new = rollback["ResourceProperties"], rollback["OldResourceProperties"]
        if not delivery.succeeded:
            if not delivery.answers:
                self.world.pass_time(SERVICE_TIMEOUT)
            delivery = self._insist(lambda: self.event("Update", old, new))
        self.tag(old)
        self.now = old
        self._check(delivery)
        for name, remove in (("UserName", self._remove_user), ("SecretId", self._remove_secret)):
            if old[name] != new[name]:
                remove(new[name])

    def _check(self, delivery: Delivery) -> None:
        assert self.now
        self.world.check_declared(self.world.aws.secret(self.now["SecretId"]), self.now, delivery.story)
        assert not self.world.broken, "\n".join(self.world.broken)

    def _deleted(self, event: Json, _: Delivery, worked: bool) -> None:  # noqa: FBT001
        user_name = event["ResourceProperties"]["UserName"]
        conflict = self.world.aws.keys(user_name) and user_name not in self.world.memory.gone
        if not worked or conflict:
            self._insist(lambda: self.event("Delete", event["ResourceProperties"]))
        self._remove_user(user_name)
        self._remove_secret(event["ResourceProperties"]["SecretId"])
        self.now = self.physical_id = None
        self.world.memory.tampered = False

    def _insist(self, make_event: Any) -> Delivery:  # noqa: ANN401
        """An operator tries a failed roll-back or deletion again, until it works."""
        for _ in range(PATIENCE):
            delivery = self.world.deliver(make_event())
            if delivery.succeeded:
                return delivery
            self.world.pass_time(600)
        raise AssertionError(f"stuck: {delivery.reason}")

    def event(self, kind: str, new: Json, old: Json | None = None, *, physical_id: str | None = None) -> Json:
        self.world.memory.count += 1
        event: Json = {
            "RequestType": kind,
            "ServiceToken": FUNCTION_ARN,
            "ResponseURL": RESPONSE_URL,
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/mail/5f2b",
            "RequestId": str(uuid.UUID(int=self.world.memory.count)),
            "ResourceType": "Custom::SesSmtpCredential",
            "LogicalResourceId": "MailerCredential",
            "ResourceProperties": new,
        }
        if kind != "Create":
            event["PhysicalResourceId"] = physical_id or self.physical_id
        return event | ({"OldResourceProperties": old} if old else {})

    # The user and the secret beside the credential.

    def _make(self, wanted: Mapping[str, str]) -> None:
        world = self.world
        if wanted["UserName"] not in world.aws.iam.users:
            world.aws.iam.create_user("us-east-1", wanted["UserName"])
            world.memory.gone.discard(wanted["UserName"])
            world.memory.revoked.discard(wanted["UserName"])
        if wanted["SecretId"] not in world.aws.secrets.secrets:
            world.aws.secrets.create_secret(wanted["SecretId"], None, None, None, None, None, None, [], False)
            schedule(world.aws.secret(wanted["SecretId"]))
        self.tag(wanted)

    def tag(self, wanted: Mapping[str, str]) -> None:
        """Give the secret its tags, beside which it may have others."""
        tags = Declaration.from_properties(wanted).named(TAGS) | {"team": "mail"}
        self.world.aws.secret(wanted["SecretId"]).tags = [{"Key": key, "Value": value} for key, value in tags.items()]

    def resolved(self, wanted: Mapping[str, str]) -> Json:
        return {**wanted, "SecretId": self.world.aws.secret(wanted["SecretId"]).arn, "ServiceToken": FUNCTION_ARN}

    def _remove_user(self, user_name: str) -> None:
        if user_name not in self.world.aws.iam.users:
            return
        assert not self.world.aws.keys(user_name), "DeleteConflict"
        self.world.aws.iam.delete_user(user_name)

    def _remove_secret(self, secret_id: str) -> None:
        secret = self.world.aws.secret(secret_id)
        self.world.aws.secrets.secrets.pop(secret_id)
        self.world.memory.good.discard(secret.name)


def schedule(secret: FakeSecret, function_arn: str = FUNCTION_ARN) -> None:
    """What a rotation schedule leaves on a secret."""
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = function_arn


class Rotation:
    """Secrets Manager's rotation of one secret."""

    def __init__(self, world: World, secret_name: str = LOGIN) -> None:
        self.world = world
        self.name = secret_name

    @property
    def secret(self) -> FakeSecret:
        return self.world.aws.secret(self.name)

    def begin(self) -> str:
        """Label a new version as pending; one that a rotation did not finish is, perhaps, taken up again."""
        assert not self.world.is_stray(self.secret), "RotateSecret refuses: AWSPENDING is on a version of no rotation"
        pending = holder(self.secret, PENDING)
        if self.world.token_kept and pending and CURRENT not in labels(self.secret)[pending]:
            return pending
        self.world.memory.count += 1
        token = str(uuid.UUID(int=self.world.memory.count))
        add_pending(self.secret, token)
        self.world.memory.rotations.add(token)
        return token

    def event(self, step: str, token: str) -> Json:
        return {"Step": step, "SecretId": self.secret.arn, "ClientRequestToken": token}

    def step(self, step: str, token: str, fault: Fault | None = None) -> Delivery:
        return self.world.deliver(self.event(step, token), fault)

    def steps(self, token: str, last: str = "finishSecret") -> Delivery:
        """Run the steps as far as they succeed."""
        for step in STEPS:
            delivery = self.step(step, token)
            if not delivery.succeeded or step == last:
                break
        return delivery

    def run(self, attempts: int = PATIENCE) -> Delivery:
        """Rotate; a rotation that fails is tried again from its first step."""
        for _ in range(attempts):
            delivery = self.steps(self.begin())
            if delivery.succeeded:
                break
            self.world.pass_time(600)
        return delivery

    def try_out(self) -> Delivery:
        """What a new schedule does that does not rotate at once: one step on a version without a value."""
        token = self.begin()
        delivery = self.step("testSecret", token)
        self.secret.versions.pop(token)
        return delivery
