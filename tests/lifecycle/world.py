"""The world around the function: its clock, SES, AWS, and a watch on what must hold at every instant.

The real handler runs in it. Each call it makes, each login and each answer is a *point*: there a fault can be planted,
another event can be let in, and the invariants are checked after whatever the call did.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import math
import pickle
import threading
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ses_secure_user.issuer import handler
from ses_secure_user.issuer.lifecycle import CURRENT, PREVIOUS, CredentialError
from ses_secure_user.issuer.smtp import EndpointUnreachableError, LoginRefusedError
from tests.deploy.ses_password import smtp_password
from tests.lifecycle import aws
from tests.lifecycle.aws import Aws, Json, holder, labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.secretsmanager.models import FakeSecret

FUNCTION_ARN = f"arn:aws:lambda:{aws.REGION}:{aws.ACCOUNT}:function:issuer"
FUNCTION_SECONDS = 600
CALL_SECONDS = 0.05
PROPAGATION_SECONDS = 5.0
RESPONSE_URL = "https://cloudformation-custom-resource-response-euwest1.example/answer?X-Amz-Signature=5160e0f5"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
REASON = "Reason"

LOGIN, ANSWER = "login", "answer"
READS = ("Get", "List", "Describe")
WATCHED = logging.getLogger("ses_secure_user")


class DiedError(BaseException):
    """The function's process ended here; nothing in it can notice."""


class Fault(NamedTuple):
    """What goes wrong at one point of an event."""

    point: int
    kind: str


BEFORE = ("throttled", "denied", "disconnected", "outage", "quoted")
"""The call fails and does nothing; in an outage so does every later one; or the error quotes what was sent."""
AFTER = ("lost", "killed", "repeated")
"""The call does its work, then: no answer comes, or the process dies, or the SDK missed the answer and calls again."""


def kinds(point: str) -> tuple[str, ...]:
    """The faults that can befall a point."""
    if point == LOGIN:
        return ("disconnected", "denied", "outage", "quoted", "killed")
    if point == ANSWER:
        return ("disconnected", "lost", "killed")
    if point == "CreateAccessKey":
        return (*BEFORE[:-1], "lost", "killed")
    if point.startswith(READS):
        return (*BEFORE[:-1], "killed")  # what is read twice, or read and lost, changes nothing
    return (*(BEFORE if point == "PutSecretValue" else BEFORE[:-1]), *AFTER)


@dataclass(eq=False)
class Delivery:
    """One run of the function, and all that the outside sees of it."""

    event: Json
    limit: float
    fault: Fault | None = None
    at_point: Callable[[int], None] = lambda _: None
    sleep: Callable[[float], None] = lambda _: None
    points: list[str] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    error: Exception | None = None
    died: bool = False
    hurt: bool = False
    ended_previous: bool = False
    overlapped: bool = False
    spared: set[object] = field(default_factory=set)
    """Keys that worked when their user had no current one that did; these stay until the issue after."""

    @property
    def is_deployment(self) -> bool:
        return "Step" not in self.event

    @property
    def succeeded(self) -> bool:
        if self.is_deployment:
            return [answer["Status"] for answer in self.answers] == ["SUCCESS"]
        return not self.died and self.error is None

    @property
    def reason(self) -> str:
        """Why it failed, as CloudFormation or the rotation's log shows it."""
        return str(self.answers[-1].get(REASON, "")) if self.is_deployment and self.answers else str(self.error or "")


class Alarm:
    """A timer on the world's clock, in the place of threading.Timer."""

    def __init__(self, world: World, seconds: float, do: Callable[..., None], arguments: list[object]) -> None:
        self.due = world.now() + seconds
        self.ring: Callable[[], None] | None = lambda: do(*arguments)
        self._delivery = world.running

    def start(self) -> None:
        assert self._delivery
        self._delivery.alarms.append(self)

    def cancel(self) -> None:
        self.ring = None


