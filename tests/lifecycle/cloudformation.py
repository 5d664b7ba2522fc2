"""CloudFormation and Secrets Manager's rotation, as the function sees them."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from tests.lifecycle.account import CURRENT, Json, Secret, User
from tests.lifecycle.invariants import RESPONSE_URL, SECRET_TAG
from tests.lifecycle.world import FUNCTION_ARN, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.delivery import Delivery
    from tests.lifecycle.faults import Fault

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
SERVICE_TIMEOUT = 900.0
PATIENCE = 4
"""The number of retries of a stack operation by an operator, or of a rotation by Secrets Manager."""
KINDS = ("Secret", "User", "Credential", "Rotation", "Other")
"""The resources, in order of creation. `Other` stands for the other resources of the stack, which may fail."""
FAILED = "failed"


class LimitError(Exception):
    """An exception: the open limit in docs/design.md was reached."""


def login(region: str = "eu-west-1", **more: str) -> Json:
    """Return the properties of a login in a template."""
    host = f"email-smtp.{region}.amazonaws.com"
    return {"Region": region, "Host": host, "Port": "465"} | more


@dataclass
class Resource:
    """A resource of a stack.

    Attributes:
        name: The name of the user, the ARN of the secret, or the physical id of the credential.
        given: The properties.
        status: The error status; empty if there is none.
        failed: Former resources with the same logical id whose Create failed and that are not deleted yet.
        create: For a credential, the name of its Create in the secret's tags.
    """

    name: str
    given: Json
    status: str = ""
    failed: list[Resource] = field(default_factory=list)
    create: str = ""


@dataclass(frozen=True)
class Trouble:
    """The failures in one stack operation.

    Attributes:
        fault: The fault of the credential's event.
        others_fail: True if another resource fails after the credential.
        given_up_after: The seconds after which CloudFormation stops waiting for the credential's event, or None.
        again_after: The seconds after which Lambda delivers the event again, or None.
        cleanup: The fault of the Deletes in the cleanup.
    """

    fault: Fault | None = None
    others_fail: bool = False
    given_up_after: float | None = None
    again_after: float | None = None
    cleanup: Trouble | None = None


SMOOTH = Trouble()


class Stack:
    """CloudFormation with one stack.

    Attributes:
        wanted: The properties in the template of the last successful operation, or None.
        resources: The resources, by logical id.
        last: The last event of the credential, and its delivery.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.wanted: Json = {}
        self.resources: dict[str, Resource] = {}
        self.last: list[Delivery] = []
        self._stable: dict[str, Json] = {}
        world.stacks.append(self)

    def _only(self, kind: str) -> Resource:
        return self.resources[kind + digest(self.wanted)]

    @property
    def secret(self) -> Secret:
        return self.world.account.secrets[self._only("Secret").name]

    @property
    def user_name(self) -> str:
        return self._only("User").name

    @property
    def credential(self) -> Resource:
        """The first credential, including one of a failed deployment."""
        return next(one for name, one in self.resources.items() if name.startswith("Credential"))

    def deletion(self) -> Json:
        """Return the Delete event of the credential."""
        return self.event("Delete", self.credential.given, physical_id=self.credential.name)

    @property
    def delivery(self) -> Delivery:
        """The delivery of the credential's last event."""
        return self.last[-1]

    # Operations

    def deploy(self, wanted: Json, trouble: Trouble = SMOOTH, *, rollback: bool = True) -> bool:
        """Create or update the stack. Return True if the operation succeeded."""
        fixed = {kind + digest(wanted): kind for kind in KINDS}
        for logical_id, kind in fixed.items():
            if not self._make(logical_id, kind, wanted, trouble):
                if rollback:
                    self._roll_back(trouble.cleanup or SMOOTH)
                return False
        self.wanted, self._stable = wanted, {name: self.resources[name].given for name in fixed}
        self._clean_up(trouble.cleanup or SMOOTH)
        self._check()
        return True

    def delete(self, trouble: Trouble = SMOOTH) -> None:
        """Delete the stack. If it fails, an operator retries."""
        for logical_id in [*self.resources][::-1]:
            self._remove(logical_id, trouble)
        self.wanted, self._stable = {}, {}
        self.world.require_whole()

    # Resources

    def _make(self, logical_id: str, kind: str, wanted: Json, trouble: Trouble) -> bool:
        now = self.resources.get(logical_id)
        given = self._given(kind, wanted)
        if now is None or (now.status and kind == "Credential" and now.status == FAILED):
            return self._create(logical_id, kind, given, trouble)
        if now.given == given and not now.status:
            return not (kind == "Other" and trouble.others_fail)
        return self._update(now, kind, given, trouble)

    def _given(self, kind: str, wanted: Json) -> Json:
        named = {key: one.name for key in ("Secret", "User") if (one := self.resources.get(key + digest(wanted)))}
        declared = {
            name: text for name, text in wanted.items() if name in {"Region", "Host", "Port", "Fields"} and text
        }
        return {
            "Secret": {},
            "User": {"Secret": named.get("Secret"), **declared},
            "Credential": {
                "ServiceToken": FUNCTION_ARN,
                "UserName": named.get("User"),
                "SecretId": named.get("Secret"),
                **declared,
            },
            "Rotation": {},
            "Other": {key: text for key, text in wanted.items() if key not in declared},
        }[kind]

    def _create(self, logical_id: str, kind: str, given: Json, trouble: Trouble) -> bool:
        world, account = self.world, self.world.account
        world.memory.count += 1
        number = world.memory.count
        if kind == "Secret":
            made = account.make_secret(f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:login-{number:06d}")
            self.resources[logical_id] = Resource(made.arn, given)
        elif kind == "User":
            account.users[f"mailer-{number}"] = User(f"mailer-{number}", tags(given))
            self.resources[logical_id] = Resource(f"mailer-{number}", given)
        elif kind == "Credential":
            return self._create_credential(logical_id, given, trouble)
        elif kind == "Rotation":
            secret = self.resources[logical_id.replace(kind, "Secret")].name
            account.secrets[secret].rotated_by = FUNCTION_ARN
            self.resources[logical_id] = Resource(secret, given)
        else:
            self.resources[logical_id] = Resource("other", given)
            return not trouble.others_fail
        return True

    def _create_credential(self, logical_id: str, given: Json, trouble: Trouble) -> bool:
        former = self.resources.get(logical_id)
        waiting = [*former.failed, replace(former, failed=[])] if former else []
        if waiting and self.world.deleted_first:
            self.world.memory.revoked.add(given["UserName"])
            for one in waiting:
                self._send_delete(one, trouble.cleanup or SMOOTH)
            self.world.memory.revoked.discard(given["UserName"])
            self.world.memory.good.discard(given["SecretId"])
            waiting = []
        event = self.event("Create", given)
        status, name = self._send(event, trouble)
        worked = status == "SUCCESS"
        create = str(uuid.uuid5(uuid.NAMESPACE_URL, event["RequestId"]))[:8]
        self.resources[logical_id] = Resource(name, given, "" if worked else FAILED, waiting, create)
        return worked

    def _update(self, now: Resource, kind: str, given: Json, trouble: Trouble) -> bool:
        """Update a resource in place. For a user, only tags that differ are changed."""
        old, now.given = now.given, given
        if kind == "User":
            there = self.world.account.users[now.name].tags
            there |= dict(tags(given).items() - tags(old).items())
            for key in tags(old).keys() - tags(given).keys():
                there.pop(key, None)
        if kind != "Credential":
            return not (kind == "Other" and trouble.others_fail)
        status, _ = self._send(self.event("Update", given, old, now.name), trouble)
        now.status = "" if status == "SUCCESS" else "update failed"
        if now.status:
            now.given = old
        return not now.status

    def _roll_back(self, trouble: Trouble) -> None:
        """Revert in-place updates, then delete the resources created since the last successful operation."""
        for logical_id, given in self._stable.items():
            now = self.resources[logical_id]
            if now.status or now.given != given:
                self._insist(partial(self._update, now, logical_id[:-4], given, SMOOTH))
        self._clean_up(trouble)
        if self.wanted:
            self._check()
        self.world.require_whole()

    def _clean_up(self, trouble: Trouble) -> None:
        for logical_id in [*self.resources][::-1]:
            if logical_id not in self._stable:
                self._remove(logical_id, trouble)
        for resource in self.resources.values():
            for one in resource.failed:
                self._mind_limit(one)
                self._send_delete(one, trouble)
            resource.failed = []

    def _mind_limit(self, failed: Resource) -> None:
        """Raise an error at the open limit: the Delete of a Create that never wrote a tag comes after the next
        Create."""
        if "|" not in failed.name and f"ses-secure-user:created:{failed.create}" not in self.secret.tags:
            raise LimitError

    def _remove(self, logical_id: str, trouble: Trouble = SMOOTH) -> None:
        resource = self.resources.pop(logical_id)
        account = self.world.account
        if logical_id.startswith("Credential"):
            self.world.memory.revoked.add(resource.given["UserName"])
            for one in [*resource.failed, resource]:
                self._send_delete(one, trouble)
        elif logical_id.startswith("Rotation"):
            account.secrets[resource.name].rotated_by = ""
        elif logical_id.startswith("User"):
            self.delete_user(resource.name)
        elif logical_id.startswith("Secret"):
            del account.secrets[resource.name]
            self.world.memory.good.discard(resource.name)

    def delete_user(self, name: str) -> None:
        """Delete a user. IAM refuses this while the user has a key."""
        world = self.world
        user = world.account.users.get(name, User(name))
        if user.keys and any(not one.over for one in world.deliveries):
            world.pass_time(600)  # an event that is still running deletes its own key
        if user.keys and not any(one.hurt for one in world.deliveries):
            world.broken.append(f"4: DeleteConflict: user {name} has keys")
        world.account.users.pop(name, None)

    def _send_delete(self, resource: Resource, trouble: Trouble = SMOOTH) -> None:
        first = [trouble]

        def delete() -> bool:
            event = self.event("Delete", resource.given, physical_id=resource.name)
            return self._send(event, first.pop() if first else SMOOTH)[0] == "SUCCESS"

        self._insist(delete)

    def _insist(self, do: Callable[[], bool]) -> None:
        """Retry an operation that must succeed in the end."""
        for _ in range(PATIENCE):
            if do():
                return
            self.world.pass_time(600)
        raise AssertionError(f"stuck: {self.delivery.reason}")

    # Events

    def _send(self, event: Json, trouble: Trouble) -> tuple[str, str]:
        """Send an event, and return the status and physical id that CloudFormation uses from then on."""
        world = self.world
        sent = [world.send(event, trouble.fault)]
        if trouble.again_after is not None:
            sent.append(world.send(event, after=trouble.again_after))
        self.last = sent
        most = SERVICE_TIMEOUT if trouble.given_up_after is None else trouble.given_up_after
        world.clock.wait(lambda: any(one.answers for one in sent), most)
        answer = next((one.answers[0] for one in sent if one.answers), {})
        world.clock.sleep(2)
        invented = f"mail-credential-{event['RequestId'][-4:]}"
        return answer.get("Status", "none"), answer.get("PhysicalResourceId") or event.get(
            "PhysicalResourceId", invented
        )

    def event(self, kind: str, new: Json, old: Json | None = None, physical_id: str | None = None) -> Json:
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
        event |= {"PhysicalResourceId": physical_id} if physical_id else {}
        return event | ({"OldResourceProperties": old} if old else {})

    def _check(self) -> None:
        self.world.check_instant(None)
        self.world.check_stack(self)
        self.world.require_whole()


def digest(wanted: Json) -> str:
    """Return the digest at the end of logical ids. It covers values known at synthesis, not tokens."""
    known = {name: text for name, text in wanted.items() if name in {"Region", "Host", "Port", "Fields", "Id"}}
    told = repr(sorted(known.items())) if "Token" not in wanted else wanted["Token"]
    return hashlib.sha256(told.encode()).hexdigest()[:4]


def tags(given: Json) -> dict[str, str]:
    """Return the tags of a user, as the template declares them."""
    return {SECRET_TAG.replace("secret", name.lower()): str(text) for name, text in given.items()}


class Rotation:
    """Secrets Manager's rotation of a secret, such as the current secret of a stack."""

    def __init__(self, world: World, find: Callable[[], Secret]) -> None:
        self.world, self._find = world, find

    @property
    def secret(self) -> Secret:
        return self._find()

    def begin(self) -> str:
        return self.world.account.begin_rotation(self.secret, token_kept=self.world.token_kept)

    def event(self, step: str, token: str) -> Json:
        return {"Step": step, "SecretId": self.secret.arn, "ClientRequestToken": token}

    def step(self, step: str, token: str, fault: Fault | None = None) -> Delivery:
        return self.world.deliver(self.event(step, token), fault)

    def steps(self, token: str, last: str = "finishSecret", fault: tuple[str, Fault] | None = None) -> Delivery:
        """Run the steps until one fails."""
        for step in STEPS:
            delivery = self.step(step, token, fault[1] if fault and fault[0] == step else None)
            if not delivery.succeeded or step == last:
                break
        if self.secret.rotation == token:
            self.secret.rotation = None
        return delivery

    def run(self, attempts: int = PATIENCE, fault: tuple[str, Fault] | None = None) -> Delivery:
        """Rotate the secret. A failed rotation is retried from its first step."""
        for _ in range(attempts):
            token = self.begin()
            delivery = self.steps(token, fault=fault)
            if delivery.succeeded:
                if self.secret.holder(CURRENT) != token:
                    self.world.broken.append(f"10: a rotation ended without an error: {delivery.story}")
                break
            fault = None
            self.world.pass_time(600)
        self.world.require_whole()
        return delivery

    def try_out(self) -> Delivery:
        """Run the test of a new schedule that does not rotate immediately: one step on a version without a value."""
        token = self.begin()
        delivery = self.step("testSecret", token)
        del self.secret.versions[token]
        self.secret.rotation = None
        return delivery
