"""The environment of the function: a clock, SES, and AWS.

The real handler runs in it. Each of its calls, logins and responses is a *point*. It takes time, in which other events
run. A fault can be injected there. The invariants are checked after its effect.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import pickle
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.validate import ParamValidator
from greenlet import getcurrent

from ses_secure_user.functions.issuer import deployment, handler
from ses_secure_user.functions.issuer.patience import Patience
from ses_secure_user.functions.issuer.smtp import EndpointUnreachableError, LoginRefusedError
from tests.lifecycle.account import REGION, Account, AwsError, Json
from tests.lifecycle.clock import Clock
from tests.lifecycle.delivery import Delivery
from tests.lifecycle.faults import ANSWER, BEFORE, LOGIN, READS, Fault, failure, refusal
from tests.lifecycle.invariants import Invariants, is_ses

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION_ARN = f"arn:aws:lambda:{REGION}:123456789012:function:issuer"
FUNCTION_SECONDS = 600
CALL_SECONDS = 0.05
ENVIRONMENT = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
WATCHED = logging.getLogger("ses_secure_user")

client = functools.cache(handler._client.__wrapped__)
"""The clients of the handler. They are slow to create, so all worlds share them."""


class DiedError(BaseException):
    """An exception that ends the function's process. The function does not catch it."""


