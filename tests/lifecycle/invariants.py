"""The invariants, checked after each effect of an event and after each event. docs/design.md lists them by number."""

from __future__ import annotations

import functools
import json
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from local_aws.ses.password import smtp_password
from tests.lifecycle.account import CURRENT, LIST_SECONDS, PENDING, Account, Json, Secret
from tests.lifecycle.delivery import REASON, Delivery

if TYPE_CHECKING:
    from tests.lifecycle.cloudformation import Stack

RESPONSE_URL = "https://cloudformation-custom-resource-response-euwest1.example/answer?X-Amz-Signature=5160e0f5"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
VPC_HOST = "vpce-1.email-smtp.eu-west-1.vpce.amazonaws.com"
SECRET_TAG = "ses-secure-user:secret"
FIELDS = {"username", "password", "host", "port", "region", "iam_user", "url"}

derived = functools.cache(smtp_password)


def is_ses(host: str) -> bool:
    return host.startswith(("email-smtp.", "vpce-1.email-smtp.")) and host.endswith((".amazonaws.com", ".api.aws"))


@dataclass
class Memory:
    """The history of the account, which its state does not contain.

    Attributes:
        good: The secrets whose current login was accepted.
        served: The keys of current logins that were accepted, which consumers may use.
        owners: The user of each key.
        revoked: The users whose login may end, because of a Delete, which may be forged.
        never_shown: The secret values that must not appear in any output.
        tampered: True if the credential was broken by hand.
        count: The number of events and resources.
    """

    good: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    never_shown: dict[str, str] = field(default_factory=dict)
    tampered: bool = False
    count: int = 0


