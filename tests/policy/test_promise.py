"""The promise in a few lines of Python, and the evaluator's judgement of random policies and sends: they agree."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import Restrictions, restrict
from tests.policy.evaluator import ACCOUNT, REGION, SETUPS, Evaluator, Send, Setup
from tests.summary import COUNTS

DOMAINS = ("example.com", "mail.example.com", "example.org")
LOCALS = ("noreply", "Billing", "a+b")
ADDRESSES = tuple(f"{local}@{domain}" for local in LOCALS for domain in DOMAINS)
ENDPOINTS = ("vpce-0123456789abcdef0", "vpce-0fedcba9876543210")
NETWORKS = ("203.0.113.0/24", "203.0.113.64/26", "198.51.100.7", "192.0.2.0/25", "2001:db8::/48", "2001:db8:0:1::/64")
SOURCES = ("203.0.113.0", "203.0.113.70", "203.0.113.255", "198.51.100.7", "198.51.100.8", "192.0.2.127", "192.0.2.128",
           "2001:db8::1", "2001:db8:0:1::1", "2001:db8:1::", "10.0.0.1", "8.8.8.8")  # fmt: skip
RECIPIENTS = ("*@example.net", "person@example.org")
MAILED = ("person@example.net", "person@example.org", "Person@example.org", "x@evil.example")
DISPLAY_NAMES = ("Example Shop", "CEO")
VPCS = ("vpc-0123456789abcdef0", "vpc-0fedcba9876543210")
SETS = ("transactional", "marketing")


def promised(r: Restrictions, send: Send) -> bool:
    """What a credential may do, in words that a lawyer could read."""
    from_network = send.source_ip and any(ip_address(send.source_ip) in ip_network(one) for one in r["allowed_cidrs"])
    return (
        send.action == "ses:SendRawEmail"
        and (send.account, send.region) == (ACCOUNT, REGION)
        and send.from_address in r["from_address"]
        and send.identity in {*r["identity"], *r["from_address"], *r["sandbox_recipients"]}
        and bool(from_network or send.vpc_endpoint in r["allowed_vpc_endpoints"] or send.vpc in r["allowed_vpcs"])
        and (not r["feedback_address"] or send.feedback_address in r["feedback_address"])
        and (not r["from_display_name"] or send.display_name in r["from_display_name"])
        and (not r["allowed_recipients"] or all_allowed(send.recipients, r["allowed_recipients"]))
        and all(send.time is not None and send.time < until for until in r["valid_until"])
        and send.configuration_set in {None, *r["configuration_set"]}
    )


def all_allowed(recipients: tuple[str, ...] | None, patterns: tuple[str, ...]) -> bool:
    return recipients is not None and all(
        one.count("@") < 2 and any(fnmatchcase(one, pattern) for pattern in patterns) for one in recipients
    )


def some(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=least)


@st.composite
def restrictions(draw: st.DrawFn) -> Restrictions:
    networks = draw(some(NETWORKS))
    return restrict(
        identity=["example.com", "example.org"],
        from_address=draw(some(ADDRESSES, 1)),
        allowed_cidrs=networks,
        allowed_vpc_endpoints=draw(some(ENDPOINTS, 0 if networks else 1)),
        allowed_vpcs=draw(some(VPCS)),
        allowed_recipients=draw(st.none() | some(RECIPIENTS, 1)),
        from_display_name=draw(st.none() | some(DISPLAY_NAMES, 1)),
        feedback_address=draw(st.none() | st.sampled_from(ADDRESSES)),
        valid_until=draw(st.none() | st.just(datetime(2099, 1, 31, tzinfo=UTC))),
        configuration_set=draw(st.none() | st.sampled_from(SETS)),
        sandbox_recipients=draw(some(("person@example.net",))),
    )


SENDS = st.builds(
    Send,
    from_address=st.none() | st.sampled_from(ADDRESSES),
    identity=st.sampled_from((*DOMAINS, *ADDRESSES, "person@example.net")),
    source_ip=st.none() | st.sampled_from(SOURCES),
    vpc_endpoint=st.none() | st.sampled_from(ENDPOINTS),
    vpc=st.none() | st.sampled_from(VPCS),
    recipients=st.none() | some(MAILED, 1).map(tuple),
    display_name=st.none() | st.sampled_from(DISPLAY_NAMES),
    feedback_address=st.none() | st.sampled_from(ADDRESSES),
    time=st.sampled_from(("2026-12-24T18:00:00Z", "2099-01-30T23:59:59Z", "2099-01-31T00:00:00Z")),
    configuration_set=st.none() | st.sampled_from(SETS),
    action=st.sampled_from(("ses:SendRawEmail", "ses:SendRawEmail", "ses:SendRawEmail", "ses:SendEmail")),
    region=st.sampled_from((REGION, REGION, REGION, "us-east-1")),
)


def likely(r: Restrictions, send: Send) -> Send:
    """The send bent towards what is allowed, since chance alone seldom gets there."""
    return replace(
        send,
        action="ses:SendRawEmail",
        region=REGION,
        time="2026-12-24T18:00:00Z",
        from_address=r["from_address"][0],
        identity=r["identity"][0],
        source_ip=str(ip_network(r["allowed_cidrs"][-1])[0]) if r["allowed_cidrs"] else None,
        vpc_endpoint=None if r["allowed_cidrs"] else r["allowed_vpc_endpoints"][0],
        display_name=next(iter(r["from_display_name"]), send.display_name),
        feedback_address=next(iter(r["feedback_address"]), send.feedback_address),
        configuration_set=next(iter(r["configuration_set"]), None),
    )


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    r=restrictions(), send=SENDS, bend=st.sampled_from((likely, lambda _, send: send)), setup=st.sampled_from(SETUPS)
)
def test_the_evaluator_agrees_with_the_promise(
    iam: Evaluator, r: Restrictions, send: Send, bend: Callable[[Restrictions, Send], Send], setup: Setup
) -> None:
    one = bend(r, send)
    document = policy_document(r, partition="aws", region=REGION, account=ACCOUNT)
    assert iam.permits(document, one, setup) is (promised(r, one) and setup.grants)
    COUNTS["policy"]["random policies and sends"] += 1
    COUNTS["policy"]["of them sent"] += promised(r, one) and setup.grants
