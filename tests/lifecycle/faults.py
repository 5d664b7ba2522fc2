"""Faults at one point of an event: a call to AWS, a login, or the response."""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ses_secure_user.functions.issuer.errors import CredentialError
from ses_secure_user.functions.issuer.smtp import EndpointUnreachableError, LoginRefusedError

LOGIN, ANSWER = "login", "answer"
READS = ("Get", "List", "Describe")
LATE_SECONDS = 20.0

BEFORE = ("throttled", "denied", "late", "disconnected", "outage", "quoted", "stale", "limited")
"""The call fails without effect. Variants: the same call is then always denied, or until some seconds after the event
began; every later call fails; the error quotes the request; a read does not find an existing resource; or there are too
many tags."""
AFTER = ("lost", "killed", "repeated")
"""The call succeeds. Then its response is lost, the process dies, or the SDK misses the response and repeats the
call."""

CODES = {
    "throttled": ("Throttling", "ThrottlingException"),
    "denied": ("AccessDenied", "AccessDeniedException"),
    "late": ("AccessDenied", "AccessDeniedException"),
    "quoted": ("ServiceFailure", "InternalServiceError"),
    "stale": ("NoSuchEntity", "ResourceNotFoundException"),
    "limited": ("LimitExceeded", "LimitExceededException"),
}


class Fault(NamedTuple):
    """A fault at one point of an event."""

    point: int
    kind: str

    def befalls(self, name: str, points: list[str], seconds: float) -> str | None:
        """Return the effect on the last of the points, a number of seconds after the event began, or None."""
        number, kind = len(points) - 1, self.kind
        is_same = number > self.point and points[self.point] == name
        lasts = {"outage": number > self.point and name != ANSWER, "denied": is_same, "late": is_same}
        if number != self.point and not lasts.get(kind):
            return None
        if kind == "late" and seconds > LATE_SECONDS:
            return None
        return kind if kind in kinds(name) else None


def kinds(point: str) -> tuple[str, ...]:
    """Return the kinds of faults that are possible at a point."""
    anywhere = ("throttled", "denied", "late", "disconnected", "outage", "killed")
    if point == LOGIN:
        return ("disconnected", "denied", "outage", "quoted", "killed")
    if point == ANSWER:
        return ("disconnected", "lost", "killed")
    if point == "CreateAccessKey":
        return (*anywhere, "lost")
    if point == "GetSecretValue":
        return (*anywhere, "stale")
    if point.startswith(READS):
        return anywhere
    own = {"PutSecretValue": ("quoted",), "TagResource": ("limited",)}
    return (*anywhere, *own.get(point, ()), "lost", "repeated")


def failure(kind: str, name: str, sent: object, sdk: Any) -> Exception:  # noqa: ANN401 - any client
    """Return the exception that the function gets instead of a response."""
    if name == LOGIN and kind == "quoted":
        return ValueError(f"cannot encode {sent}")
    if name == LOGIN:
        refused = kind == "denied"
        return (LoginRefusedError if refused else EndpointUnreachableError)("smtp:465 failed")
    if name == ANSWER:
        return CredentialError("the response could not be sent to CloudFormation")
    if kind in ("disconnected", "outage"):
        return EndpointConnectionError(endpoint_url="https://aws.example")
    if kind == "lost":
        return ReadTimeoutError(endpoint_url="https://aws.example")
    is_iam = sdk.meta.service_model.service_name == "iam"
    message = f"cannot process {sent}" if kind == "quoted" else f"{kind} at {name}"
    return refusal(sdk, name, CODES[kind][not is_iam], message)


def refusal(sdk: Any, name: str, code: str, message: str) -> ClientError:  # noqa: ANN401 - any client
    """Return an error as boto3 raises it."""
    made: ClientError = sdk.exceptions.from_code(code)({"Error": {"Code": code, "Message": message}}, name)
    return made
