"""What must hold: after each effect of an event, and after each event. docs/design.md numbers them."""

from __future__ import annotations

import functools
import json
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ses_secure_user.issuer.contract import Declaration
from ses_secure_user.issuer.versions import CURRENT, PENDING, PREVIOUS
from tests.deploy.ses_password import smtp_password
from tests.lifecycle.aws import LIST_SECONDS, Aws, Json, holder, labels
from tests.lifecycle.delivery import REASON, Delivery

if TYPE_CHECKING:
    from moto.secretsmanager.models import FakeSecret

RESPONSE_URL = "https://cloudformation-custom-resource-response-euwest1.example/answer?X-Amz-Signature=5160e0f5"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")

derived = functools.cache(smtp_password)


@dataclass
class Memory:
    """What is remembered besides AWS's own state.

    Attributes:
        good: The secrets whose current login was accepted once.
        served: The living keys that were current and accepted once, so that a consumer may hold them.
        revoked: The users for whom a Delete came.
        gone: The users whose Delete succeeded.
        rotations: The versions of rotations that have not finished.
        tampered: Whether somebody broke the credential by hand.
    """

    time: float = 1_800_000_000.0
    owners: dict[str, str] = field(default_factory=dict)
    never_shown: dict[str, str] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    rotations: set[str] = field(default_factory=set)
    clients: dict[str, Any] = field(default_factory=dict)
    tampered: bool = False
    count: int = 0


