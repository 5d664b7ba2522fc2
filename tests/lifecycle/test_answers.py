"""The response to CloudFormation: one for each event, in time, and without secrets."""

from __future__ import annotations

import http.server
import json
import logging
import threading
import time
import traceback
import urllib.request
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from ses_secure_user.functions.issuer import deployment, handler
from ses_secure_user.functions.issuer.errors import CredentialError
from ses_secure_user.functions.issuer.lifecycle import Lifecycle
from tests.lifecycle.account import REGION
from tests.lifecycle.scenes import Stage, stage
from tests.lifecycle.world import FUNCTION_ARN
from tests.lifecycle.world import client as aws_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lifecycle.account import Json


@pytest.mark.parametrize("text", ['größer "“quoted”" \\ 𝄞\n', "ö", "𝄞", '"', "\\", "\n", "\x01"])
def test_a_long_error_gives_a_response_of_valid_size(on: Stage, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    giant = text * 20_000

    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "Giant", "Message": giant}}, "CreateAccessKey")

    monkeypatch.setattr(Lifecycle, "create", refuse)
    event = on.create_event()
    delivery = on.world.deliver(event)
    assert len(json.dumps(delivery.answers[0], ensure_ascii=False).encode()) <= 4096
    assert delivery.answers[0]["Status"] == "FAILED"
    assert delivery.reason.startswith("CreateAccessKey failed: " + "".join(c if c.isprintable() else " " for c in text))


WRONG_NETWORK = (
    "`allowed_cidrs` must contain public networks, because `aws:SourceIp` never contains private addresses, got 10.0.0.0/16;"
    " name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`"
)


def test_a_create_with_a_wrong_network_issues_no_login(on: Stage) -> None:
    event = on.create_event()
    event["ResourceProperties"]["Networks"] = ["203.0.113.0/24", "10.0.0.0/16"]

    delivery = on.world.deliver(event)

    assert delivery.reason.startswith(WRONG_NETWORK)
    assert on.all_keys() == set()


def test_an_update_with_a_wrong_network_keeps_the_login(on: Stage) -> None:
    on.deployed()
    credential, login = on.stack.credential, on.login()
    for networks, status in ((["203.0.113.0/24"], "SUCCESS"), (["10.0.0.0/16"], "FAILED")):
        new = credential.given | {"Networks": networks}
        delivery = on.world.deliver(on.stack.event("Update", new, credential.given, credential.name))
        assert delivery.answers[0]["Status"] == status
    assert delivery.reason.startswith(WRONG_NETWORK)
    assert on.login() == login
    assert on.opens(login)


@pytest.mark.parametrize("awry", [{"ResourceProperties": {}}, {"RequestType": "Rename"}])
def test_an_invalid_event_gets_a_response(awry: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Json] = []

    def put(_: str, body: bytes) -> None:
        answers.append(json.loads(body))

    monkeypatch.setattr(deployment, "put", put)
    monkeypatch.setattr(handler, "_lifecycle", lambda *_: None)
    handler.handler(_event() | awry, _context(600))
    assert [answer["Status"] for answer in answers] == ["FAILED"]
    assert answers[0]["PhysicalResourceId"]


def _event() -> Json:
    with stage() as on:
        return on.create_event()


def _context(seconds: float) -> Any:  # noqa: ANN401 - as much of a context as the handler uses
    return SimpleNamespace(
        invoked_function_arn=FUNCTION_ARN,
        log_group_name="/issuer",
        get_remaining_time_in_millis=lambda: int(seconds * 1000),
    )


def test_the_watchdog_responds_once_when_time_runs_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No other response follows."""
    answered = threading.Event()
    answers: list[Json] = []

    def put(_: str, body: bytes) -> None:
        answers.append(json.loads(body))
        answered.set()

    def blocked(*_: object) -> None:
        assert answered.wait(10)
        raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")

    monkeypatch.setattr(deployment, "put", put)
    monkeypatch.setattr(handler, "_client", aws_client)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(BaseClient, "_make_api_call", blocked)
    began = time.monotonic()
    handler.handler(_event(), _context(deployment.ANSWER_MARGIN_SECONDS + 0.05))
    assert time.monotonic() - began < 5
    assert [answer["Status"] for answer in answers] == ["FAILED"]
    assert "ran out of time" in answers[0]["Reason"]


class Receiver(http.server.HTTPServer):
    """A server for responses that fails a given number of times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.url = f"http://127.0.0.1:{self.server_port}/answer?signature=5160e0f5"
        self.failures = 0
        self.taken: list[tuple[str, str, bytes]] = []


class _Receiving(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        failing = self.server.failures > 0
        if failing:
            self.server.failures -= 1
        else:
            self.server.taken.append((self.path, self.headers["Content-Type"], body))
        self.send_response(503 if failing else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(deployment, "time", SimpleNamespace(sleep=lambda _: None))
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_response_is_retried_until_it_is_accepted(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(deployment, "time", SimpleNamespace(sleep=pauses.append))
    receiver.failures = 2
    deployment.put(receiver.url, b'{"Status": "SUCCESS"}')
    assert receiver.taken == [("/answer?signature=5160e0f5", "", b'{"Status": "SUCCESS"}')]
    assert pauses == [1, 2]


@pytest.mark.parametrize("cause", ["refused", "answered with an error"])
def test_an_unsent_response_does_not_show_its_url(
    cause: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL is pre-signed, so anyone who sees it could respond."""
    receiver.failures = 100
    if cause == "refused":
        monkeypatch.setattr(urllib.request, "urlopen", _refuse)
    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialError) as failure:
        deployment.put(receiver.url, b"{}")
    shown = caplog.text + "".join(traceback.format_exception(failure.value))
    assert failure.value.__context__ is None
    assert "response not accepted" in shown
    assert "signature" not in shown
    assert "127.0.0.1" not in shown


def _refuse(request: urllib.request.Request, **_: object) -> None:
    raise ConnectionRefusedError(f"refused: {request.full_url}")
