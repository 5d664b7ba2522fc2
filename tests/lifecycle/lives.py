"""Random sequences of concurrent events and faults in the life of a login.

``python -m tests.lifecycle.lives SEED LIVES`` runs many of them.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.lifecycle.account import CURRENT, DAY, PREVIOUS, AwsError
from tests.lifecycle.cloudformation import STEPS, LimitError, Rotation, Trouble
from tests.lifecycle.faults import AFTER, BEFORE, Fault
from tests.lifecycle.scenes import BASE, BY_TOKEN, ELSEWHERE, ELSEWHERE_BY_TOKEN, FIELDS, FRANKFURT, WRONG_REGION, stage

if TYPE_CHECKING:
    from tests.lifecycle.account import Secret, User
    from tests.lifecycle.scenes import Stage

SWITCHES = ("first_is_current", "pending_leaves", "token_kept", "deleted_first")
WANTED = (BASE, BASE, ELSEWHERE, FIELDS, FRANKFURT, BY_TOKEN, ELSEWHERE_BY_TOKEN, WRONG_REGION)
JUNK = ("junk", "{}", '{"iam_user": 1}', '{"username": "AKIA"}', '{"iam_user": "elsewhere"}', '{"iam_user": "foreign"}')


class Life:
    """The life of one stack, from its first event to its deletion."""

    def __init__(self, chance: random.Random, on: Stage) -> None:
        self.chance, self.on, self.world = chance, on, on.world
        self.story: list[str] = []
        if chance.random() < 0.5:
            usual, slow = (0.02, 0.05, 0.1, 0.3, 0.3, 2.0), 14.0  # the SDK allows 15 s for a call
            self.world.call_seconds = lambda: chance.choice(usual) if chance.random() < 0.98 else slow
        self.world.verifies = chance.random() < 0.8
        self.world.account.foreign.add("foreign")
        self.world.propagation = chance.choice((0.0, 5.0, 5.0, 40.0))

    def live(self) -> None:
        acts = (self.deploy, self.deploy, self.rotate, self.rotate, self.both, self.late, self.by_hand, self.wait)
        for _ in range(self.chance.randint(1, 7)):
            act: Any = self.chance.choice(acts)
            act()
            self.world.require_whole()
        self.world.verifies = True
        if self.on.stack.resources and not self.on.stack.wanted and self.chance.random() < 0.5:
            self.on.stack.delete()
        self.on.settle()

    def fault(self) -> Fault | None:
        if self.chance.random() < 0.5:
            return None
        return Fault(self.chance.randrange(18), self.chance.choice([*BEFORE, *AFTER]))

    def trouble(self, *, cleanup: bool = False) -> Trouble:
        maybe = self.chance.random
        return Trouble(
            self.fault(),
            others_fail=maybe() < 0.25,
            given_up_after=self.chance.choice((0.1, 0.5, 1.5, 8.0, 60.0)) if maybe() < 0.25 else None,
            again_after=self.chance.choice((0.1, 0.2, 0.3, 5.0, 100.0)) if maybe() < 0.3 else None,
            cleanup=None if cleanup or maybe() < 0.7 else self.trouble(cleanup=True),
        )

    def deploy(self) -> None:
        stack = self.on.stack
        if stack.resources and self.chance.random() < 0.15:
            self.story.append("delete")
            stack.delete(Trouble(self.fault()))
            return
        wanted, trouble, rollback = self.chance.choice(WANTED), self.trouble(), self.chance.random() < 0.5
        wanted = wanted if self.world.verifies else BASE
        self.story.append(f"deploy {wanted}, {trouble}, rollback: {rollback}")
        self.world.ses_down = self.chance.random() < 0.1
        stack.deploy(wanted, trouble, rollback=rollback)
        self.world.ses_down = False

    def rotate(self) -> None:
        if not self.on.stack.wanted:
            return
        step, fault = self.chance.choice(STEPS), self.fault()
        self.story.append(f"rotate, {step}: {fault}")
        try:
            self.on.rotation.run(self.chance.randint(1, 3), (step, fault) if fault else None)
        except AwsError:
            assert self.world.memory.tampered

    def both(self) -> None:
        """Begin a rotation during a deployment or during another rotation."""
        if not self.on.stack.wanted:
            return
        secret = self.on.stack.secret
        other = Rotation(self.world, lambda: secret)
        after = self.chance.choice((0.0, 0.2, 1.0, 5.0))
        self.story.append(f"meanwhile, after {after}: rotate")

        def rotate() -> None:
            if secret.arn not in self.world.account.secrets:
                return
            token = other.begin()
            for step in STEPS:
                twice = self.chance.random() < 0.3
                sent = [self.world.send(other.event(step, token), after=one) for one in (0.0, 0.2)[: 1 + twice]]
                self.world.wait_for(*sent)
                if not sent[0].succeeded:
                    break
            secret.rotation = None

        self.world.clock.start(rotate, after)
        self.deploy()
        self.world.pass_time(1000)

    def late(self) -> None:
        """Deliver an event again after it has ended."""
        self.world.wait_for(*self.world.deliveries)
        over = [one.event for one in self.world.deliveries if one.is_deployment]
        names = {one.name for one in self.on.stack.resources.values()}
        over = [one for one in over if one["RequestType"] != "Delete" or one["PhysicalResourceId"] not in names]
        if over:
            event = self.chance.choice(over)
            self.story.append(f"once more: {event['RequestType']} {event.get('PhysicalResourceId')}")
            keys = self.on.key_ids() if self.on.stack.wanted else set()
            self.world.deliver(event)
            if event["RequestType"] == "Delete" and self.on.stack.wanted and not self.world.memory.tampered:
                assert self.on.key_ids() == keys, "a late Delete deleted a key"

    def by_hand(self) -> None:
        if not self.on.stack.wanted:
            return
        act = self.chance.choice(("delete", "deactivate", "make", "paste", "move", "untag", "untag user", "revoked"))
        self.story.append(f"by hand: {act}")
        secret, user = self.on.stack.secret, self.world.account.users[self.on.stack.user_name]
        label = self.chance.choice((CURRENT, PREVIOUS))
        key = self.world.account.find(str(self.on.login(label).get("username")))
        if act == "make":
            if len(user.keys) < 2:
                self.world.make_key(user.name)
            return
        self.world.tamper()
        if act == "delete" and key:
            self.world.delete_key(key.key_id)
        elif act == "deactivate" and key:
            key.active = False
        elif act == "paste":
            self.on.paste(self.chance.choice(JUNK))
        elif act == "move" and (former := secret.holder(PREVIOUS)):
            secret.move(CURRENT, former)
        else:
            self.tag_by_hand(act, secret, user)

    def tag_by_hand(self, act: str, secret: Secret, user: User) -> None:
        if act == "untag":
            secret.tags.clear()
        elif act == "untag user":
            user.tags.pop(self.chance.choice([*user.tags]), None)
        elif act == "revoked":
            secret.tags |= {f"ses-secure-user:revoked:{n}": one for n, one in enumerate(journal(secret))}

    def wait(self) -> None:
        self.world.pass_time(self.chance.choice((1.0, 100.0, 400.0, DAY)))


def journal(secret: Secret) -> list[str]:
    """Return the Creates in the journal of a secret."""
    return [tag.rpartition(":")[2] for tag in secret.tags if ":created:" in tag]


def live(chance: random.Random) -> None:
    """Run one random life.

    Raises:
        AssertionError: An invariant is violated.
    """
    with stage(**{name: chance.random() < 0.5 for name in SWITCHES}) as on:
        life = Life(chance, on)
        try:
            life.live()
        except BaseException as error:
            error.add_note("\n".join(life.story))
            raise


def main(seed: int, lives: int) -> None:
    limits, began, bad = 0, time.monotonic(), Counter[str]()
    for number in range(lives):
        try:
            live(random.Random(f"{seed}/{number}"))  # noqa: S311 - reproducible by its seed
        except LimitError:
            limits += 1
        except Exception as error:  # noqa: BLE001 - counted
            reason = re.sub(r"(?s), (None|Fault).*?\]:|[0-9]{4,}|\\n.*", "", str(error))[:150]
            if not bad[reason]:
                print(f"life {number}:", str(error)[:1500], *error.__notes__, sep="\n")
            bad[reason] += 1
    print(
        f"seed {seed}: {lives - sum(bad.values()):,} of {lives:,} lives ended well, {limits} at the open limit, {time.monotonic() - began:.0f} s"
    )
    for reason, count in bad.most_common(12):
        print(f"{count:6} {reason}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
