"""The promise: which requests a login may make, said of the construct's properties, apart from what writes the policy.

It is true or false of each request, and knows no statement and no operator of IAM, but for what it is told apart by.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any, NamedTuple

from local_aws.iam.decision import PolicyTest, Region, Request, address, listed


class Right(NamedTuple):
    """A part of a request whose every value must be right; a key must be there.

    Attributes:
        part: The part.
        is_right: Whether one value is.
        told_by: IAM's tests that tell right values from others.
    """

    part: str
    is_right: Callable[[str], bool]
    told_by: tuple[PolicyTest, ...]

    def holds(self, request: Request) -> bool:
        values = request.get(self.part)
        return values is not None and all(map(self.is_right, values))


def promised(place: str, properties: Mapping[str, Any], *, guarded: bool = True) -> Region:
    """Return the requests that a login may make.

    Args:
        place: The beginning of the ARNs of the login's region and account: ``arn:aws:ses:eu-west-1:111122223333:``.
        properties: Those of the construct; identities by their names.
        guarded: Whether the Deny statements are there. The Allow statements alone do not ask whether one recipient
            holds two addresses.
    """

    def given(name: str) -> list[Any]:
        value = properties.get(name) or []
        return list(value) if isinstance(value, tuple) else listed(value)

    def right(part: str, is_right: Callable[[str], bool], by: str, *expected: str) -> Right:
        return Right(part.lower(), is_right, (PolicyTest(part.lower(), by, expected),))

    def one_of(part: str, texts: list[str]) -> Right:
        return right(part, lambda value: value in texts, "StringEquals", *texts)

    def is_recipient(value: str) -> bool:
        """Tell whether a recipient is an allowed one, or ends as it does, and is one address."""
        ends = [one.removeprefix("*") for one in recipients if one.startswith("*@")]
        return (value in recipients or value.endswith(tuple(ends))) and (value.count("@") < 2 or not guarded)

    recipients, networks = given("allowed_recipients"), [ip_network(one) for one in given("allowed_cidrs")]
    end: Any = properties.get("valid_until")
    names = [
        f"identity/{_spelled(one)}"
        for prop in ("identity", "from_address", "sandbox_recipients")
        for one in given(prop)
    ]
    names += [f"identity/{one}" for one in _subdomains(given("identity"), given("from_address"))]
    names += [f"configuration-set/{one}" for one in given("configuration_set")]
    purposes = {
        "from_address": one_of("ses:FromAddress", given("from_address")),
        "from_display_name": one_of("ses:FromDisplayName", given("from_display_name")),
        "feedback_address": one_of("ses:FeedbackAddress", given("feedback_address")),
        "allowed_recipients": right("ses:Recipients", is_recipient, "StringLike", *recipients, "*@*@*"),
        "valid_until": right(
            "aws:CurrentTime", lambda now: datetime.fromisoformat(now) < end, "DateLessThan", str(end)
        ),
    }
    origins = [
        right(
            "aws:SourceIp",
            lambda found: any(address(found) in one for one in networks),
            "IpAddress",
            *map(str, networks),
        ),
        one_of("aws:SourceVpce", given("allowed_vpc_endpoints")),
        one_of("aws:SourceVpc", given("allowed_vpcs")),
    ]
    of_any = (
        right("action", lambda action: action.lower() == "ses:sendrawemail", "Action", "ses:SendRawEmail"),
        one_of("resource", [f"{place}{name}" for name in names]),
        *(test for name, test in purposes.items() if given(name)),
    )
    return [(*of_any, origin) for origin in origins]


def _spelled(identity: str) -> str:
    """Spell an identity as SES does: the case of a domain makes no difference."""
    local, at, domain = identity.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def _subdomains(identities: list[str], senders: list[str]) -> Iterator[str]:
    """Name the domains below an identity that a From address is in: SES asks for the one that is verified by itself."""
    for sender in senders:
        labels = sender.rpartition("@")[2].lower().split(".")
        below = [".".join(labels[start:]) for start in range(len(labels))]
        yield from (one for one in below if any(one.endswith(f".{identity.lower()}") for identity in identities))
