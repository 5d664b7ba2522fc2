"""`audit` on users with every kind of condition in their policies."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from local_aws.aws import ACCOUNT, REGION, LocalAws, local_aws
from tests.cli.command import ENDPOINT, Command

COM = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
SEND = "ses:SendRawEmail"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ANYBODY = "mail as anyone at example.com"
ANYWHERE = f"{ANYBODY}, from anywhere"
INSIDE = f"nothing from outside; inside, {ANYBODY}"
NETWORK = "192.0.2.0/24"
FOREVER = {"Effect": "Allow", "Action": SEND, "Resource": COM}


def allow(**condition: dict[str, Any]) -> dict[str, Any]:
    return {**FOREVER, "Condition": condition}


def deny(**condition: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def unknown(*keys: str, worth: str = ANYWHERE) -> str:
    return f"not judged, because it depends on {' and '.join(keys)}; at worst {worth}"


class Case(NamedTuple):
    """The impact of a leak (None if there is none), the statements, the boundary, and the tags of the user."""

    worth: str | None
    statements: tuple[dict[str, Any], ...]
    boundary: tuple[dict[str, Any], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


REGIONS: dict[str, Case] = {
    "region-denied-elsewhere": Case(
        ANYWHERE, (FOREVER, deny(StringNotEquals={"aws:RequestedRegion": [REGION, "eu-west-3"]}))
    ),
    "region-in-a-boundary": Case(ANYWHERE, (FOREVER,), (allow(StringEquals={"aws:RequestedRegion": REGION}),)),
    "region-by-pattern": Case(ANYWHERE, (allow(StringLike={"aws:RequestedRegion": f"{REGION[:3]}*"}),)),
    "region-of-others": Case(None, (FOREVER, deny(StringNotEquals={"aws:RequestedRegion": "sa-east-1"}))),
    "region-denied-here": Case(None, (FOREVER,), ({**FOREVER}, deny(StringEquals={"AWS:requestedregion": REGION}))),
    "region-and-network": Case(
        INSIDE, (allow(StringEquals={"aws:RequestedRegion": REGION}, IpAddress={"aws:SourceIp": NETWORK}),)
    ),
}

NAMES: dict[str, Case] = {
    "name-equal": Case(ANYWHERE, (allow(StringEquals={"ses:FromDisplayName": "Example Shop"}),)),
    "name-like": Case(ANYWHERE, (allow(StringLike={"ses:FromDisplayName": "Shop ???? *"}),)),
    "name-of-a-deny": Case(ANYWHERE, (FOREVER, deny(StringNotEquals={"ses:FromDisplayName": "Billing"}))),
    "name-of-any-kind": Case(ANYWHERE, (allow(Null={"ses:FromDisplayName": "false"}),)),
    "name-ignoring-case": Case(ANYWHERE, (allow(StringEqualsIgnoreCase={"ses:FromDisplayName": "ACCOUNTS"}),)),
    "user-agent": Case(ANYWHERE, (allow(StringLike={"aws:UserAgent": "Postfix/*"}),)),
}

UNKNOWN: dict[str, Case] = {
    "api-version": Case(unknown("ses:ApiVersion"), (allow(StringEquals={"ses:ApiVersion": "2"}),)),
    "api-version-denied": Case(unknown("ses:ApiVersion"), (FOREVER, deny(NumericGreaterThan={"ses:ApiVersion": "1"}))),
    "organization": Case(unknown("aws:PrincipalOrgID"), (allow(StringEquals={"aws:PrincipalOrgID": "o-a1b2c3d4e5"}),)),
    "resource-tag": Case(unknown("aws:ResourceTag/team"), (allow(StringLike={"aws:ResourceTag/team": "mail-*"}),)),
    "a-key-of-ones-own": Case(unknown("acme:Ticket"), (allow(Null={"acme:Ticket": "false"}),)),
    "a-set-of-ones-own": Case(
        unknown("acme:Teams"), (allow(**{"ForAnyValue:StringEquals": {"acme:Teams": ["a", "b"]}}),)
    ),
    "two-at-once": Case(
        unknown("acme:Ticket", "acme:Level"),
        (allow(StringEquals={"acme:Ticket": "yes"}, NumericLessThan={"acme:Level": "5"}),),
    ),
    "a-binary": Case(unknown("acme:Token"), (allow(Bool={"acme:Token": "true"}),)),
    "behind-a-network": Case(
        INSIDE, (allow(StringEquals={"ses:ApiVersion": "2"}, IpAddress={"aws:SourceIp": NETWORK}),)
    ),
    "decides-nothing": Case(ANYWHERE, (FOREVER, allow(StringEquals={"ses:ApiVersion": "2"}))),
    "of-other-actions": Case(ANYWHERE, (FOREVER, {**deny(Null={"s3:prefix": "true"}), "Action": "s3:*"})),
    "of-other-actions-alone": Case(None, (deny(), {**allow(Null={"s3:prefix": "true"}), "Action": "s3:*"})),
    "of-no-person": Case(None, (FOREVER, deny(BoolIfExists={"aws:MultiFactorAuthPresent": "false"}))),
    "of-no-user": Case(None, (allow(StringEquals={"aws:SourceIdentity": "jane"}),)),
    "variable-of-ones-own": Case(
        unknown("acme:Mailbox", worth="mail as anything@example.com, from anywhere"),
        (allow(StringEquals={"ses:FromAddress": "${acme:Mailbox}@example.com"}),),
    ),
}

PEOPLE: dict[str, Case] = {
    "user-by-name": Case(ANYWHERE, (allow(StringEquals={"aws:username": "user-by-name"}),)),
    "user-by-arn": Case(ANYWHERE, (allow(ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:user/user-by-*"}),)),
    "user-by-tag": Case(ANYWHERE, (allow(StringEquals={"aws:PrincipalTag/team": "mail"}),), tags=(("team", "mail"),)),
    "user-without-tag": Case(None, (allow(StringEquals={"aws:PrincipalTag/team": "mail"}),), tags=(("unit", "mail"),)),
    "user-as-address": Case(
        "mail as user-as-address@example.com, from anywhere",
        (allow(StringLike={"ses:FromAddress": "${aws:username}@example.com"}),),
    ),
    "user-of-the-account": Case(ANYWHERE, (FOREVER, deny(StringNotEquals={"aws:PrincipalAccount": ACCOUNT}))),
    "no-service": Case(
        ANYWHERE, (allow(Bool={"aws:ViaAWSService": "false"}, BoolIfExists={"aws:SecureTransport": "true"}),)
    ),
}

DATES: dict[str, Case] = {
    "date-to-come": Case(
        f"{ANYWHERE}, from 2027-06-01T00:00:01Z on",
        (allow(DateGreaterThan={"aws:CurrentTime": "2027-06-01T00:00:00Z"}),),
    ),
    "date-gone": Case(None, (allow(DateLessThan={"aws:CurrentTime": "2026-11-25T11:59:59Z"}),)),
    "date-without-time": Case(ANYWHERE, (allow(DateLessThan={"aws:CurrentTime": "2027-01-01"}),)),
    "epoch-as-number": Case(ANYWHERE, (allow(NumericLessThan={"aws:EpochTime": "1900000000"}),)),
    "epoch-as-date": Case(ANYWHERE, (allow(DateLessThan={"aws:EpochTime": "2030-01-01T00:00:00Z"}),)),
    "epoch-gone": Case(None, (FOREVER, deny(NumericGreaterThan={"aws:EpochTime": "1700000000"}))),
    "denied-until": Case(
        f"{ANYWHERE}, from 2028-02-29T00:00:00Z on",
        (FOREVER, deny(DateLessThan={"aws:CurrentTime": "2028-02-29T00:00:00Z"})),
    ),
    "between-two-dates": Case(
        f"{INSIDE}, from 2027-03-01T00:00:01Z on",
        (
            allow(
                DateGreaterThan={"aws:CurrentTime": "2027-03-01T01:00:00+01:00"},
                DateLessThan={"aws:CurrentTime": "2027-04-01T00:00:00Z"},
                IpAddress={"aws:SourceIp": NETWORK},
            ),
        ),
    ),
}

SIX = [f"{name}@example.com" for name in ("a", "b", "c", "d", "e", "f")]

ADDRESSES: dict[str, Case] = {
    "from-ignoring-case": Case(
        "mail as No-Reply@Example.com, from anywhere",
        (allow(StringEqualsIgnoreCase={"ses:FromAddress": "No-Reply@Example.com"}),),
    ),
    "from-in-capitals": Case(
        "mail as info@EXAMPLE.COM, from anywhere", (allow(StringEquals={"ses:FromAddress": "info@EXAMPLE.COM"}),)
    ),
    "from-the-sixth": Case(
        "mail as f@example.com, from anywhere",
        (allow(StringEquals={"ses:FromAddress": SIX}), deny(StringEquals={"ses:FromAddress": SIX[:5]})),
    ),
    "from-nine-elsewhere": Case(
        "mail as z@example.com, from anywhere",
        (allow(StringEquals={"ses:FromAddress": [*(f"n{n}@example.net" for n in range(9)), "z@example.com"]}),),
    ),
    "from-within": Case("mail as *noreply*, from anywhere", (allow(StringLike={"ses:FromAddress": "*noreply*"}),)),
    "from-at-any-domain": Case("mail as shop@*, from anywhere", (allow(StringLike={"ses:FromAddress": "shop@*"}),)),
    "from-below": Case(
        "mail as *@news.example.com, from anywhere", (allow(StringLike={"ses:FromAddress": "*@news.example.com"}),)
    ),
    "from-no-other": Case(
        "mail as shop-*@example.com, from anywhere",
        (FOREVER, deny(StringNotLike={"ses:FromAddress": "shop-*@example.com"})),
    ),
    "from-none-without": Case(
        "mail as *noreply*, from anywhere", (FOREVER, deny(StringNotLike={"ses:FromAddress": "*noreply*"}))
    ),
    "from-if-there-is-one": Case(
        "mail as a?@example.com, from anywhere", (allow(StringLikeIfExists={"ses:FromAddress": "a?@example.com"}),)
    ),
    "from-all-but-one": Case(ANYWHERE, (FOREVER, deny(StringEquals={"ses:FromAddress": "boss@example.com"}))),
    "from-a-star-at-the-domain": Case(
        "mail as *@example.com, from anywhere", (allow(StringEquals={"ses:FromAddress": "*@example.com"}),)
    ),
    "from-a-star-itself": Case(None, (allow(StringEquals={"ses:FromAddress": "*"}),)),
    "recipient-among-others": Case(
        ANYWHERE, (allow(**{"ForAnyValue:StringLike": {"ses:Recipients": "*@example.net"}}),)
    ),
    "recipient-the-seventh": Case(
        f"{ANYBODY}, to certain recipients, from anywhere",
        (
            allow(**{"ForAllValues:StringLike": {"ses:Recipients": [f"r{n}@example.net" for n in range(7)]}}),
            deny(**{"ForAnyValue:StringEquals": {"ses:Recipients": [f"r{n}@example.net" for n in range(6)]}}),
        ),
    ),
    "return-path-below": Case(ANYWHERE, (allow(StringLike={"ses:FeedbackAddress": "bounce+*@example.com"}),)),
}

NETWORKS: dict[str, Case] = {
    "all-of-ipv4": Case(ANYWHERE, (allow(IpAddress={"aws:SourceIp": "0.0.0.0/0"}),)),
    "all-of-ipv6": Case(ANYWHERE, (allow(IpAddress={"aws:SourceIp": "::/0"}),)),
    "lower-half": Case(f"{ANYBODY}, from all of 0.0.0.0/1", (allow(IpAddress={"aws:SourceIp": "0.0.0.0/1"}),)),
    "a-provider": Case(f"{ANYBODY}, from all of 2600::/12", (allow(IpAddress={"aws:SourceIp": ["2600::/12"]}),)),
    "wide-but-for-a-hole": Case(
        f"{ANYBODY}, from all of 198.0.0.0/7",
        (allow(IpAddress={"aws:SourceIp": ["198.0.0.0/7", "198.51.100.0/24"]}),),
    ),
    "wide-but-narrowed": Case(
        INSIDE,
        (allow(IpAddress={"aws:SourceIp": "128.0.0.0/1"}), deny(NotIpAddress={"aws:SourceIp": "198.51.100.0/24"})),
    ),
    "wide-and-private": Case(INSIDE, (allow(IpAddress={"aws:SourceIp": "10.0.0.0/8"}),)),
    "ours-is-what-one-would-ask-from": Case(INSIDE, (allow(IpAddress={"aws:SourceIp": "192.0.2.1"}),)),
    "denied-from-ipv4-alone": Case(ANYWHERE, (FOREVER, deny(IpAddress={"aws:SourceIp": "0.0.0.0/0"}))),
    "written-as-text": Case(INSIDE, (allow(StringLike={"aws:SourceIp": "203.0.113.*"}),)),
    "the-ninth-network": Case(
        INSIDE,
        (
            allow(IpAddress={"aws:SourceIp": [f"203.0.113.{n}" for n in range(9)]}),
            deny(IpAddress={"aws:SourceIp": [f"203.0.113.{n}" for n in range(8)]}),
        ),
    ),
}

ENDPOINTS: dict[str, Case] = {
    "any-endpoint": Case(f"{ANYBODY}, from anyone's VPC endpoint", (allow(StringLike={"aws:SourceVpce": "vpce-*"}),)),
    "any-vpc": Case(f"{ANYBODY}, from anyone's VPC endpoint", (allow(StringLike={"aws:SourceVpc": "vpc-0*"}),)),
    "endpoint-by-its-start": Case(
        f"{ANYBODY}, from anyone's VPC endpoint", (allow(StringLike={"aws:SourceVpce": "vpce-0a1*"}),)
    ),
    "one-vpc": Case(INSIDE, (allow(StringEquals={"aws:SourceVpc": "vpc-0a1b2c3d4e5f60718"}),)),
    "almost-one-endpoint": Case(INSIDE, (allow(StringLike={"aws:SourceVpce": f"{ENDPOINT[:-1]}?"}),)),
    "unless-through-an-endpoint": Case(
        f"{ANYBODY}, from anyone's VPC endpoint",
        (FOREVER, deny(NotIpAddress={"aws:SourceIp": NETWORK}, Null={"aws:SourceVpce": "true"})),
    ),
    "address-in-a-vpc": Case(
        f"{ANYBODY}, from anyone's VPC endpoint", (allow(IpAddress={"aws:VpcSourceIp": "172.31.7.0/24"}),)
    ),
    "endpoint-in-a-vpc": Case(
        INSIDE,
        (allow(StringEquals={"aws:SourceVpce": ENDPOINT, "aws:SourceVpc": "vpc-0a1b2c3d4e5f60718"}),),
    ),
    "denied-to-other-endpoints": Case(INSIDE, (FOREVER, deny(StringNotEquals={"aws:SourceVpce": ENDPOINT}))),
}

ELSEWHERE: dict[str, Case] = {
    "network-in-a-boundary": Case(INSIDE, (FOREVER,), (allow(IpAddress={"aws:SourceIp": NETWORK}),)),
    "from-in-a-boundary": Case(
        "mail as a@example.com, from anywhere", (FOREVER,), (allow(StringEquals={"ses:FromAddress": "a@example.com"}),)
    ),
    "unknown-in-a-boundary": Case(unknown("acme:Ticket"), (FOREVER,), (allow(StringEquals={"acme:Ticket": "x"}),)),
    "denied-in-a-boundary": Case(None, (FOREVER,), ({"Effect": "Deny", "Action": SEND, "Resource": "*"},)),
    "granted-by-the-identity": Case(INSIDE, ({**FOREVER, "Action": "s3:ListBucket"},)),
}
GRANT = {
    **allow(IpAddress={"aws:SourceIp": "198.51.100.0/24"}),
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/granted-by-the-identity"},
}
"""Statements of the identity's policy, for that user."""

