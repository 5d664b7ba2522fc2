"""Claims that mail is allowed only from certain origins, judged by the IAM policy simulator."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.restrictions.rows import ORIGINS

from .mail_claims import UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ses_secure_user.cli.account.simulator import Send
    from ses_secure_user.restrictions.rows import Row

    from .tried import Tried

Question = tuple[str, "Send", bool]
"""A short description, the mail, and True if it must be allowed."""

OTHER_ACTIONS = (
    "ses:SendEmail",
    "ses:SendBulkEmail",
    "ses:DeleteIdentity",
    "iam:CreateAccessKey",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "sts:AssumeRole",
)


def network_claims(tried: Tried) -> list[Claim[Tried]]:
    """Return a claim for each allowed origin, and the claims that everything else is denied."""
    restrictions = tried.known.restrictions
    others = [(row, value) for row in ORIGINS if row.prop != "allowed_cidrs" for value in restrictions[row.prop]]
    return [
        *(
            Claim(f"network-{one}", f"{one} is allowed, its neighbors are denied", _Network(one))
            for one in _networks(tried)
        ),
        *(Claim(f"{_kind(row)}-{value}", f"{value} is allowed", _Origin(row.prop, value)) for row, value in others),
        Claim("other-origins", "all other origins are denied", _other_origins),
        Claim("other-actions", "all actions other than sending mail are denied", _other_actions),
        Claim("guard", "the denials apply even if other policies allow everything", _guard),
    ]


def _kind(row: Row) -> str:
    return row.prop.removeprefix("allowed_vpc_").removeprefix("allowed_").removesuffix("s")


def _networks(tried: Tried) -> tuple[IPv4Network | IPv6Network, ...]:
    return tried.known.restrictions.networks


class _Network:
    """A judge of one network, by its first and last address and the addresses next to them."""

    def __init__(self, network: IPv4Network | IPv6Network) -> None:
        self._network = network

    def __call__(self, tried: Tried) -> Finding:
        first, last = (int(address) for address in (self._network[0], self._network[-1]))
        edges = dict.fromkeys((first, last))
        beyond = [number for number in (first - 1, last + 1) if 0 <= number < 2**self._network.max_prefixlen]
        inside = [(str(address), True) for address in map(self._address, edges)]
        outside = [
            (str(address), False)
            for address in map(self._address, beyond)
            if not any(address in network for network in _networks(tried))
        ]
        asked = [(ip, tried.question.come(allowed_cidrs=ip), allowed) for ip, allowed in (*inside, *outside)]
        return _asked(tried, asked)

    def _address(self, number: int) -> IPv4Address | IPv6Address:
        return ip_address(number.to_bytes(self._network.max_prefixlen // 8, "big"))


class _Origin:
    """A judge of one origin other than a network, such as a VPC endpoint."""

    def __init__(self, prop: str, value: str) -> None:
        self._prop, self._value = prop, value

    def __call__(self, tried: Tried) -> Finding:
        return _asked(tried, [(self._value, tried.question.come(**{self._prop: self._value}), True)])


def _other_origins(tried: Tried) -> Finding:
    others = [(row.prop, value) for row in ORIGINS for value in tried.known.others(row.prop)]
    return _asked(tried, [(value, tried.question.come(**{prop: value}), False) for prop, value in others])


def _other_actions(tried: Tried) -> Finding:
    allowed = tried.simulator.allowed_actions(OTHER_ACTIONS)
    said = f"allowed: {', '.join(allowed)}" if allowed else f"{len(OTHER_ACTIONS)} other actions denied"
    return Finding.of(Judge.IAM, said, holds=not allowed)


def _guard(tried: Tried) -> Finding:
    """Judge with policies of user and identity that allow everything, so that only denials are left."""
    if not tried.simulator.allows(tried.question, granted=True):
        return Finding(Verdict.NOT_PROVED, (Judge.IAM,), "IAM denies the allowed mail too")
    passed = [what for what, send in _abuses(tried) if tried.simulator.allows(send, granted=True)]
    said = f"then allowed: {', '.join(passed)}" if passed else "the explicit denials apply"
    return Finding.of(Judge.IAM, said, holds=not passed)


def _abuses(tried: Tried) -> Iterator[tuple[str, Send]]:
    """Yield mails that each differ in one value. Mail from elsewhere has every origin, so that no key is missing."""
    plain, known = tried.question, tried.known
    for row in known.purposes:
        yield f"another {row.claim}", plain.but(**{row.prop: known.others(row.prop)[0]})
    yield "another identity", replace(plain, resources=(known.restrictions.arn("identity", UNVERIFIED),))
    another_set = known.restrictions.arn("configuration-set", "another")
    yield "another configuration set", replace(plain, resources=(another_set,))
    elsewhere = {row.prop: known.others(row.prop)[0] for row in ORIGINS}
    for address in known.others("allowed_cidrs"):
        yield "another network", plain.come(**elsewhere | {"allowed_cidrs": address})
    yield "another action", replace(plain, action="ses:SendEmail")


def _asked(tried: Tried, questions: Iterable[Question]) -> Finding:
    answers = [(what, tried.simulator.allows(send), wanted) for what, send, wanted in questions]
    wrong = [
        f"{what} is {'allowed' if allowed else 'denied'}" for what, allowed, wanted in answers if allowed != wanted
    ]
    right = ", ".join(f"{what} {'allowed' if allowed else 'denied'}" for what, allowed, _ in answers)
    return Finding.of(Judge.IAM, "; ".join(wrong) or right, holds=not wrong)
