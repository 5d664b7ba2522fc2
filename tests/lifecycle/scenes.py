"""The moments in a credential's life at which something is made to go wrong, and what can come after."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ses_secure_user.issuer.lifecycle import CURRENT, LEASE_SECONDS, PREVIOUS
from tests.lifecycle.services import DAY, Rotation, Stack, properties
from tests.lifecycle.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lifecycle.aws import Json
    from tests.lifecycle.world import Delivery

VPC_HOST = "vpce-1.email-smtp.eu-west-1.vpce.amazonaws.com"
BASE = properties()
ELSEWHERE = properties(Host=VPC_HOST)
SENDER = properties(FromAddress="other@example.com")
FRANKFURT = properties(region="eu-central-1")
WRONG_REGION = BASE | {"Region": "us-east-1"}
RENAMED = properties(user="renamed")
MOVED = properties(secret="moved")
MOVED_ELSEWHERE = properties(secret="moved", Host=VPC_HOST)
UNVERIFIED = properties(VerifyLogin="false")
ALL_NEW = properties(user="renamed", secret="moved", region="eu-central-1")


@dataclass
class Stage:
    """A world with one stack and its secret's rotation."""

    world: World
    stack: Stack
    rotation: Rotation

    def deployed(self, wanted: Json = BASE, rotations: int = 2) -> None:
        """Have a login that was rotated, so that there is a previous one too."""
        assert self.stack.create(wanted).succeeded
        for _ in range(rotations):
            self.world.pass_time(DAY)
            assert self.rotation.run(attempts=1).succeeded
        self.world.pass_time(DAY)

    def updated(self, wanted: Json, *, works: bool = True) -> Json:
        """Deliver an update, and return the one that rolls it back."""
        event = self.stack.begin_update(wanted)
        delivery = self.world.deliver(event)
        assert delivery.succeeded == works
        return self.stack.begin_rollback(event, delivery)

    def settle(self, *, rotating: bool = True) -> None:
        """Whatever happened, the credential works, can be renewed or changed, and withdrawn."""
        if self.stack.now:
            self.rotation.name = self.world.aws.secret(self.stack.now["SecretId"]).name
            tampered = self.world.memory.tampered
            assert self.world.works(self.rotation.secret, at_once=True) or tampered
            delivery = self.rotation.run() if rotating else self._change(self.stack.now)
            if tampered and "delete the user's access keys and rotate again" in delivery.reason:
                for key in self.world.aws.keys(self.stack.now["UserName"]):
                    self.world.delete_key(key.access_key_id)
                delivery = self.rotation.run()
            assert delivery.succeeded, delivery.reason
            assert self.world.works(self.rotation.secret)
            assert self.world.works(self.rotation.secret, PREVIOUS) or tampered
            self.stack.delete()
        assert not self.world.aws.iam.access_keys
        assert not self.world.aws.iam.users

    def _change(self, now: Json) -> Delivery:
        delivery = self.stack.finish(self.stack.begin_update(now | {"FromAddress": "settled@example.com"}))
        assert self.world.value(self.rotation.secret, CURRENT)["from_address"] == "settled@example.com"
        return delivery


@contextmanager
def stage(*, first_is_current: bool = False, wire: bool = False) -> Iterator[Stage]:
    with World(first_is_current=first_is_current, wire=wire) as world:
        world.hosts[VPC_HOST] = "eu-west-1"
        yield Stage(world, Stack(world), Rotation(world))


def _create(wanted: Json) -> Callable[[Stage], Json]:
    return lambda on: on.stack.begin_create(wanted)


def _update(wanted: Json) -> Callable[[Stage], Json]:
    def begin(on: Stage) -> Json:
        on.deployed()
        return on.stack.begin_update(wanted)

    return begin


def _rollback(wanted: Json, *, works: bool = True) -> Callable[[Stage], Json]:
    def begin(on: Stage) -> Json:
        on.deployed()
        return on.updated(wanted, works=works)

    return begin


def _rollback_unreached(wanted: Json) -> Callable[[Stage], Json]:
    def begin(on: Stage) -> Json:
        on.deployed()
        on.world.ses_down = True
        event = on.updated(wanted, works=False)
        on.world.ses_down = False
        return event

    return begin


def _delete(on: Stage) -> Json:
    on.deployed()
    return on.stack.begin_delete()


def _step(step: str, before: tuple[str, ...] = (), rotations: int = 2) -> Callable[[Stage], Json]:
    def begin(on: Stage) -> Json:
        on.deployed(rotations=rotations)
        token = on.rotation.begin()
        for done in before:
            assert on.rotation.step(done, token).succeeded
        return on.rotation.event(step, token)

    return begin


DEPLOYMENTS: dict[str, Callable[[Stage], Json]] = {
    "create": _create(BASE),
    "create without a login test": _create(UNVERIFIED),
    "update of nothing": _update(BASE),
    "update of the host": _update(ELSEWHERE),
    "update of the sender": _update(SENDER),
    "update of the region": _update(FRANKFURT),
    "update to a wrong region": _update(WRONG_REGION),
    "update to another user": _update(RENAMED),
    "update to another secret": _update(MOVED),
    "update to another secret and host": _update(MOVED_ELSEWHERE),
    "update of everything": _update(ALL_NEW),
    "update without a login test": _update(ELSEWHERE | {"VerifyLogin": "false"}),
    "rollback of nothing": _rollback(BASE),
    "rollback of the host": _rollback(ELSEWHERE),
    "rollback of the region": _rollback(FRANKFURT),
    "rollback of a wrong region": _rollback(WRONG_REGION, works=False),
    "rollback of another user": _rollback(RENAMED),
    "rollback of another secret": _rollback(MOVED),
    "rollback of another secret and host": _rollback(MOVED_ELSEWHERE),
    "rollback of everything": _rollback(ALL_NEW),
    "rollback of an unreached host": _rollback_unreached(ELSEWHERE),
    "rollback of an unreached user": _rollback_unreached(RENAMED),
    "rollback of an unreached secret": _rollback_unreached(MOVED_ELSEWHERE),
    "delete": _delete,
}
FIRST_VALUES = [name for name in DEPLOYMENTS if name.startswith("create") or "secret" in name or "everything" in name]
"""The moments at which a secret gets its first value."""

