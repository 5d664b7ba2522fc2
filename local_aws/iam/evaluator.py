"""An IAM evaluator that is not ours, and a send as SES would ask it about.

`@cloud-copilot/iam-simulate` evaluates whole requests: identity policies, boundary, resource policy, conditions by type
and operator. It knows which resources and condition keys each SES action takes and says when it ignored one, so a
misspelt key cannot pass for a restriction. AWS's own simulator needs an account; moto's engine knows no conditions.

It takes an IPv6 source to be in a bare IPv4 address, stumbles over an empty list of recipients, and finds no IPv4
address in 0.0.0.0/0. So our own rules, which the proofs rest on, must agree with it on every question, and judge those
networks alone.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from local_aws.iam.decision import ALLOWED, Policies, request_of

HERE = Path(__file__).parent
ACCOUNT, REGION = "111122223333", "eu-west-1"
USER = f"arn:aws:iam::{ACCOUNT}:user/mailer"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/role"
TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
ALL_ACTIONS = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
GRANT_TO_USER = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "ses:*", "Resource": "*"},
}

WHOLE_INTERNET = ('"0.0.0.0/0"', '"::/0"')

Document = dict[str, Any]


@dataclass(frozen=True)
class Send:
    """One mail, as SES sees it; what is None SES does not see.

    Attributes:
        KEYS: The condition keys that tell it, each with its field.
    """

    KEYS: ClassVar[dict[str, str]] = {
        "ses:FromAddress": "from_address",
        "ses:FromDisplayName": "display_name",
        "ses:FeedbackAddress": "feedback_address",
        "ses:Recipients": "recipients",
        "aws:CurrentTime": "time",
        "aws:SourceIp": "source_ip",
        "aws:SourceVpce": "vpc_endpoint",
        "aws:SourceVpc": "vpc",
    }

    from_address: str | None = "noreply@example.com"
    identity: str = "example.com"
    source_ip: str | None = "203.0.113.7"
    vpc_endpoint: str | None = None
    vpc: str | None = None
    time: str | None = "2026-12-24T18:00:00Z"
    recipients: tuple[str, ...] | None = ("person@example.net",)
    feedback_address: str | None = "bounces@example.com"
    configuration_set: str | None = None
    display_name: str | None = "Example Shop"
    action: str = "ses:SendRawEmail"
    region: str = REGION
    account: str = ACCOUNT

    @property
    def resources(self) -> list[str]:
        """Everything that must be allowed: the identity, and the configuration set if there is one."""
        prefix = f"arn:aws:ses:{self.region}:{self.account}"
        used = [f"{prefix}:configuration-set/{self.configuration_set}"] if self.configuration_set else []
        return [f"{prefix}:identity/{self.identity}", *used]

    @property
    def context(self) -> dict[str, str | list[str]]:
        """The request's condition keys."""
        told = {key: getattr(self, field) for key, field in self.KEYS.items()}
        return {key: list(one) if isinstance(one, tuple) else one for key, one in told.items() if one is not None}


class Evaluator:
    """The evaluator's process, and our own rules, which must agree with it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.questions = 0

    def permits(self, document: Document, send: Send) -> bool:
        """Whether the user may send this, with this policy as it is deployed."""
        return all(self.allows(document, send.action, one, send.context) for one in send.resources)

    def allows(  # noqa: PLR0913 - all that may be around a policy
        self,
        document: Document,
        action: str,
        resource: str,
        context: dict[str, Any],
        *,
        in_group: bool = True,
        bounded: bool = True,
        administrator: bool = False,
        granted: bool = False,
    ) -> bool:
        """Whether the user may do something, with the policy in its group and as its boundary, and with others."""
        request = {
            "principal": USER,
            "action": action,
            "resource": resource,
            "account": resource.split(":")[4],
            "context": context,
            "attached": [document] * in_group + [ALL_ACTIONS] * administrator,
            "boundary": document if bounded else None,
            "resourcePolicy": GRANT_TO_USER if granted else None,
        }
        return self.decide(request) == ALLOWED

    def permits_role(self, documents: list[Document], action: str, resource: str, **context: str | list[str]) -> bool:
        """Whether a role with these policies may do something to what trusts its account, as keys do."""
        request = {"action": action, "resource": resource, "account": ACCOUNT, "context": context, "principal": ROLE}
        trusting = {"Statement": TRUST} if action.startswith("kms:") else None
        policies = {"attached": documents, "boundary": ALL_ACTIONS, "resourcePolicy": trusting}
        return self.decide(request | policies, strict=True) == ALLOWED

    def actions(self, service: str) -> list[tuple[str, str]]:
        """Every action of a service, with each kind of resource that it takes."""
        names = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT, "IdentityName": "example.com"}
        return [
            (one["action"], _filled(resource, names))
            for one in self._ask({"service": service})
            for resource in one["resources"]
        ]

    def decide(self, request: dict[str, Any], *, strict: bool = False) -> str:
        """What IAM decides, in its simulator's word; our own rules must say the same.

        Mail, and what is asked strictly, must be told by keys that the action knows.
        """
        answer, action = self._ask(request), request["action"]
        ignored = answer["ignored"]
        assert not ignored or not (strict or action == "ses:SendRawEmail"), f"unknown to {action}: {ignored}"
        known = {key: value for key, value in request["context"].items() if key not in ignored}
        return self._agreed(request | {"context": known}, answer["decision"])

    def simulate(self, request: dict[str, Any]) -> str:
        """What IAM's simulator decides, which takes every key that it is told, also one that no service sends."""
        answer = self._ask(request)
        return judged(request) if answer["ignored"] else self._agreed(request, answer["decision"])

    def _agreed(self, request: dict[str, Any], decision: str) -> str:
        second = judged(request)
        if second != decision and not any(network in json.dumps(request) for network in WHOLE_INTERNET):
            raise AssertionError(f"the evaluators disagree on {request}: {decision}, {second}")
        return second

    def _ask(self, question: dict[str, Any]) -> Any:  # noqa: ANN401 - an answer's shape is its question's
        assert self._process.stdin
        assert self._process.stdout
        self.questions += 1
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def evaluator() -> Iterator[Evaluator]:
    """Run the evaluator for as long as it is needed."""
    with subprocess.Popen(
        ["node", HERE / "simulate.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        yield Evaluator(process)
        assert process.stdin
        process.stdin.close()


def judged(request: dict[str, Any]) -> str:
    """What our own rules decide on a request, in the word of IAM's simulator."""
    policies = Policies(
        principal=request["principal"],
        attached=request["attached"],
        boundary=request["boundary"],
        resource_policy=request["resourcePolicy"],
    )
    return policies.decide(request_of(request["action"], request["resource"], request["context"]), request["account"])


def _filled(arn: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        arn = arn.replace(f"${{{name}}}", value)
    head, *rest = arn.split("${")
    return head + "".join(f"x{part.partition('}')[2]}" for part in rest)