OTHERWISE: dict[str, Case] = {
    "not-action": Case(ANYWHERE, ({"Effect": "Allow", "NotAction": "iam:*", "Resource": COM},)),
    "not-resource": Case(
        INSIDE,
        ({**allow(IpAddress={"aws:SourceIp": NETWORK}), "Resource": [], "NotResource": f"{COM}.au"},),
    ),
    "denied-but-for": Case(
        INSIDE,
        (FOREVER, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": NETWORK}}}),
    ),
    "denied-all-else": Case(ANYWHERE, (FOREVER, {"Effect": "Deny", "Action": "ses:*", "NotResource": COM})),
    "resource-with-a-variable": Case(
        ANYWHERE,
        ({**FOREVER, "Resource": f"{COM.rpartition('/')[0]}/${{aws:PrincipalTag/domain}}"},),
        tags=(("domain", "example.com"),),
    ),
}  # fmt: skip

CASES = {
    **REGIONS,
    **NAMES,
    **UNKNOWN,
    **PEOPLE,
    **DATES,
    **ADDRESSES,
    **NETWORKS,
    **ENDPOINTS,
    **ELSEWHERE,
    **OTHERWISE,
}


def document(statements: tuple[dict[str, Any], ...]) -> str:
    shown = [{name: value for name, value in one.items() if value != []} for one in statements if one]
    return json.dumps({"Version": "2012-10-17", "Statement": shown})


def make(aws: LocalAws, name: str, case: Case) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in case.tags])
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(case.statements))
    iam.create_access_key(UserName=name)
    if case.boundary:
        boundary = iam.create_policy(PolicyName=f"{name}-boundary", PolicyDocument=document(case.boundary))
        iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary["Policy"]["Arn"])


@pytest.fixture(scope="module")
def audited() -> Iterator[dict[str, Any]]:
    """Return the report on an account with all of these users."""
    with local_aws() as aws:
        ses = aws.client("sesv2")
        ses.create_email_identity(EmailIdentity="example.com")
        ses.create_email_identity_policy(EmailIdentity="example.com", PolicyName="one", Policy=document((GRANT,)))
        for name, case in CASES.items():
            make(aws, name, case)
        done = Command(aws, now=NOW).run("audit", "--region", REGION, "--json")
        assert done.exit_code == 1, done.output
        yield {one["user"]: one for one in json.loads(done.stdout)["keys"]}


@pytest.mark.parametrize("name", CASES)
def test_the_impact_of_a_leak_under_a_condition(audited: dict[str, Any], name: str) -> None:
    worth = CASES[name].worth
    found = audited.get(name)
    assert (found and found["worth"]) == worth
    if found and worth:
        certain = worth.startswith("mail as")
        assert found["verdict"] == (
            "broken" if certain else "not proved" if worth.startswith("not judged") else "proved"
        )
