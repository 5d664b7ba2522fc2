"""Random lives of a credential: any event, any fault, any order."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ses_secure_user.issuer.versions import CURRENT, PREVIOUS
from tests.lifecycle.faults import AFTER, BEFORE, Fault
from tests.lifecycle.meetings import Race
from tests.lifecycle.scenes import VPC_HOST, stage
from tests.lifecycle.services import DAY, STEPS, properties
from tests.summary import COUNTS

if TYPE_CHECKING:
    from tests.lifecycle.aws import Json
    from tests.lifecycle.delivery import Delivery

FAULTS = st.none() | st.builds(Fault, st.integers(0, 24), st.sampled_from([*BEFORE, *AFTER]))
WANTED = st.builds(
    lambda user, secret, region, vpc, sender, verify, fields: (
        properties(user, secret, "eu-west-1" if vpc else region, FromAddress=sender, VerifyLogin=verify)
        | ({"Host": VPC_HOST} if vpc else {})
        | ({"Fields": fields} if fields else {})
    ),
    st.sampled_from(["mailer", "mailer", "mailer", "renamed"]),
    st.sampled_from(["login", "login", "login", "moved"]),
    st.sampled_from(["eu-west-1", "eu-central-1"]),
    st.booleans(),
    st.sampled_from(["noreply@example.com", "other@example.com"]),
    st.sampled_from(["true", "true", "true", "false"]),
    st.sampled_from(["", "", "username=SMTP_USERNAME"]),
)
POINTS = st.integers(0, 24)


class Life(RuleBasedStateMachine):
    """One stack, from its first event to the end of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.seen: list[Json] = []
        self.token: str = ""
        self.done = 0
        COUNTS["life cycle"]["random lives"] += 1

    @initialize(first_is_current=st.booleans(), secret_first=st.booleans(), token_kept=st.booleans())
    def begin(self, **how: bool) -> None:
        self.on = self.cleanup.enter_context(stage(**how))

    def teardown(self) -> None:
        try:
            if hasattr(self, "on"):
                self.on.world.ses_down = False
                self.on.world.pass_time(DAY)
                self.on.settle()
        finally:
            self.cleanup.close()

    @property
    def deployed(self) -> bool:
        return self.on.stack.now is not None

    def _deliver(self, event: Json, fault: Fault | None) -> Delivery:
        COUNTS["life cycle"]["random events"] += 1
        self.seen.append(event)
        return self.on.world.deliver(event, fault)

    def _follow(self, event: Json, delivery: Delivery, *, others_fail: bool = False) -> None:
        down, self.on.world.ses_down = self.on.world.ses_down, False
        self.on.stack.follow(event, delivery, others_fail=others_fail)
        self.on.world.ses_down = down
        if self.on.stack.now:
            self.on.rotation.name = self.on.world.aws.secret(self.on.stack.now["SecretId"]).name

    @precondition(lambda self: not self.deployed)
    @rule(wanted=WANTED, fault=FAULTS, others_fail=st.sampled_from([False, False, False, True]))
    def create(self, wanted: Json, fault: Fault | None, others_fail: bool) -> None:  # noqa: FBT001
        event = self.on.stack.begin_create(wanted)
        self._follow(event, self._deliver(event, fault), others_fail=others_fail)

    @precondition(lambda self: self.deployed)
    @rule(
        wanted=WANTED,
        fault=FAULTS,
        others_fail=st.booleans(),
        wait=st.sampled_from([0.0, 60.0, 900.0]),
        rotated=st.booleans(),
    )
    def update(self, wanted: Json, fault: Fault | None, others_fail: bool, wait: float, rotated: bool) -> None:  # noqa: FBT001
        event = self.on.stack.begin_update(wanted)
        delivery = self._deliver(event, fault)
        self.on.world.pass_time(wait)
        if rotated:
            self.on.rotation.run(attempts=1)
        self._follow(event, delivery, others_fail=others_fail)

    @precondition(lambda self: self.deployed)
    @rule(wanted=WANTED, at=POINTS, stalled=st.booleans(), restored=st.booleans())
    def update_given_up(self, wanted: Json, at: int, stalled: bool, restored: bool) -> None:  # noqa: FBT001
        """Another resource fails while the update runs, and its rollback comes beside it."""
        update = self.on.stack.begin_update(wanted)
        rollback = self.on.stack.begin_rollback(update)

        def answered(_: Delivery) -> None:
            if restored:
                self.on.stack.tag(rollback["ResourceProperties"])

        COUNTS["life cycle"]["random events"] += 2
        self.seen += [update, rollback]
        down, self.on.world.ses_down = self.on.world.ses_down, False
        race = Race(self.on.world, update, rollback, at=at, stalled=stalled, after=answered)
        self.on.world.ses_down = down
        self._follow(rollback, race.deliveries[1])

    @precondition(lambda self: self.deployed)
    @rule(fault=FAULTS, invented=st.booleans())
    def delete(self, fault: Fault | None, invented: bool) -> None:  # noqa: FBT001
        event = self.on.stack.begin_delete() | ({"PhysicalResourceId": "INVENTED"} if invented else {})
        self._follow(event, self._deliver(event, fault))

    @precondition(lambda self: self.deployed)
    @rule(again=st.sampled_from([0, 0, 0, 0, 1, 2, 3]), fault=FAULTS)
    def rotation_step(self, again: int, fault: Fault | None) -> None:
        """Secrets Manager goes on with its rotation, or comes with an earlier step again."""
        if self.done == len(STEPS) or self.token not in self.on.rotation.secret.versions:
            self.token, self.done = self.on.rotation.begin(), 0
        number = max(0, self.done - again)
        if self._deliver(self.on.rotation.event(STEPS[number], self.token), fault).succeeded:
            self.done = max(self.done, number + 1)

    @precondition(lambda self: self.deployed)
    @rule()
    def rotation_step_failed(self) -> None:
        """Secrets Manager begins again after a failed step, at once or when the next rotation is due."""
        self.token, self.done = self.on.rotation.begin(), 0

    @precondition(lambda self: self.deployed)
    @rule(attempts=st.integers(1, 3))
    def rotation(self, attempts: int) -> None:
        COUNTS["life cycle"]["random events"] += 4
        self.on.rotation.run(attempts)

    @precondition(lambda self: self.seen)
    @rule(which=st.integers(0, 7), fault=FAULTS)
    def duplicate(self, which: int, fault: Fault | None) -> None:
        """An event comes again, however late."""
        event = self.seen[-1 - which % len(self.seen)]
        if self._would_be_wrong_now(event):
            return
        COUNTS["life cycle"]["random events"] += 1
        delivery = self.on.world.deliver(event, fault)
        if self.on.stack.now:
            self.on.world.check_declared(self.on.rotation.secret, self.on.stack.now, delivery.story)

    def _would_be_wrong_now(self, event: Json) -> bool:
        """Whether CloudFormation would not have sent the event: a Delete of the user the stack has."""
        now = self.on.stack.now
        user_name = event.get("ResourceProperties", {}).get("UserName")
        return event.get("RequestType") == "Delete" and now is not None and now["UserName"] == user_name

    @precondition(lambda self: self.deployed)
    @rule(wanted=WANTED, at=POINTS, first=st.booleans())
    def meeting(self, wanted: Json, at: int, first: bool) -> None:  # noqa: FBT001
        """A step comes while an update runs, or an update while a step does."""
        update = self.on.stack.begin_update(wanted)
        step = self.on.rotation.event("createSecret", self.on.rotation.begin())
        events = (update, step) if first else (step, update)
        COUNTS["life cycle"]["random events"] += 2
        race = Race(self.on.world, *events, at=at)
        self._follow(update, race.deliveries[int(not first)])

    @rule(seconds=st.sampled_from([1.0, 100.0, 400.0, DAY]))
    def time_passes(self, seconds: float) -> None:
        self.on.world.pass_time(seconds)

    @rule()
    def endpoint_goes_or_comes(self) -> None:
        self.on.world.ses_down = not self.on.world.ses_down

    @precondition(lambda self: self.deployed)
    @rule()
    def key_made_by_hand(self) -> None:
        world, now = self.on.world, self.on.stack.now or {}
        if len(world.aws.keys(now["UserName"])) < 2:
            world.make_key(now["UserName"])

    @precondition(lambda self: self.deployed)
    @rule(label=st.sampled_from([CURRENT, PREVIOUS]))
    def key_deleted_by_hand(self, label: str) -> None:
        """People may break the credential; what they broke, the function need not have kept."""
        world = self.on.world
        key_id: Any = world.value(self.on.rotation.secret, label).get("username")
        if key_id in world.aws.iam.access_keys:
            world.delete_key(key_id)
            world.tamper()

    @invariant()
    def nothing_is_broken(self) -> None:
        if hasattr(self, "on"):
            self.on.world.check_instant(None)
            assert not self.on.world.broken


def test_no_life_of_a_credential_breaks_an_invariant() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=450,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