@dataclass
class Memory:
    """What the world remembers besides AWS's own state."""

    time: float = 1_800_000_000.0
    born: dict[str, float] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    never_shown: dict[str, str] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    previous: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    clients: dict[str, Any] = field(default_factory=dict)
    tampered: bool = False
    count: int = 0


class World:
    """Everything the function can reach.

    Attributes:
        ses_down: Whether the SMTP endpoints can be reached.
        propagation: How long SES takes to know a key.
        hosts: The region behind each SMTP endpoint's name.
        wire: Whether calls go through botocore's and moto's HTTP layers, as a few tests want, or past them.
    """

    def __init__(self, *, first_is_current: bool = False, wire: bool = False) -> None:
        self.memory = Memory()
        self.aws = Aws(self.now, first_is_current=first_is_current)
        self.wire = wire
        self.ses_down = False
        self.propagation = PROPAGATION_SECONDS
        self.hosts = {f"email-smtp.{region}.amazonaws.com": region for region in REGIONS}
        self.broken: list[str] = []
        self.texts: list[str] = []
        self.story: list[tuple[list[str], bool, int]] = []
        self._local = threading.local()
        self._all: list[Delivery] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        original_lifecycle = handler._lifecycle
        self._original_call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def lifecycle(context: SimpleNamespace) -> object:
            delivery = self.running
            assert delivery
            deadline = delivery.limit - handler.WORK_MARGIN_SECONDS
            fakes = {"now": self.now, "sleep": self.sleep, "log_in": self._log_in, "deadline": deadline}
            return dataclasses.replace(original_lifecycle(context), **fakes)  # type: ignore[arg-type]

        threads = SimpleNamespace(Lock=threading.Lock, Timer=lambda *args: Alarm(self, *args))
        self._cleanup.enter_context(self.aws)
        self._cleanup.enter_context(
            patch.multiple(handler, _lifecycle=lifecycle, _client=aws.client, _put=self._answer, threading=threads)
        )

        def call(sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
            return self._call(sdk, name, request)

        self._cleanup.enter_context(patch.object(BaseClient, "_make_api_call", call))
        log = _Log(self.texts)
        for logger in (logging.getLogger(), WATCHED):
            logger.addHandler(log)
            self._cleanup.callback(logger.removeHandler, log)
        self._cleanup.enter_context(patch.multiple(WATCHED, level=logging.DEBUG, propagate=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    # The clock

    def now(self) -> float:
        return self.memory.time

    def sleep(self, seconds: float) -> None:
        """Let the function wait; other events may run meanwhile, and its time may run out."""
        delivery = self.running
        assert delivery
        if delivery.sleep is _ALONE:
            self.memory.time += seconds
        else:
            delivery.sleep(seconds)
        self._mind_time(delivery)

    def pass_time(self, seconds: float) -> None:
        self.memory.time += seconds

    def _mind_time(self, delivery: Delivery) -> None:
        for alarm in delivery.alarms:
            if alarm.ring and alarm.due <= self.now():
                ring, alarm.ring = alarm.ring, None
                ring()
        if self.now() > delivery.limit:
            self._die(delivery)

    def _die(self, delivery: Delivery) -> None:
        delivery.died = True
        raise DiedError

    # Running the function

    @property
    def running(self) -> Delivery | None:
        """The delivery that the calling thread works on."""
        found: Delivery | None = getattr(self._local, "delivery", None)
        return found

    def deliver(
        self,
        event: Json,
        fault: Fault | None = None,
        *,
        at_point: Callable[[int], None] = lambda _: None,
        sleep: Callable[[float], None] | None = None,
    ) -> Delivery:
        """Hand an event to the handler, and check what it left."""
        outer = self.running
        for other in self._all:
            other.overlapped = True
        delivery = Delivery(event, self.now() + FUNCTION_SECONDS, fault, at_point, sleep or _ALONE)
        delivery.overlapped = bool(self._all)
        delivery.spared = {
            self.value(secret, PREVIOUS).get("username")
            for secret in self.aws.all_secrets()
            if not self.works(secret) or self._owner(secret, CURRENT) != self._owner(secret, PREVIOUS)
        }
        self._local.delivery = delivery
        self._all.append(delivery)
        if event.get("RequestType") == "Delete":
            self._begin_end(event["ResourceProperties"]["UserName"])
        context = SimpleNamespace(
            invoked_function_arn=FUNCTION_ARN,
            log_group_name="/issuer",
            get_remaining_time_in_millis=lambda: int((delivery.limit - self.now()) * 1000),
        )
        try:
            handler.handler(event, context)
        except DiedError:
            pass
        except Exception as error:  # noqa: BLE001 - what the function raises is what is looked at
            delivery.error = error
        finally:
            self._local.delivery = outer
            self._all.remove(delivery)
        if delivery.succeeded and event.get("RequestType") == "Delete" and not _is_unmarked(delivery):
            self.memory.gone.add(event["ResourceProperties"]["UserName"])
        self.story.append((delivery.points, delivery.succeeded, len(self.aws.iam.access_keys)))
        self._check_end(delivery)
        assert not self.broken, "\n".join(self.broken)
        return delivery

    def _begin_end(self, user_name: str) -> None:
        """A user's logins need not work any longer from the moment its Delete comes."""
        self.memory.withdrawn.add(user_name)
        for secret in self.aws.all_secrets():
            if self._owner(secret, CURRENT) == user_name:
                self.memory.good.discard(secret.name)

    def _reach(
        self, delivery: Delivery, name: str, effect: Callable[[], Json], *, sent: object = None, sdk: object = None
    ) -> Json:
        """Come to a point: do what is to be done there, unless a fault is planted."""
        if delivery.died:
            raise DiedError
        self._mind_time(delivery)
        number = len(delivery.points)
        delivery.points.append(name)
        delivery.at_point(number)
        self._mind_time(delivery)
        kind = delivery.fault.kind if delivery.fault and delivery.fault.point == number else None
        if delivery.fault and delivery.fault.kind == "outage" and number > delivery.fault.point and name != ANSWER:
            kind = "outage"
        kind = kind if kind in kinds(name) else None
        delivery.hurt |= kind is not None
        if kind in BEFORE:
            raise _failure(kind, name, sent, sdk)
        answer = effect()
        if not name.startswith(READS):
            self.check_instant()
        if kind == "killed":
            self._die(delivery)
        if kind == "lost":
            raise _failure(kind, name, sent, sdk)
        return effect() if kind == "repeated" else answer

    # What the function calls

    def _call(self, sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
        delivery = self.running
        if delivery is None:
            return self._perform(sdk, name, request)
        self.memory.time += CALL_SECONDS
        if name == "TagUser":
            self._withdraws(delivery, request["UserName"])
        return self._reach(delivery, name, lambda: self._perform(sdk, name, request), sent=request, sdk=sdk)

    def _withdraws(self, delivery: Delivery, user_name: str) -> None:
        wanted = delivery.event["ResourceProperties"]["UserName"]
        if (delivery.event["RequestType"] == "Delete") != (user_name == wanted):
            self.broken.append(f"4: {self._story()}: user {user_name} is withdrawn")
        self.memory.withdrawn.add(user_name)

    def _perform(self, sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
        answer: Json = self._original_call(sdk, name, request) if self.wire else self.aws.call(sdk, name, request)
        if name == "CreateAccessKey":
            key = answer["AccessKey"]
            self.aws.date_key(key["AccessKeyId"])
            self._remember(key["UserName"], key["AccessKeyId"], key["SecretAccessKey"])
            if delivery := self.running:
                delivery.made.append(key["AccessKeyId"])
        return answer

    def _remember(self, user_name: str, key_id: str, secret_access_key: str) -> None:
        self.memory.born[key_id] = self.now()
        self.memory.owners[key_id] = user_name
        self.memory.never_shown[secret_access_key] = f"the secret key of {key_id}"
        for region in REGIONS:
            self.memory.never_shown[derived(secret_access_key, region)] = f"the password of {key_id}"

    def _log_in(self, host: str, port: int, username: str, password: str, _timeout: float) -> None:
        def effect() -> Json:
            if self.ses_down or host not in self.hosts:
                raise EndpointUnreachableError(f"{host}:{port} cannot be logged in to (ConnectionRefusedError)")
            if not self.accepts(host, username, password):
                raise LoginRefusedError(f"{host}:{port} answered 535 to the login")
            return {}

        delivery = self.running
        assert delivery
        self.memory.time += CALL_SECONDS
        self._reach(delivery, LOGIN, effect, sent=(username, password))

    def _answer(self, url: str, body: bytes) -> None:
        delivery = self.running
        assert delivery
        assert url == delivery.event["ResponseURL"]
        if len(body) > 4096:
            self.broken.append(f"5: the answer has {len(body)} bytes")

        def effect() -> Json:
            delivery.answers.append(json.loads(body))
            return {}

        self._reach(delivery, ANSWER, effect)

    def accepts(self, host: str, username: object, password: object, *, at_once: bool = False) -> bool:
        """Whether SES accepts a login, or will as soon as it knows the key."""
        key = self.aws.iam.access_keys.get(str(username))
        if key is None or key.status != "Active" or host not in self.hosts:
            return False
        spread = at_once or self.now() - self.memory.born[key.access_key_id] >= self.propagation
        return spread and password == derived(key.secret_access_key, self.hosts[host])

    # What must hold

    def value(self, secret: FakeSecret, label: str) -> Json:
        """The login that a labelled version holds; empty if it holds none."""
        version = secret.versions.get(holder(secret, label) or "", {})
        return _parsed(version.get("secret_string", "{}"))

    def _owner(self, secret: FakeSecret, label: str) -> str:
        """Whose key a labelled login has."""
        return self.memory.owners.get(str(self.value(secret, label).get("username")), "")

    def works(self, secret: FakeSecret, label: str = CURRENT, *, at_once: bool = False) -> bool:
        """Whether SES accepts a labelled login."""
        value = self.value(secret, label)
        login = (value.get("host", ""), value.get("username"), value.get("password"))
        return bool(value) and self.accepts(*login, at_once=at_once)

    def check_instant(self) -> None:
        """Invariants 1 and 2, and the limit of 3: what holds after every effect."""
        for secret in self.aws.all_secrets():
            name = secret.name
            if self.works(secret):
                self.memory.good.add(name)
            elif (
                name in self.memory.good
                and not self.memory.tampered
                and self._owner(secret, CURRENT) not in self.memory.withdrawn
            ):
                self.broken.append(f"1: {self._story()}: the current login of {name} does not work any more")
            self._check_previous(name, secret)
        if crowded := [user for user in self.aws.iam.users if len(self.aws.keys(user)) > 2]:
            self.broken.append(f"3: more than two keys: {crowded}")

    def _check_previous(self, name: str, secret: FakeSecret) -> None:
        key_id = self.memory.previous.pop(name, None)
        if key_id and not self._lives(key_id) and self.memory.owners[key_id] not in self.memory.withdrawn:
            delivery = self.running
            issuing = delivery and (delivery.event.get("Step") == "createSecret" or delivery.is_deployment)
            if delivery is None or not issuing:
                self.broken.append(f"2: {self._story()}: the previous login of {name} died")
            else:
                delivery.ended_previous = True
        former = str(self.value(secret, PREVIOUS).get("username"))
        if self._lives(former):
            self.memory.previous[name] = former

    def _lives(self, key_id: str) -> bool:
        key = self.aws.iam.access_keys.get(key_id)
        return key is not None and key.status == "Active"

    def _check_end(self, delivery: Delivery) -> None:
        """The rest: what holds after every event."""
        complain = self.broken.append
        if delivery.ended_previous and "CreateAccessKey" not in delivery.points and not delivery.hurt:
            complain(f"2: {self._story(delivery)}: the previous login died and no new one was issued")
        if delivery.succeeded and delivery.made and not delivery.overlapped:
            self._check_known(delivery)
        for user in self.memory.gone:
            if self.aws.keys(user) and not (delivery.hurt or delivery.died or self._all):
                complain(f"4: {self._story(delivery)}: user {user} was withdrawn and has keys")
        if delivery.is_deployment:
            self._check_answers(delivery)
        self._check_silence(delivery)

    def _check_known(self, delivery: Delivery) -> None:
        known = delivery.spared | {
            _parsed(secret.versions[name].get("secret_string", "{}")).get("username")
            for secret in self.aws.all_secrets()
            for name in labels(secret)
        }
        for key_id in delivery.made:
            for key in self.aws.keys(self.memory.owners[key_id]):
                if key.access_key_id not in known:
                    self.broken.append(f"3: {self._story(delivery)}: no version knows key {key.access_key_id}")

    def _check_answers(self, delivery: Delivery) -> None:
        complain = self.broken.append
        lost = delivery.died or (delivery.hurt and delivery.error is not None)
        if len(delivery.answers) > 1 or (not delivery.answers and not lost):
            complain(f"5: {self._story(delivery)}: {len(delivery.answers)} answers")
        for answer in delivery.answers:
            if any(answer[name] != delivery.event[name] for name in ("StackId", "RequestId", "LogicalResourceId")):
                complain(f"5: {self._story(delivery)}: the answer is to another event")
            if answer["Status"] == "FAILED" and (
                not answer[REASON] or ("unexpected" in answer[REASON] and not delivery.hurt)
            ):
                complain(f"5: {self._story(delivery)}: nobody can act on {answer[REASON]!r}")

    def _check_silence(self, delivery: Delivery) -> None:
        """Invariant 6, in all that was logged, answered and raised since the last look."""
        shown = "\n".join([*self.texts, json.dumps(delivery.answers), *told(delivery.error)])
        self.texts.clear()
        for secret, what in (self.memory.never_shown | {RESPONSE_URL: "the ResponseURL"}).items():
            if secret in shown:
                self.broken.append(f"6: {self._story(delivery)}: {what} was shown")

    def _story(self, delivery: Delivery | None = None) -> str:
        delivery = delivery or self.running
        if delivery is None:
            return "by hand"
        return f"{delivery.event.get('RequestType') or delivery.event['Step']}, {delivery.fault}, {delivery.points}"

    def make_key(self, user_name: str) -> str:
        """Let somebody make a key by hand."""
        key_id = str(self.aws.iam.create_access_key(user_name).access_key_id)
        self.aws.date_key(key_id)
        self.memory.owners[key_id] = user_name
        return key_id

    def delete_key(self, key_id: str) -> None:
        """Let somebody delete a key by hand."""
        self.aws.iam.delete_access_key(key_id, self.memory.owners[key_id])

    def tamper(self) -> None:
        """Somebody has broken the credential by hand: what worked need not go on working until the stack is new."""
        self.memory.good.clear()
        self.memory.previous.clear()
        self.memory.tampered = True

    # Going back in time

    def save(self) -> tuple[bytes, bytes, dict[str, Any]]:
        clients = {name: dict(vars(one)) for name, one in self.memory.clients.items()}
        memory = dataclasses.replace(self.memory, clients={})
        return self.aws.save(), pickle.dumps(memory), clients

    def restore(self, saved: tuple[bytes, bytes, dict[str, Any]]) -> None:
        self.story.clear()
        state, memory, clients = saved
        self.aws.restore(state)
        registered = self.memory.clients
        self.memory = pickle.loads(memory)  # noqa: S301
        self.memory.clients = registered
        for name, attributes in clients.items():
            vars(registered[name]).update(attributes)


class Race:
    """Two events at the same moment: the second begins when the first has come to one of its points.

    Each runs until it waits or ends, then whoever is to go on first by the clock does. A stalled first one goes on only
    when the second has ended.
    """

    def __init__(self, world: World, first: Json, second: Json, *, at: int, stalled: bool = False) -> None:
        self._world = world
        self._at = at
        self._stalled = stalled
        self._wakes = [0.0, math.inf]
        self._gates = [threading.Semaphore(0), threading.Semaphore(0)]
        self._left = {0, 1}
        self._end = threading.Semaphore(0)
        self._raised: list[BaseException] = []
        self.deliveries: dict[int, Delivery] = {}
        threads = [threading.Thread(target=self._run, args=(n, event)) for n, event in enumerate((first, second))]
        for thread in threads:
            thread.start()
        self._gates[0].release()
        self._end.acquire()
        for thread in threads:
            thread.join()
        for error in self._raised:
            raise error

    def _run(self, number: int, event: Json) -> None:
        self._gates[number].acquire()
        try:
            self.deliveries[number] = self._world.deliver(
                event,
                at_point=self._meet if number == 0 else lambda _: None,
                sleep=lambda seconds: self._wait(number, self._world.now() + seconds),
            )
        except BaseException as error:  # noqa: BLE001 - raised again where the test is
            self._raised.append(error)
        self._left.discard(number)
        if self._left:
            self._wake(next(iter(self._left)))
        else:
            self._end.release()

    def _meet(self, point: int) -> None:
        if point == self._at and 1 in self._left:
            self._wakes[1] = self._world.now() - 1
            self._wait(0, math.inf if self._stalled else self._world.now())

    def _wait(self, number: int, until: float) -> None:
        self._wakes[number] = until
        following = min(self._left, key=lambda one: self._wakes[one])
        self._wake(following, only_clock=following == number)
        if following != number:
            self._gates[number].acquire()

    def _wake(self, number: int, *, only_clock: bool = False) -> None:
        wake = self._wakes[number]
        if wake < math.inf:
            self._world.memory.time = max(self._world.memory.time, wake)
        if not only_clock:
            self._gates[number].release()


def _ALONE(_: float) -> None:  # noqa: N802 - a mark, not an action
    """No other event runs, so waiting is only time that passes."""


def _is_unmarked(delivery: Delivery) -> bool:
    """Whether the function was not allowed to mark the user: then it cannot hold later events back."""
    fault = delivery.fault
    return fault is not None and fault.kind == "denied" and delivery.points[fault.point :][:1] == ["TagUser"]


derived = functools.cache(smtp_password)


@functools.cache
def _parsed(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Log(logging.Handler):
    """Keeps what is logged, as text, tracebacks included."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(self.format(record))


def told(error: BaseException | None) -> list[str]:
    """All that an exception tells, also through those it came from, shown or not."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error, chain=False)]
        error = error.__cause__ or error.__context__
    return texts


def _failure(kind: str, name: str, sent: object, sdk: Any) -> Exception:  # noqa: ANN401 - any client
    if name == LOGIN and kind == "quoted":
        return ValueError(f"cannot encode {sent}")
    if name == LOGIN:
        refused = kind == "denied"
        return (LoginRefusedError if refused else EndpointUnreachableError)("smtp:465 failed")
    if name == ANSWER:
        return CredentialError("CloudFormation could not be answered")
    if kind in ("disconnected", "outage"):
        return EndpointConnectionError(endpoint_url="https://aws.example")
    if kind == "lost":
        return ReadTimeoutError(endpoint_url="https://aws.example")
    iam_code, code, message = {
        "throttled": ("Throttling", "ThrottlingException", "Rate exceeded"),
        "denied": ("AccessDenied", "AccessDeniedException", f"not authorized to perform {name}"),
        "quoted": ("ServiceFailure", "InternalServiceError", f"cannot process {sent}"),
    }[kind]
    is_iam = sdk.meta.service_model.service_name == "iam"
    details: Any = {"Error": {"Code": iam_code if is_iam else code, "Message": message}}
    return ClientError(details, name)
