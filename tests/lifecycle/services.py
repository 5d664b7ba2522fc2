"""What CloudFormation and Secrets Manager do, as far as the function can tell."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from ses_secure_user.issuer.lifecycle import CURRENT, PENDING, TAG_PREFIX
from tests.lifecycle.aws import Json, add_pending, holder, labels
from tests.lifecycle.world import FUNCTION_ARN, RESPONSE_URL, Delivery, Fault, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.secretsmanager.models import FakeSecret

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LOGIN = "login"
"""The secret's name."""

DAY = 86_400.0
SERVICE_TIMEOUT = 900.0
ROLLBACK = "tests: rollback"
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
        physical_id: What the function answered last as the credential's id.
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

    def begin_rollback(self, event: Json, delivery: Delivery) -> Json:
        """Go back to the old properties after an update; what it changed is then to be cleaned up."""
        old, new = event["OldResourceProperties"], event["ResourceProperties"]
        self._tag(old)
        answered = delivery.answers[0]["PhysicalResourceId"] if delivery.answers else None
        self.physical_id = answered or event["PhysicalResourceId"]
        return self.event("Update", old, new) | {ROLLBACK: True}

    def begin_delete(self) -> Json:
        assert self.now
        return self.event("Delete", self.now)

    # Going on from what the function answered.

    def follow(self, event: Json, delivery: Delivery, *, others_fail: bool = False, only_delete: bool = False) -> None:
        """Do what CloudFormation does next.

        Args:
            event: What it sent.
            delivery: What came of that.
            others_fail: Whether another resource of the operation failed.
            only_delete: Whether it then undoes a replacement by deleting the new one, without another Update.
        """
        answered = delivery.answers[0] if delivery.answers else {}
        if not answered:
            self.world.pass_time(SERVICE_TIMEOUT)
        worked = answered.get("Status") == "SUCCESS" and not others_fail
        replaced = answered.get("PhysicalResourceId") not in {None, event.get("PhysicalResourceId")}
        if only_delete and replaced and event["RequestType"] == "Update" and ROLLBACK not in event:
            self._tag(event["OldResourceProperties"])
            self._clean_up(event["OldResourceProperties"], event["ResourceProperties"], answered["PhysicalResourceId"])
            return
        after: Any = {"Create": self._created, "Update": self._updated, "Delete": self._deleted}[event["RequestType"]]
        after(event, worked, answered.get("PhysicalResourceId"))

    def create(self, wanted: Mapping[str, str], **how: Any) -> Delivery:  # noqa: ANN401 - as follow and deliver take
        return self._go(self.begin_create(wanted), **how)

    def update(self, wanted: Mapping[str, str], **how: Any) -> Delivery:  # noqa: ANN401
        return self._go(self.begin_update(wanted), **how)

    def finish(self, event: Json) -> Delivery:
        """Deliver an event and go on, where nothing goes wrong."""
        return self._go(event)

    def delete(self, **how: Any) -> Delivery:  # noqa: ANN401
        return self._go(self.begin_delete(), **how)

    def _go(self, event: Json, fault: Fault | None = None, *, others_fail: bool = False) -> Delivery:
        delivery = self.world.deliver(event, fault)
        self.follow(event, delivery, others_fail=others_fail)
        return delivery

    def _created(self, event: Json, worked: bool, answered_id: str | None) -> None:  # noqa: FBT001
        if worked:
            self.now, self.physical_id = event["ResourceProperties"], answered_id
            return
        self.physical_id = answered_id or f"{event['StackId']}-credential-INVENTED"
        self.now = event["ResourceProperties"]
        self.delete()

    def _updated(self, event: Json, worked: bool, answered_id: str | None) -> None:  # noqa: FBT001
        old, new = event["OldResourceProperties"], event["ResourceProperties"]
        before = event["PhysicalResourceId"]
        reached = answered_id or before
        if worked:
            self.now, self.physical_id = new, reached
            self._clean_up(new, old, before if reached != before else None)
            return
        if event.get(ROLLBACK):
            old, new = new, old
            self.physical_id = before
            self._rolled_back(old, new, self._insist(lambda: self.event("Update", old, new)))
            return
        self._tag(old)
        self.physical_id = reached
        self._rolled_back(old, new, self._insist(lambda: self.event("Update", old, new)))

    def _rolled_back(self, old: Json, new: Json, delivery: Delivery) -> None:
        reached, self.now = self.physical_id, old
        self.physical_id = delivery.answers[-1]["PhysicalResourceId"]
        self._clean_up(old, new, reached if reached != self.physical_id else None)

    def _clean_up(self, kept: Json, left: Json, left_id: str | None) -> None:
        """Delete what the update replaced; what cannot be deleted then is left behind."""
        deleted = not left_id or self.world.deliver(self.event("Delete", left, physical_id=left_id)).succeeded
        if left["UserName"] != kept["UserName"] and deleted:
            self._remove_user(left["UserName"])
        if left["SecretId"] != kept["SecretId"]:
            self._remove_secret(left["SecretId"])

    def _deleted(self, event: Json, worked: bool, _: str | None) -> None:  # noqa: FBT001
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
            world.memory.withdrawn.discard(wanted["UserName"])
        if wanted["SecretId"] not in world.aws.secrets.secrets:
            world.aws.secrets.create_secret(wanted["SecretId"], None, None, None, None, None, None, [], False)
            schedule(world.aws.secret(wanted["SecretId"]))
        self._tag(wanted)

    def _tag(self, wanted: Mapping[str, str]) -> None:
        secret = self.world.aws.secret(wanted["SecretId"])
        names = ("user-name", "region", "host", "port", "verify-login")
        values = (wanted[name] for name in ("UserName", "Region", "Host", "Port", "VerifyLogin"))
        tags = [{"Key": TAG_PREFIX + name, "Value": value} for name, value in zip(names, values, strict=True)]
        secret.tags = [*tags, {"Key": "team", "Value": "mail"}]

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
        self.world.memory.previous.pop(secret.name, None)


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
        """Label a new version as pending; one that a rotation did not finish is taken up again."""
        pending = holder(self.secret, PENDING)
        if pending and CURRENT not in labels(self.secret)[pending]:
            return pending
        self.world.memory.count += 1
        token = str(uuid.UUID(int=self.world.memory.count))
        add_pending(self.secret, token)
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
        """Rotate; a rotation that fails is tried again from its first step with the same version."""
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