class World(Invariants):
    """The services that the function can reach.

    Attributes:
        account: IAM and Secrets Manager.
        clock: The simulated time and its tasks.
        call_seconds: The duration of a call.
        ses_down: True if the SMTP endpoints cannot be reached.
        verifies: True if the function tests logins.
        switches: Behavior that AWS does not document. `token_kept`: a failed rotation is retried with the same version.
            `deleted_first`: a failed resource is deleted before it is created again. Others are passed to `Account`.
    """

    def __init__(self, *, token_kept: bool = True, deleted_first: bool = True, **switches: bool) -> None:
        super().__init__()
        self.clock = Clock()
        self.account = Account(self.now, **switches)
        self.token_kept, self.deleted_first = token_kept, deleted_first
        self.call_seconds: Callable[[], float] = lambda: CALL_SECONDS
        self.ses_down = False
        self.verifies = True
        self._running: dict[object, Delivery] = {}
        self.deliveries: list[Delivery] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        lifecycle_of = handler._lifecycle

        def patience(seconds: float) -> Patience:
            now = self.now()
            deadline = now + seconds - handler.WORK_MARGIN_SECONDS
            return Patience(started=now, deadline=deadline, now=self.now, sleep=self._sleep)

        def lifecycle(secret_id: str, patience: Patience) -> object:
            made = lifecycle_of(secret_id, patience)
            logins = dataclasses.replace(made.logins, log_in=self._log_in, verify=self.verifies)
            return dataclasses.replace(made, logins=logins)

        def call(sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
            return self._call(sdk, name, request)

        threads = SimpleNamespace(Lock=lambda: _Lock(self.clock), Timer=self._timer)
        for one in (
            patch.dict("os.environ", ENVIRONMENT),
            patch.multiple(handler, _patience=patience, _lifecycle=lifecycle, _client=client),
            patch.multiple(deployment, put=self._answer, threading=threads),
            patch.object(BaseClient, "_make_api_call", call),
            patch.multiple(WATCHED, level=logging.DEBUG, propagate=False),
        ):
            self._cleanup.enter_context(one)
        log = _Log(self.texts)
        for logger in (logging.getLogger(), WATCHED):
            logger.addHandler(log)
            self._cleanup.callback(logger.removeHandler, log)
        self._cleanup.callback(self.clock.drop)
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    # Time

    def now(self) -> float:
        return self.clock.now

    def pass_time(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.account.forget(86_400.0)

    def _sleep(self, seconds: float) -> None:
        """Let the function wait. Its time may run out."""
        self.clock.sleep(seconds)
        self._mind_time(self.running)

    def _timer(self, seconds: float, do: Callable[..., None], arguments: list[object]) -> SimpleNamespace:
        """Return a timer on the simulated clock, instead of threading.Timer."""
        delivery, state = self.running, {"cancelled": False}

        def ring() -> None:
            if not state["cancelled"] and not delivery.died and not delivery.over:
                self._running[getcurrent()] = delivery
                try:
                    do(*arguments)
                except DiedError:
                    pass
                finally:
                    del self._running[getcurrent()]

        def cancel() -> None:
            state["cancelled"] = True

        return SimpleNamespace(start=lambda: self.clock.start(ring, seconds), cancel=cancel)

    def _mind_time(self, delivery: Delivery) -> None:
        if self.now() > delivery.limit:
            delivery.died = True
        if delivery.died:
            raise DiedError

    # Running the function

    @property
    def running(self) -> Delivery:
        """The delivery of the current task."""
        return self._running[getcurrent()]

    def deliver(
        self, event: Json, fault: Fault | None = None, *, at_point: Callable[[int], None] = lambda _: None
    ) -> Delivery:
        """Send an event to the handler, wait until it has ended, and check the result."""
        delivery = self.send(event, fault, at_point=at_point)
        self.clock.wait(lambda: delivery.over)
        self.require_whole()
        return delivery

    def send(
        self,
        event: Json,
        fault: Fault | None = None,
        *,
        at_point: Callable[[int], None] = lambda _: None,
        after: float = 0,
    ) -> Delivery:
        """Send an event to the handler, which runs concurrently with others."""
        began = self.now() + after
        delivery = Delivery(event, began, began + FUNCTION_SECONDS, fault, at_point)
        self.clock.start(lambda: self._run(delivery), after)
        return delivery

    def wait_for(self, *deliveries: Delivery) -> None:
        """Wait until events have ended."""
        self.clock.wait(lambda: all(one.over for one in deliveries))

    def _run(self, delivery: Delivery) -> None:
        for other in set(self._running.values()):
            other.overlapped = delivery.overlapped = True
        self._running[getcurrent()] = delivery
        self.deliveries.append(delivery)
        context = SimpleNamespace(
            invoked_function_arn=FUNCTION_ARN,
            log_group_name="/issuer",
            aws_request_id=f"request-{self.memory.count}-{self.now()}",
            get_remaining_time_in_millis=lambda: int((delivery.limit - self.now()) * 1000),
        )
        try:
            delivery.returned = handler.handler(delivery.event, context)
        except DiedError:
            pass
        except Exception as error:  # noqa: BLE001 - the exception of the function is checked
            delivery.error = error
        finally:
            del self._running[getcurrent()]
        delivery.over = True
        self.check_end(delivery)

    def _reach(
        self, delivery: Delivery, name: str, effect: Callable[[], Json], *, sent: object = None, sdk: object = None
    ) -> Json:
        """Reach a point: let time pass, then apply the effect, unless a fault prevents it."""
        self._mind_time(delivery)
        delivery.points.append(name)
        number = len(delivery.points) - 1
        delivery.at_point(number)
        self.clock.sleep(self.call_seconds())
        self._mind_time(delivery)
        fault = delivery.fault
        kind = fault.befalls(name, delivery.points[: number + 1], self.now() - delivery.began) if fault else None
        delivery.hurt |= kind is not None
        if kind in BEFORE:
            raise failure(kind, name, sent, sdk)
        answer = effect()
        if not name.startswith(READS):
            self.check_instant(delivery)
        if kind == "killed":
            delivery.died = True
            raise DiedError
        if kind == "lost":
            raise failure(kind, name, sent, sdk)
        return effect() if kind == "repeated" else answer

    # Calls of the function

    def _call(self, sdk: Any, name: str, request: Json) -> Json:  # noqa: ANN401 - any client
        shape = sdk.meta.service_model.operation_model(name).input_shape
        problems = ParamValidator().validate(request, shape)
        assert not problems.has_errors(), problems.generate_report()
        delivery = self.running

        def effect() -> Json:
            try:
                answer = self.account.serve(name, request)
            except AwsError as error:
                raise refusal(sdk, name, error.code, str(error)) from None
            if name == "CreateAccessKey":
                delivery.made.append(answer["AccessKey"]["AccessKeyId"])
                key = answer["AccessKey"]
                self.remember(key["UserName"], key["AccessKeyId"], key["SecretAccessKey"])
            return answer

        if name == "PutSecretValue":
            self.check_put(delivery, request)

        return self._reach(delivery, name, effect, sent=request, sdk=sdk)

    def _log_in(self, host: str, port: int, username: str, password: str, _timeout: float) -> None:
        def effect() -> Json:
            if not is_ses(host):
                self.broken.append(f"9: a login was shown to {host}")
            if self.ses_down or host not in self.hosts:
                raise EndpointUnreachableError(f"{host}:{port} cannot be reached (ConnectionRefusedError)")
            if not self.accepts(host, username, password):
                raise LoginRefusedError(f"{host}:{port} answered 535 to the login")
            return {}

        self._reach(self.running, LOGIN, effect, sent=(username, password))

    def _answer(self, url: str, body: bytes) -> None:
        delivery = self.running
        assert url == delivery.event["ResponseURL"]
        if len(body) > 4096:
            self.broken.append(f"5: the answer has {len(body)} bytes")

        def effect() -> Json:
            delivery.answers.append(json.loads(body))
            return {}

        self._reach(delivery, ANSWER, effect)

    # Saving and restoring the state

    def save(self) -> bytes:
        """Return the complete state while no task runs."""
        assert not self._running
        kept = {
            name: getattr(self.account, name) for name in ("users", "secrets", "ever", "abandoned", "foreign", "count")
        }
        stacks = [dict(vars(one), world=None, last=[]) for one in self.stacks]
        return pickle.dumps((kept, self.memory, self.clock.now, stacks, self.ses_down))

    def restore(self, saved: bytes) -> None:
        self.clock.drop()
        self.deliveries.clear()
        kept, self.memory, self.clock.now, stacks, self.ses_down = pickle.loads(saved)  # noqa: S301
        vars(self.account).update(kept)
        for one, attributes in zip(self.stacks, stacks, strict=True):
            vars(one).update(attributes, world=self)


class _Lock:
    """A lock between tasks, instead of threading.Lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held = False

    def __enter__(self) -> None:
        while self._held:
            self._clock.sleep(0.01)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False


class _Log(logging.Handler):
    """A handler that keeps log messages as text, with tracebacks."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(self.format(record))