class Invariants:
    """The checks of the account.

    Attributes:
        hosts: The region of each SMTP endpoint.
        propagation: The seconds until SES accepts a new key.
        broken: The violations.
        texts: The log messages since the last check.
        stacks: The stacks of CloudFormation.
    """

    account: Account

    def __init__(self) -> None:
        self.memory = Memory()
        self.propagation = 5.0
        self.hosts = {f"email-smtp.{region}.amazonaws.com": region for region in REGIONS} | {VPC_HOST: "eu-west-1"}
        self.broken: list[str] = []
        self.texts: list[str] = []
        self.stacks: list[Stack] = []

    def now(self) -> float:
        raise NotImplementedError

    def accepts(self, host: object, username: object, password: object, *, at_once: bool = False) -> bool:
        """Return whether SES accepts a login now, or will accept it after the propagation of its key."""
        key, region = self.account.find(str(username)), self.hosts.get(str(host))
        if key is None or not key.active or region is None:
            return False
        spread = at_once or self.now() - key.born >= self.propagation
        return spread and password == derived(key.secret, region)

    def value(self, secret: Secret, label: str = CURRENT) -> Json:
        """Return the login of the version with a label, or an empty object."""
        return parsed(secret.text(label))

    def works(self, secret: Secret, label: str = CURRENT, *, at_once: bool = False) -> bool:
        """Return whether SES accepts the login with a label."""
        value = self.value(secret, label)
        return self.accepts(value.get("host"), value.get("username"), value.get("password"), at_once=at_once)

    # After each effect

    def check_instant(self, delivery: Delivery | None) -> None:
        """Check invariants 1, 2, 9 and 10."""
        for secret in self.account.secrets.values():
            value = self.value(secret)
            key_id = str(value.get("username"))
            if self.works(secret):
                self.memory.good.add(secret.arn)
                self.memory.served.add(key_id)
            elif secret.arn in self.memory.good and self._must_live(key_id):
                self._complain(1, delivery, f"the current login of {secret.arn} is refused")
            if value and not self.memory.tampered and not value.keys() >= FIELDS:
                self._complain(9, delivery, f"the fields are {[*value]}")
        self._check_served(delivery)
        if delivery and self.account.abandoned:
            self._complain(10, delivery, f"a rotation was abandoned: {self.account.abandoned}")
            self.account.abandoned.clear()

    def check_put(self, delivery: Delivery, request: Json) -> None:
        """Check invariant 9: a login is stored only in the secret that the tags of its user name."""
        value = parsed(request["SecretString"])
        user = self.account.users.get(str(value.get("iam_user")))
        if user and not self.memory.tampered and user.tags.get(SECRET_TAG) != request["SecretId"]:
            self._complain(9, delivery, f"a login of {value.get('iam_user')} went into {request['SecretId']}")
        url = urlsplit(str(value["url"]))
        told = (url.hostname, url.port, url.username, unquote(url.password or ""))
        if told != (value["host"], value["port"], value["username"], value["password"]) or not is_ses(value["host"]):
            self._complain(9, delivery, "the url or the host is not the login's")

    def _must_live(self, key_id: str) -> bool:
        return not self.memory.tampered and self.memory.owners.get(key_id) not in self.memory.revoked

    def _check_served(self, delivery: Delivery | None) -> None:
        """Check that a login that consumers may use ends only when a new login is issued."""
        ended = {key_id for key_id in self.memory.served if self.account.find(key_id) is None}
        self.memory.served -= ended
        if not any(map(self._must_live, ended)):
            return
        if delivery and delivery.kind in {"Create", "createSecret", "create"}:
            delivery.ended |= ended
        else:
            self._complain(2, delivery, "a login that consumers may use ended")

    # After each event

    def check_end(self, delivery: Delivery) -> None:
        if delivery.ended and "CreateAccessKey" not in delivery.points and not (delivery.hurt or delivery.died):
            self._complain(2, delivery, "a login that consumers may use ended, and no new one was issued")
        if delivery.succeeded and delivery.made and not delivery.overlapped and not self.memory.tampered:
            self._check_known(delivery)
        if delivery.is_deployment:
            self._check_answers(delivery)
        self._check_silence(delivery)

    def _check_known(self, delivery: Delivery) -> None:
        """Check invariant 3."""
        users = {self.memory.owners[key_id] for key_id in delivery.made}
        listed = {
            key.key_id
            for name in users & self.account.users.keys()
            for key in self.account.users[name].keys
            if key.born + LIST_SECONDS < delivery.began or key.key_id in delivery.made
        }
        if strangers := listed - self._known():
            self._complain(3, delivery, f"no version has {strangers}")

    def _known(self) -> set[str]:
        return {
            str(parsed(version.text or "").get("username"))
            for secret in self.account.secrets.values()
            for version in secret.versions.values()
            if version.labels
        }

    def _check_answers(self, delivery: Delivery) -> None:
        lost = delivery.died or (delivery.hurt and delivery.error is not None)
        if len(delivery.answers) > 1 or (not delivery.answers and not lost):
            self._complain(5, delivery, f"{len(delivery.answers)} answers")
        for answer in delivery.answers:
            event = delivery.event
            if any(answer[name] != event[name] for name in ("StackId", "RequestId", "LogicalResourceId")):
                self._complain(5, delivery, "the response is to another event")
            if answer["PhysicalResourceId"] != event.get("PhysicalResourceId", answer["PhysicalResourceId"]):
                self._complain(5, delivery, f"another physical id: {answer['PhysicalResourceId']}")
            unclear = "unexpected" in answer.get(REASON, "") and not delivery.hurt
            if answer["Status"] == "FAILED" and (not answer[REASON] or unclear):
                self._complain(5, delivery, f"the reason names no remedy: {answer[REASON]!r}")

    def _check_silence(self, delivery: Delivery) -> None:
        """Check invariant 6 in all logs, responses and exceptions since the last check."""
        shown = "\n".join([*self.texts, json.dumps([delivery.answers, delivery.returned]), *told(delivery.error)])
        self.texts.clear()
        for secret, what in (self.memory.never_shown | {RESPONSE_URL: "the ResponseURL"}).items():
            if secret in shown:
                self._complain(6, delivery, f"{what} was shown")

    # After each operation of CloudFormation

    def check_stack(self, stack: Stack) -> None:
        """Check invariants 7 and 8: the template's login is current, works and can be rotated, and no other login has a
        key."""
        names = {resource.name for one in self.stacks for resource in one.resources.values()}
        for user in self.account.users.values():
            if user.keys and user.name not in names:
                self._complain(7, None, f"user {user.name} is not in a template and has keys")
        secret, user_name = stack.secret, stack.user_name
        if not self.memory.tampered and not self.works(secret, at_once=True):
            self._complain(7, None, f"the login of {stack.wanted} is refused")
        if not self.memory.tampered and self.value(secret).get("iam_user") != user_name:
            self._complain(7, None, f"the login belongs to {self.value(secret).get('iam_user')}")
        if not self.memory.tampered and not stack.wanted.items() >= declared(self.value(secret)).items():
            self._complain(7, None, f"the login is {declared(self.value(secret))}, declared is {stack.wanted}")
        pending = secret.holder(PENDING)
        if not self.memory.tampered and pending not in {None, secret.holder(CURRENT), *self.account.rotations(secret)}:
            self._complain(8, None, "AWSPENDING is on a version of no rotation, so RotateSecret refuses")

    def require_whole(self) -> None:
        assert not self.broken, "\n".join(self.broken)

    def _complain(self, number: int, delivery: Delivery | None, what: str) -> None:
        self.broken.append(f"{number}: {delivery.story if delivery else 'no event'}: {what}")

    # Changes by hand

    def remember(self, user_name: str, key_id: str, secret_access_key: str) -> None:
        self.memory.owners[key_id] = user_name
        self.memory.never_shown[secret_access_key] = f"the secret key of {key_id}"
        for region in REGIONS:
            password = derived(secret_access_key, region)
            self.memory.never_shown |= dict.fromkeys((password, quote(password, safe="")), f"the password of {key_id}")

    def make_key(self, user_name: str) -> str:
        key = self.account.make_key(user_name)
        self.memory.owners[key.key_id] = user_name
        return key.key_id

    def delete_key(self, key_id: str) -> None:
        for user in self.account.users.values():
            user.keys = [key for key in user.keys if key.key_id != key_id]

    def tamper(self) -> None:
        """Record that the credential was broken by hand, so that logins need not work until the next rotation."""
        self.memory.good.clear()
        self.memory.served.clear()
        self.memory.tampered = True


def declared(value: Json) -> Json:
    """Return the declaration of a login, by the names of the credential's properties."""
    return {name: str(value.get(name.lower())) for name in ("Region", "Host", "Port")}


@functools.cache
def parsed(text: str) -> Json:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def told(error: BaseException | None) -> list[str]:
    """Return all texts of an exception, with its causes and contexts."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error, chain=False)]
        error = error.__cause__ or error.__context__
    return texts