STEPS: dict[str, Callable[[Stage], Json]] = {
    "createSecret": _step("createSecret"),
    "createSecret for the first time": _step("createSecret", rotations=0),
    "createSecret again": _step("createSecret", ("createSecret",)),
    "setSecret": _step("setSecret", ("createSecret",)),
    "testSecret": _step("testSecret", ("createSecret", "setSecret")),
    "finishSecret": _step("finishSecret", ("createSecret", "setSecret", "testSecret")),
    "finishSecret again": _step("finishSecret", ("createSecret", "setSecret", "testSecret", "finishSecret")),
}


def _goes_on(on: Stage, event: Json, delivery: Delivery) -> None:
    on.stack.follow(event, delivery)


def _others_fail(on: Stage, event: Json, delivery: Delivery) -> None:
    on.stack.follow(event, delivery, others_fail=True)


def _only_deleted(on: Stage, event: Json, delivery: Delivery) -> None:
    on.stack.follow(event, delivery, others_fail=True, only_delete=True)


def _comes_twice(on: Stage, event: Json, delivery: Delivery) -> None:
    again = on.world.deliver(event)
    on.stack.follow(event, delivery if delivery.answers else again)


def _comes_late(on: Stage, event: Json, delivery: Delivery) -> None:
    on.world.pass_time(100)
    on.stack.follow(event, delivery)
    on.world.pass_time(100)
    on.world.deliver(event)


def _is_rotated(on: Stage, event: Json, delivery: Delivery) -> None:
    rotate_all(on, delivery)
    on.stack.follow(event, delivery)


def _is_rotated_later(on: Stage, event: Json, delivery: Delivery) -> None:
    on.world.pass_time(2 * LEASE_SECONDS)
    _is_rotated(on, event, delivery)


def rotate_all(on: Stage, delivery: Delivery) -> None:
    """Rotate the secret that was and the one that will be, unless a move was cut off with another login in each.

    Whichever is rotated then, IAM's limit leaves it no room to know the other's key.
    """
    secrets = on.world.aws.all_secrets()
    keys = {str(on.world.value(secret, CURRENT).get("username", "")) for secret in secrets} - {""}
    users = {on.world.memory.owners[key] for key in keys}
    for secret in secrets if delivery.succeeded or len(keys) == len(users) else ():
        Rotation(on.world, secret.name).run(attempts=1)


AFTER_DEPLOYMENT: dict[str, Callable[[Stage, Json, Delivery], None]] = {
    "CloudFormation goes on": _goes_on,
    "another resource fails": _others_fail,
    "another resource fails, and a replacement is only deleted": _only_deleted,
    "the event comes twice": _comes_twice,
    "the event comes again later": _comes_late,
    "the secret is rotated meanwhile": _is_rotated,
    "the secrets are rotated later meanwhile": _is_rotated_later,
}


def _retried(on: Stage, _: Json, __: Delivery) -> None:
    on.rotation.run()


def _step_twice(on: Stage, event: Json, _: Delivery) -> None:
    on.world.deliver(event)
    on.rotation.run()


def _given_up(on: Stage, _: Json, __: Delivery) -> None:
    on.world.pass_time(DAY)
    assert on.rotation.run().succeeded


def _deployed_meanwhile(on: Stage, event: Json, _: Delivery) -> None:
    on.stack.update(ELSEWHERE)
    on.world.deliver(event)


def _deployed_in_vain(on: Stage, event: Json, _: Delivery) -> None:
    on.stack.update(FRANKFURT, others_fail=True)
    on.world.deliver(event)


def _deployed_unchanged(on: Stage, event: Json, _: Delivery) -> None:
    before = on.world.value(on.rotation.secret, CURRENT)
    assert on.stack.update(BASE).succeeded
    assert on.world.value(on.rotation.secret, CURRENT) == before
    on.world.deliver(event)


def _renamed(on: Stage, event: Json, _: Delivery) -> None:
    on.stack.update(RENAMED)
    on.world.deliver(event)


def _deleted(on: Stage, event: Json, _: Delivery) -> None:
    gone = on.stack.begin_delete()
    assert on.world.deliver(gone).succeeded
    on.world.deliver(event)
    on.stack.delete()
    on.world.deliver(event)


AFTER_STEP: dict[str, Callable[[Stage, Json, Delivery], None]] = {
    "the rotation is retried": _retried,
    "the step comes twice": _step_twice,
    "the rotation is given up until the next": _given_up,
    "another host is deployed": _deployed_meanwhile,
    "a deployment is rolled back": _deployed_in_vain,
    "nothing new is deployed": _deployed_unchanged,
    "another user is deployed": _renamed,
    "the stack is deleted": _deleted,
}
