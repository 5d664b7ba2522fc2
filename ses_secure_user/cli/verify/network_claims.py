"""From where mail is allowed, and that nothing else is, judged by IAM's simulator."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict

from .case import UNTRUSTED_ENDPOINT
from .mail_claims import OTHER_RECIPIENT, UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ses_secure_user.cli.account.simulator import Send

    from .case import Case

Question = tuple[str, "Send", bool]
"""What is asked in a word or two, the mail, and whether it must be allowed."""

OTHER_ACTIONS = (
    "ses:SendEmail",
    "ses:SendBulkEmail",
    "ses:DeleteIdentity",
    "iam:CreateAccessKey",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "sts:AssumeRole",
)


def network_claims(case: Case) -> list[Claim[Case]]:
    """One claim for each allowed origin, and one for everything else."""
    restrictions = case.restrictions
    return [
        *(Claim(f"network-{one}", f"{one} is in, its neighbours are out", _Network(one)) for one in _parsed(case)),
        *(Claim(f"endpoint-{one}", f"{one} is in", _Endpoint(one)) for one in restrictions.vpc_endpoints),
        Claim("other-origins", "everything else is out", _other_origins),
        Claim("other-actions", "nothing but mail is allowed", _other_actions),
        Claim("guard", "all this holds even if everything is granted to the user", _guard),
    ]


def _parsed(case: Case) -> tuple[IPv4Network | IPv6Network, ...]:
    return case.restrictions.parsed_networks


class _Network:
    """Judges one network by the four addresses at its edges."""

    def __init__(self, network: IPv4Network | IPv6Network) -> None:
        self._network = network

    def __call__(self, case: Case) -> Finding:
        first, last = (int(address) for address in (self._network[0], self._network[-1]))
        edges = dict.fromkeys((first, last))
        beyond = [number for number in (first - 1, last + 1) if 0 <= number < 2**self._network.max_prefixlen]
        inside = [(str(address), True) for address in map(self._address, edges)]
        outside = [
            (str(address), False)
            for address in map(self._address, beyond)
            if not any(address in network for network in _parsed(case))
        ]
        asked = [(ip, _from(case, source_ip=ip), allowed) for ip, allowed in (*inside, *outside)]
        return _asked(case, asked)

    def _address(self, number: int) -> IPv4Address | IPv6Address:
        return ip_address(number.to_bytes(self._network.max_prefixlen // 8, "big"))


class _Endpoint:
    """Judges one VPC endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __call__(self, case: Case) -> Finding:
        return _asked(case, [(self._endpoint, _from(case, vpc_endpoint=self._endpoint), True)])


def _other_origins(case: Case) -> Finding:
    addresses = ((one, _from(case, source_ip=one), False) for one in case.untrusted)
    endpoint = (UNTRUSTED_ENDPOINT, _from(case, vpc_endpoint=UNTRUSTED_ENDPOINT), False)
    return _asked(case, [*addresses, endpoint])


def _other_actions(case: Case) -> Finding:
    allowed = case.simulator.allowed_actions(OTHER_ACTIONS)
    said = f"allowed: {', '.join(allowed)}" if allowed else f"{len(OTHER_ACTIONS)} others denied"
    return Finding.of(Judge.IAM, said, holds=not allowed)


def _guard(case: Case) -> Finding:
    """Ask again as if an administrator's policy and an identity policy granted everything: only denials are left."""
    if not case.simulator.allows(case.question, granted=True):
        return Finding(Verdict.NOT_PROVED, (Judge.IAM,), "IAM denies the allowed mail too")
    passed = [what for what, send in _abuses(case) if case.simulator.allows(send, granted=True)]
    said = f"allowed then: {', '.join(passed)}" if passed else "the explicit denials stay"
    return Finding.of(Judge.IAM, said, holds=not passed)


def _abuses(case: Case) -> Iterator[tuple[str, Send]]:
    """Each mail with one thing changed; one from elsewhere tells address and endpoint, so that no key is missing."""
    plain, restrictions = case.question, case.restrictions
    yield "another From address", replace(plain, from_address=case.other_address)
    yield "another identity", replace(plain, resources=(restrictions.arn("identity", UNVERIFIED),))
    yield "another configuration set", replace(plain, resources=(restrictions.arn("configuration-set", "another"),))
    for address in case.untrusted:
        yield "another network", replace(plain, source_ip=address, vpc_endpoint=UNTRUSTED_ENDPOINT)
    if restrictions.recipients:
        yield "another recipient", replace(plain, recipients=(OTHER_RECIPIENT,))
    if restrictions.feedback_address:
        yield "another Return-Path", replace(plain, feedback_address=case.other_address)
    yield "another action", replace(plain, action="ses:SendEmail")


def _from(case: Case, *, source_ip: str | None = None, vpc_endpoint: str | None = None) -> Send:
    return replace(case.question, source_ip=source_ip, vpc_endpoint=vpc_endpoint)


def _asked(case: Case, questions: Iterable[Question]) -> Finding:
    answers = [(what, case.simulator.allows(send), wanted) for what, send, wanted in questions]
    wrong = [
        f"{what} is {'allowed' if allowed else 'denied'}" for what, allowed, wanted in answers if allowed != wanted
    ]
    right = ", ".join(f"{what} {'in' if allowed else 'out'}" for what, allowed, _ in answers)
    return Finding.of(Judge.IAM, "; ".join(wrong) or right, holds=not wrong)
