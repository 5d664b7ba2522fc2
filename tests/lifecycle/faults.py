"""What can go wrong at one point of an event: at a call to AWS, at a login, at the answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from ses_secure_user.issuer.patience import CredentialError
from ses_secure_user.issuer.smtp import EndpointUnreachableError, LoginRefusedError

LOGIN, ANSWER = "login", "answer"
READS = ("Get", "List", "Describe")
LATE_SECONDS = 20.0

BEFORE = ("throttled", "denied", "late", "disconnected", "outage", "quoted")
"""The call fails and does nothing. From then on the same call is denied for good, or for some seconds since the event
began; or every later call fails; or the error quotes what was sent."""
AFTER = ("lost", "killed", "repeated")
"""The call does its work, then: no answer comes, or the process dies, or the SDK missed the answer and calls again."""


class Fault(NamedTuple):
    """What goes wrong at one point of an event."""

    point: int
    kind: str

    def befalls(self, name: str, points: list[str], seconds: float) -> str | None:
        """What it does to the last of the points, some seconds after the event began."""
        number, kind = len(points) - 1, self.kind
        is_same = number > self.point and points[self.point] == name
        lasts = {"outage": number > self.point and name != ANSWER, "denied": is_same, "late": is_same}
        if number != self.point and not lasts.get(kind):
            return None
        if kind == "late" and seconds > LATE_SECONDS:
            return None
        return kind if kind in kinds(name) else None


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


def failure(kind: str, name: str, sent: object, sdk: Any) -> Exception:  # noqa: ANN401 - any client
    """What the function gets in the place of an answer."""
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
        "late": ("AccessDenied", "AccessDeniedException", f"not authorized to perform {name}"),
        "quoted": ("ServiceFailure", "InternalServiceError", f"cannot process {sent}"),
    }[kind]
    is_iam = sdk.meta.service_model.service_name == "iam"
    details: Any = {"Error": {"Code": iam_code if is_iam else code, "Message": message}}
    return ClientError(details, name)