class Invariants:
    """A watch on the account.

    Attributes:
        hosts: The region behind each SMTP endpoint's name.
        propagation: How long SES takes to know a key, in seconds.
        broken: What did not hold.
        texts: What was logged since the last look.
    """

    aws: Aws

    def __init__(self) -> None:
        self.memory = Memory()
        self.propagation = 5.0
        self.hosts = {f"email-smtp.{region}.amazonaws.com": region for region in REGIONS}
        self.broken: list[str] = []
        self.texts: list[str] = []

    def accepts(self, host: str, username: object, password: object, *, at_once: bool = False) -> bool:
        """Whether SES accepts a login, or will as soon as it knows the key."""
        key = self.aws.iam.access_keys.get(str(username))
        if key is None or key.status != "Active" or host not in self.hosts:
            return False
        spread = at_once or self.memory.time - self.aws.born[key.access_key_id] >= self.propagation
        return spread and password == derived(key.secret_access_key, self.hosts[host])

    def value(self, secret: FakeSecret, label: str) -> Json:
        """The login that a labelled version holds; empty if it holds none."""
        version = secret.versions.get(holder(secret, label) or "", {})
        return parsed(version.get("secret_string", "{}"))

    def works(self, secret: FakeSecret, label: str = CURRENT, *, at_once: bool = False) -> bool:
        """Whether SES accepts a labelled login."""
        value = self.value(secret, label)
        login = (value.get("host", ""), value.get("username"), value.get("password"))
        return bool(value) and self.accepts(*login, at_once=at_once)

    def lives(self, key_id: str) -> bool:
        key = self.aws.iam.access_keys.get(key_id)
        return key is not None and key.status == "Active"

    # After each effect

    def check_instant(self, delivery: Delivery | None) -> None:
        """Invariants 1 and 2, and the limit of 3."""
        for secret in self.aws.all_secrets():
            key_id = str(self.value(secret, CURRENT).get("username"))
            self.memory.rotations.discard(holder(secret, CURRENT) or "")
            if self.works(secret):
                self.memory.good.add(secret.name)
                self.memory.served.add(key_id)
            elif secret.name in self.memory.good and self._must_live(key_id):
                self._complain(1, delivery, f"the current login of {secret.name} does not work any more")
        self._check_served(delivery)
        if crowded := [user for user in self.aws.iam.users if len(self.aws.keys(user)) > 2]:
            self._complain(3, delivery, f"more than two keys: {crowded}")

    def _must_live(self, key_id: str) -> bool:
        return not self.memory.tampered and self.memory.owners.get(key_id) not in self.memory.revoked

    def _check_served(self, delivery: Delivery | None) -> None:
        """What a consumer may hold ends where a new login is issued, and nowhere else."""
        ended = {key_id for key_id in self.memory.served if not self.lives(key_id)}
        self.memory.served -= ended
        if not any(map(self._must_live, ended)):
            return
        if delivery and (delivery.is_deployment or delivery.event["Step"] == "createSecret"):
            delivery.ended |= ended
        else:
            self._complain(2, delivery, "a login that consumers may hold died")

    # After each event

    def check_end(self, delivery: Delivery, *, alone: bool) -> None:
        if delivery.ended and "CreateAccessKey" not in delivery.points and not delivery.hurt:
            self._complain(2, delivery, "a login that consumers may hold died, and no new one was issued")
        if delivery.succeeded and delivery.made and not delivery.overlapped:
            self._check_known(delivery)
        for user in self.memory.gone:
            if self.aws.keys(user) and alone and not delivery.hurt:
                self._complain(4, delivery, f"user {user} is gone and has keys")
        if delivery.is_deployment:
            self._check_answers(delivery)
            self._check_pending(delivery)
        self._check_silence(delivery)

    def _check_known(self, delivery: Delivery) -> None:
        known = delivery.spared | {
            parsed(secret.versions[name].get("secret_string", "{}")).get("username")
            for secret in self.aws.all_secrets()
            for name in labels(secret)
        }
        keys = {key.access_key_id for key_id in delivery.made for key in self.aws.keys(self.memory.owners[key_id])}
        for key_id in keys - known:
            if self.aws.born[key_id] + LIST_SECONDS < delivery.began or key_id in delivery.made:
                self._complain(3, delivery, f"no version knows key {key_id}")

    def _check_answers(self, delivery: Delivery) -> None:
        lost = delivery.died or (delivery.hurt and delivery.error is not None)
        if len(delivery.answers) > 1 or (not delivery.answers and not lost):
            self._complain(5, delivery, f"{len(delivery.answers)} answers")
        for answer in delivery.answers:
            event = delivery.event
            if any(answer[name] != event[name] for name in ("StackId", "RequestId", "LogicalResourceId")):
                self._complain(5, delivery, "the answer is to another event")
            if answer["PhysicalResourceId"] != event.get("PhysicalResourceId", answer["PhysicalResourceId"]):
                self._complain(5, delivery, f"another physical id: {answer['PhysicalResourceId']}")
            if answer["Status"] == "FAILED" and (
                not answer[REASON] or ("unexpected" in answer[REASON] and not delivery.hurt)
            ):
                self._complain(5, delivery, f"nobody can act on {answer[REASON]!r}")

    def _check_pending(self, delivery: Delivery) -> None:
        """Invariant 8, however the deployment ended."""
        for secret in self.aws.all_secrets():
            if self.is_stray(secret):
                self._complain(8, delivery, f"AWSPENDING of {secret.name} is on a version of no rotation")

    def is_stray(self, secret: FakeSecret) -> bool:
        """Whether RotateSecret refuses because AWSPENDING is where no rotation put it."""
        pending = holder(secret, PENDING)
        return pending not in {None, holder(secret, CURRENT), *self.memory.rotations}

    def check_declared(self, secret: FakeSecret, properties: Json, story: str) -> None:
        """Invariant 7, once CloudFormation has its last answer."""
        if not self.memory.tampered and not Declaration.from_properties(properties).fits(self.value(secret, CURRENT)):
            self.broken.append(f"7: {story}: the current login is not as declared")

    def _check_silence(self, delivery: Delivery) -> None:
        """Invariant 6, in all that was logged, answered and raised since the last look."""
        shown = "\n".join([*self.texts, json.dumps(delivery.answers), *told(delivery.error)])
        self.texts.clear()
        for secret, what in (self.memory.never_shown | {RESPONSE_URL: "the ResponseURL"}).items():
            if secret in shown:
                self._complain(6, delivery, f"{what} was shown")

    def _complain(self, number: int, delivery: Delivery | None, what: str) -> None:
        self.broken.append(f"{number}: {delivery.story if delivery else 'by hand'}: {what}")

    # What people do by hand

    def make_key(self, user_name: str) -> str:
        key_id = str(self.aws.iam.create_access_key(user_name).access_key_id)
        self.aws.date_key(key_id)
        self.memory.owners[key_id] = user_name
        return key_id

    def delete_key(self, key_id: str) -> None:
        self.aws.iam.delete_access_key(key_id, self.memory.owners[key_id])

    def tamper(self) -> None:
        """Somebody has broken the credential: what worked need not go on working until the stack is new."""
        self.memory.good.clear()
        self.memory.served.clear()
        self.memory.tampered = True

    def spared(self) -> set[object]:
        """Keys that work while their user has no current one that does."""
        return {
            self.value(secret, label).get("username")
            for secret in self.aws.all_secrets()
            if not self.works(secret)
            for label in (PREVIOUS, "DEPLOYMENT_BEFORE")
        }


@functools.cache
def parsed(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def told(error: BaseException | None) -> list[str]:
    """All that an exception tells, also through those it came from, shown or not."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error, chain=False)]
        error = error.__cause__ or error.__context__
    return texts
