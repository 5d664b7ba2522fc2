"""The situations in which faults are injected, and the steps that repair a login afterwards."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lifecycle.account import CURRENT, DAY, PENDING, PREVIOUS
from tests.lifecycle.cloudformation import Rotation, Stack, Trouble, digest, login, tags
from tests.lifecycle.faults import Fault
from tests.lifecycle.invariants import VPC_HOST
from tests.lifecycle.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lifecycle.account import Json
    from tests.lifecycle.delivery import Delivery

BASE = login()
ELSEWHERE = login(Host=VPC_HOST)
FIELDS = login(Fields="username=SMTP_USERNAME")
FRANKFURT = login("eu-central-1")
WRONG_REGION = BASE | {"Region": "us-east-1", "Host": "email-smtp.us-east-1.api.aws"}
"""A login whose endpoint does not answer."""
BY_TOKEN = login(Token="host")
ELSEWHERE_BY_TOKEN = BY_TOKEN | {"Host": VPC_HOST}


@dataclass
class Stage:
    """A world with one stack and its secret's rotation."""

    world: World
    stack: Stack
    rotation: Rotation

    def deployed(self, wanted: Json = BASE, rotations: int = 2) -> None:
        """Deploy a login and rotate it, so that there is a previous login."""
        assert self.stack.deploy(wanted), self.stack.delivery.reason
        for _ in range(rotations):
            self.world.pass_time(DAY)
            assert self.rotation.run(attempts=1).succeeded
        self.world.pass_time(DAY)

    def login(self, label: str = CURRENT) -> Json:
        """Return the login with a label of the secret."""
        return self.world.value(self.rotation.secret, label)

    def opens(self, value: Json) -> bool:
        """Return whether SES accepts a login."""
        return self.world.accepts(value["host"], value["username"], value["password"])

    def key_ids(self) -> set[str]:
        return {key.key_id for key in self.world.account.users[self.stack.user_name].keys}

    def all_keys(self) -> set[str]:
        return {key.key_id for user in self.world.account.users.values() for key in user.keys}

    def rehearse(self, event: Json) -> list[str]:
        """Return the points of an event, and restore the state before it."""
        before = self.world.save()
        points = self.world.deliver(event).points
        self.world.restore(before)
        return points

    def create_event(self, wanted: Json = BASE) -> Json:
        """Return the Create event of a stack whose other resources exist."""
        assert not self.stack.deploy(wanted, Trouble(Fault(0, "killed"), given_up_after=0.0), rollback=False)
        return self.stack.delivery.event

    def repair(self) -> None:
        """Deploy until the deployment succeeds, as an operator does."""
        self.world.ses_down = False
        if self.stack.resources:
            wanted = self.stack.wanted or BASE
            assert any(self.stack.deploy(wanted, rollback=False) for _ in range(3)), self.stack.delivery.reason

    def settle(self) -> None:
        """Check that the login can be repaired, works, can be rotated, and is revoked with the stack."""
        self.repair()
        self.world.pass_time(DAY)
        if self.stack.wanted:
            for _ in range(2):
                self.heal()
                self.world.pass_time(DAY)
            assert self.world.works(self.rotation.secret)
            assert self.world.works(self.rotation.secret, PREVIOUS)
        self.stack.delete()
        assert not self.all_keys()
        assert not self.world.account.users
        self.world.require_whole()

    def heal(self) -> Delivery:
        """Rotate the secret, and follow the reason if the rotation fails."""
        secret = self.rotation.secret
        pending = secret.holder(PENDING)
        if pending not in {None, secret.holder(CURRENT), *self.world.account.rotations(secret)}:
            assert self.world.memory.tampered
            secret.move(PENDING, None)  # RotateSecret itself fails; docs/troubleshooting.md describes the remedy
        delivery = self.rotation.run(attempts=2)
        for _ in range(3):
            if not delivery.succeeded:
                self.obey(delivery.reason)
                delivery = self.rotation.run(attempts=2)
        assert delivery.succeeded, delivery.reason
        self.world.memory.tampered = False
        self.world.memory.revoked.discard(self.stack.user_name)
        self.world.check_instant(None)
        return delivery

    def obey(self, reason: str) -> None:
        """Run the commands that a reason names."""
        secret, user = self.rotation.secret, self.world.account.users[self.stack.user_name]
        if "the stack revoked the login" in reason:
            marks = re.search(r"--tag-keys ([^;]+);", reason)
            assert marks
            for tag in marks[1].split():
                del secret.tags[tag]
        elif "put-secret-value" in reason and f"user {user.name} has no tag" not in reason:
            self.paste(json.dumps({"iam_user": user.name}))
        elif "as in its stack's template" in reason:
            user.tags |= tags(self.stack.resources["User" + digest(self.stack.wanted)].given)
        else:
            raise AssertionError(f"the reason names no remedy: {reason}")

    def paste(self, text: str) -> None:
        """Store a value by hand as the current one."""
        self.world.memory.count += 1
        token = f"by-hand-{self.world.memory.count:030d}"
        self.world.account.serve(
            "PutSecretValue",
            {
                "SecretId": self.rotation.secret.arn,
                "SecretString": text,
                "ClientRequestToken": token,
                "VersionStages": [CURRENT],
            },
        )
        self.world.account.abandoned.clear()
        self.world.tamper()


@contextmanager
def stage(**how: Any) -> Iterator[Stage]:  # noqa: ANN401 - as World takes them
    with World(**how) as world:
        stack = Stack(world)
        yield Stage(world, stack, Rotation(world, lambda: stack.secret))
