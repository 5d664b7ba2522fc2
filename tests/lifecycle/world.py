"""The world around the function: its clock, SES, and AWS.

The real handler runs in it. Each call it makes, each login and each answer is a *point*: there a fault can be planted,
another event can be let in, and the invariants are checked after whatever the call did.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import dataclasses
import json
import logging
import pickle
import threading
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from botocore.client import BaseClient

from ses_secure_user.issuer import deployment, handler
from ses_secure_user.issuer.patience import Patience
from ses_secure_user.issuer.smtp import EndpointUnreachableError, LoginRefusedError
from tests.lifecycle import aws
from tests.lifecycle.aws import Aws, Json
from tests.lifecycle.delivery import Delivery, alone
from tests.lifecycle.faults import ANSWER, BEFORE, LOGIN, READS, Fault, failure
from tests.lifecycle.invariants import REGIONS, Invariants, derived

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION_ARN = f"arn:aws:lambda:{aws.REGION}:{aws.ACCOUNT}:function:issuer"
FUNCTION_SECONDS = 600
CALL_SECONDS = 0.05
WATCHED = logging.getLogger("ses_secure_user")


class DiedError(BaseException):
    """The function's process ended here; nothing in it can notice."""


class World(Invariants):
    """Everything the function can reach.

    Attributes:
        ses_down: Whether the SMTP endpoints cannot be reached.
        secret_first: Whether CloudFormation restores the secret's tags before the credential, or after it.
        token_kept: Whether Secrets Manager tries a rotation that failed again with the same version.
        wire: Whether calls go through botocore's and moto's HTTP layers, as a few tests want, or past them.
    """

    def __init__(
        self, *, first_is_current: bool = False, wire: bool = False, secret_first: bool = True, token_kept: bool = True
    ) -> None:
        super().__init__()
        self.aws = Aws(self.now, first_is_current=first_is_current)
        self.wire = wire
        self.ses_down = False
        self.secret_first = secret_first
        self.token_kept = token_kept
        self.story: list[tuple[list[str], bool, int]] = []
        self._local = threading.local()
        self._all: list[Delivery] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        lifecycle_of = handler._lifecycle
        self._original_call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def patience(seconds: float) -> Patience:
            now = self.now()
            deadline = now + seconds - handler.WORK_MARGIN_SECONDS
            return Patience(started=now, deadline=deadline, now=self.now, sleep=self.sleep)

        def lifecycle(secret_id: str, patience: Patience) -> object:
            made = lifecycle_of(secret_id, patience)
            return dataclasses.replace(made, logins=dataclasses.replace(made.logins, log_in=self._log_in))

        def call(sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
            return self._call(sdk, name, request)

        threads = SimpleNamespace(Lock=threading.Lock, Timer=self._timer)
        for one in (
            self.aws,
            patch.multiple(handler, _patience=patience, _lifecycle=lifecycle, _client=aws.client),
            patch.multiple(deployment, put=self._answer, threading=threads),
            patch.object(BaseClient, "_make_api_call", call),
            patch.multiple(WATCHED, level=logging.DEBUG, propagate=False),
        ):
            self._cleanup.enter_context(one)
        log = _Log(self.texts)
        for logger in (logging.getLogger(), WATCHED):
            logger.addHandler(log)
            self._cleanup.callback(logger.removeHandler, log)
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
        if delivery.sleep is alone:
            self.memory.time += seconds
        else:
            delivery.sleep(seconds)
        self._mind_time(delivery)

    def pass_time(self, seconds: float) -> None:
        self.memory.time += seconds

    def _timer(self, seconds: float, do: Callable[..., None], arguments: list[object]) -> SimpleNamespace:
        """A timer on this clock, in the place of threading.Timer."""
        delivery, ring = self.running, [lambda: do(*arguments)]
        assert delivery
        due = self.now() + seconds
        return SimpleNamespace(start=lambda: delivery.alarms.append((due, ring)), cancel=ring.clear)

    def _mind_time(self, delivery: Delivery) -> None:
        for due, ring in delivery.alarms:
            if ring and due <= self.now():
                ring.pop()()
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
        sleep: Callable[[float], None] = alone,
    ) -> Delivery:
        """Hand an event to the handler, and check what it left."""
        outer, began = self.running, self.now()
        delivery = Delivery(event, began, began + FUNCTION_SECONDS, fault, at_point, sleep, spared=self.spared())
        for other in self._all:
            other.overlapped = delivery.overlapped = True
        self._local.delivery = delivery
        self._all.append(delivery)
        if event.get("RequestType") == "Delete":
            self.memory.revoked |= {event["ResourceProperties"]["UserName"], event["PhysicalResourceId"].split("|")[0]}
        try:
            handler.handler(event, self._context(delivery))
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
        self.check_end(delivery, alone=not self._all)
        assert not self.broken, "\n".join(self.broken)
        return delivery

    def _context(self, delivery: Delivery) -> Any:  # noqa: ANN401 - as much of a context as the handler uses
        return SimpleNamespace(
            invoked_function_arn=FUNCTION_ARN,
            log_group_name="/issuer",
            get_remaining_time_in_millis=lambda: int((delivery.limit - self.now()) * 1000),
        )

    def _reach(
        self, delivery: Delivery, name: str, effect: Callable[[], Json], *, sent: object = None, sdk: object = None
    ) -> Json:
        """Come to a point: do what is to be done there, unless a fault is planted."""
        if delivery.died:
            raise DiedError
        self._mind_time(delivery)
        delivery.points.append(name)
        delivery.at_point(len(delivery.points) - 1)
        self._mind_time(delivery)
        fault = delivery.fault
        kind = fault.befalls(name, delivery.points, self.now() - delivery.began) if fault else None
        delivery.hurt |= kind is not None
        if kind in BEFORE:
            raise failure(kind, name, sent, sdk)
        answer = effect()
        if not name.startswith(READS):
            self.check_instant(delivery)
        if kind == "killed":
            self._die(delivery)
        if kind == "lost":
            raise failure(kind, name, sent, sdk)
        return effect() if kind == "repeated" else answer

    # What the function calls

    def _call(self, sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
        delivery = self.running
        if delivery is None:
            return self._perform(sdk, name, request)
        self.memory.time += CALL_SECONDS
        if name == "TagUser" and delivery.event["RequestType"] != "Delete":
            self.broken.append(f"4: {delivery.story}: user {request['UserName']} is revoked")
        return self._reach(delivery, name, lambda: self._perform(sdk, name, request), sent=request, sdk=sdk)

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
        delivery.alarms.clear()  # whoever answers holds the lock, and a timer would wait for it
        if len(body) > 4096:
            self.broken.append(f"5: the answer has {len(body)} bytes")

        def effect() -> Json:
            delivery.answers.append(json.loads(body))
            return {}

        self._reach(delivery, ANSWER, effect)

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


def _is_unmarked(delivery: Delivery) -> bool:
    """Whether the function was not allowed to mark the user: then it cannot hold later events back."""
    fault = delivery.fault
    return fault is not None and fault.kind == "denied" and delivery.points[fault.point :][:1] == ["TagUser"]


class _Log(logging.Handler):
    """Keeps what is logged, as text, tracebacks included."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(self.format(record))
