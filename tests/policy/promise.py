"""The promise: the requests that a login may make, derived from the construct's properties without the policy's writer.

Each request is in the promise or not. The promise does not use IAM's statements. It names IAM's operators only to say
which values are equivalent.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any, NamedTuple

from local_aws.iam.decision import PolicyTest, Region, Request, address, listed


class Right(NamedTuple):
    """A requirement for one part of a request: the part is present, and all its values are allowed.

    Attributes:
        part: The part.
        is_right: A function that returns whether a value is allowed.
        told_by: IAM's tests that separate allowed values from others.
    """

    part: str
    is_right: Callable[[str], bool]
    told_by: tuple[PolicyTest, ...]

    def holds(self, request: Request) -> bool:
        values = request.get(self.part)
        return values is not None and all(map(self.is_right, values))


def promised(place: str, properties: Mapping[str, Any], *, guarded: bool = True) -> Region:
    """Return the requests that a login may make, as a region.

    Args:
        place: The beginning of the ARNs of the login's region and account: ``arn:aws:ses:eu-west-1:111122223333:``.
        properties: The properties of the construct; identities as names.
        guarded: Whether the policy has its Deny statements. The Allow statements alone do not check whether one
            recipient contains two addresses.
    """

    def given(name: str) -> list[Any]:
        value = properties.get(name) or []
        return list(value) if isinstance(value, tuple) else listed(value)

    def right(part: str, is_right: Callable[[str], bool], by: str, *expected: str) -> Right:
        return Right(part.lower(), is_right, (PolicyTest(part.lower(), by, expected),))

    def one_of(part: str, texts: list[str]) -> Right:
        return right(part, lambda value: value in texts, "StringEquals", *texts)

    def is_recipient(value: str) -> bool:
        """Return whether a recipient matches an allowed one, and is a single address."""
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
    """Return an identity as SES spells it: a domain is not case-sensitive."""
    local, at, domain = identity.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def _subdomains(identities: list[str], senders: list[str]) -> Iterator[str]:
    """Yield the subdomains of identities that contain a From address, which can be identities of their own."""
    for sender in senders:
        labels = sender.rpartition("@")[2].lower().split(".")
        below = [".".join(labels[start:]) for start in range(len(labels))]
        yield from (one for one in below if any(one.endswith(f".{identity.lower()}") for identity in identities))
