"""What the policy lets through and what it stops, one line a case, for people to read; the proofs try every request."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.iam.evaluator import ACCOUNT, REGION, Document, Evaluator, Send
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import restrict

ENDPOINT, VPC = "vpce-0123456789abcdef0", "vpc-0123456789abcdef0"


def written(**properties: Any) -> Document:  # noqa: ANN401 - any restriction
    return policy_document(restrict(**properties), partition="aws", region=REGION, account=ACCOUNT)


NETWORKS = written(
    identity="example.com",
    from_address=["noreply@example.com", "Billing@mail.example.com"],
    allowed_cidrs=["203.0.113.0/25", "198.51.100.7", "2001:db8:1::/48"],
)
ENDPOINTS = written(identity="example.com", from_address="noreply@example.com", allowed_vpc_endpoints=[ENDPOINT])
BOTH = written(
    identity="example.com",
    from_address="noreply@example.com",
    allowed_cidrs=["203.0.113.0/25"],
    allowed_vpc_endpoints=[ENDPOINT],
)
ADDRESS = written(identity="noreply@example.com", from_address="noreply@example.com", allowed_cidrs=["203.0.113.0/25"])
VPCS = written(identity="example.com", from_address="noreply@example.com", allowed_vpcs=[VPC])
EVERYTHING_PROPERTIES: dict[str, Any] = {
    "identity": "example.com",
    "from_address": "noreply@example.com",
    "allowed_cidrs": ["203.0.113.0/25"],
    "allowed_vpc_endpoints": [ENDPOINT],
    "allowed_vpcs": [VPC],
    "allowed_recipients": ["*@example.net", "person@example.org"],
    "from_display_name": "Example Shop",
    "feedback_address": "bounces@example.com",
    "configuration_set": "transactional",
    "valid_until": datetime(2099, 1, 31, tzinfo=UTC),
    "sandbox_recipients": ["person@example.net"],
}
EVERYTHING = written(**EVERYTHING_PROPERTIES)

Case = tuple[str, Document, bool, dict[str, Any]]

# fmt: off
MATRIX: tuple[Case, ...] = (
    # what is sent                                       policy      sent   how it differs from a plain send
    ("a plain send",                                     NETWORKS,   True,  {}),
    ("the second From address",                          NETWORKS,   True,  {"from_address": "Billing@mail.example.com"}),
    ("judged by the address, verified itself",           NETWORKS,   True,  {"identity": "noreply@example.com"}),
    ("the first address of the network",                 NETWORKS,   True,  {"source_ip": "203.0.113.0"}),
    ("the last address of the network",                  NETWORKS,   True,  {"source_ip": "203.0.113.127"}),
    ("the single address",                               NETWORKS,   True,  {"source_ip": "198.51.100.7"}),
    ("the first IPv6 address",                           NETWORKS,   True,  {"source_ip": "2001:db8:1::"}),
    ("IPv6 written out",                                 NETWORKS,   True,  {"source_ip": "2001:0db8:0001:0000:0000:0000:0000:0001"}),
    ("any recipient, where none is restricted",          NETWORKS,   True,  {"recipients": ("a@b.example", "c@d.example")}),
    ("any display name, where none is restricted",       NETWORKS,   True,  {"display_name": "CEO"}),
    ("through the endpoint",                             ENDPOINTS,  True,  {"source_ip": None, "vpc_endpoint": ENDPOINT}),
    ("through the endpoint, beside the network",         BOTH,       True,  {"source_ip": None, "vpc_endpoint": ENDPOINT}),
    ("through any endpoint of the VPC",                  VPCS,       True,  {"source_ip": None, "vpc": VPC, "vpc_endpoint": "vpce-0fedcba9876543210"}),
    ("an address as identity",                           ADDRESS,    True,  {"identity": "noreply@example.com"}),
    ("with every restriction",                           EVERYTHING, True,  {}),
    ("two allowed recipients",                           EVERYTHING, True,  {"recipients": ("a@example.net", "person@example.org")}),
    ("the configuration set",                            EVERYTHING, True,  {"configuration_set": "transactional"}),
    ("the sandbox's check of the recipient",             EVERYTHING, True,  {"identity": "person@example.net"}),

    ("another From address",                             NETWORKS,   False, {"from_address": "ceo@example.com"}),
    ("the From address in upper case",                   NETWORKS,   False, {"from_address": "NOREPLY@example.com"}),
    ("the From address at a subdomain",                  NETWORKS,   False, {"from_address": "noreply@mail.example.com"}),
    ("no From address",                                  NETWORKS,   False, {"from_address": None}),
    ("another identity",                                 NETWORKS,   False, {"identity": "example.org"}),
    ("the From address's subdomain, verified itself",    NETWORKS,   True,  {"from_address": "Billing@mail.example.com", "identity": "mail.example.com"}),
    ("a domain that only ends alike",                    NETWORKS,   False, {"identity": "anotherexample.com"}),
    ("the identity in another region",                   NETWORKS,   False, {"region": "us-east-1"}),
    ("another network",                                  NETWORKS,   False, {"source_ip": "192.0.2.1"}),
    ("the address below the network",                    NETWORKS,   False, {"source_ip": "203.0.112.255"}),
    ("the address above the network",                    NETWORKS,   False, {"source_ip": "203.0.113.128"}),
    ("through an endpoint, where none is allowed",       NETWORKS,   False, {"source_ip": None, "vpc_endpoint": ENDPOINT}),
    ("through another endpoint",                         ENDPOINTS,  False, {"source_ip": None, "vpc_endpoint": "vpce-0fedcba9876543210"}),
    ("ses:SendEmail through the endpoint",               ENDPOINTS,  False, {"action": "ses:SendEmail", "source_ip": None, "vpc_endpoint": ENDPOINT}),
    ("another recipient through the endpoint",           EVERYTHING, False, {"recipients": ("x@evil.example",), "source_ip": None, "vpc_endpoint": ENDPOINT}),
    ("another VPC, with every restriction",              EVERYTHING, False, {"source_ip": None, "vpc": "vpc-0fedcba9876543210"}),
    ("from a network, where only endpoints are allowed", ENDPOINTS,  False, {}),
    ("from nowhere",                                     BOTH,       False, {"source_ip": None}),
    ("the address's domain as identity",                 ADDRESS,    False, {"identity": "example.com"}),
    ("a configuration set, where none is allowed",       NETWORKS,   False, {"configuration_set": "transactional"}),
    ("another recipient",                                EVERYTHING, False, {"recipients": ("x@evil.example",)}),
    ("another recipient among allowed ones",             EVERYTHING, False, {"recipients": ("a@example.net", "x@evil.example")}),
    ("a recipient at a subdomain",                       EVERYTHING, False, {"recipients": ("a@mail.example.net",)}),
    ("an allowed recipient in upper case",               EVERYTHING, False, {"recipients": ("PERSON@example.org",)}),
    ("no recipients",                                    EVERYTHING, False, {"recipients": None}),
    ("two addresses as one recipient",                   EVERYTHING, False, {"recipients": ("x@evil.example,a@example.net",)}),
    ("a route as one recipient",                         EVERYTHING, False, {"recipients": ("@evil.example:a@example.net",)}),
    ("another display name",                             EVERYTHING, False, {"display_name": "CEO"}),
    ("no display name",                                  EVERYTHING, False, {"display_name": None}),
    ("at the last second",                               EVERYTHING, True,  {"time": "2099-01-30T23:59:59Z"}),
    ("when it ends",                                     EVERYTHING, False, {"time": "2099-01-31T00:00:00Z"}),
    ("at no known time",                                 EVERYTHING, False, {"time": None}),
    ("another Return-Path",                              EVERYTHING, False, {"feedback_address": "x@example.com"}),
    ("no Return-Path",                                   EVERYTHING, False, {"feedback_address": None}),
    ("From the sandbox's recipient",                     EVERYTHING, False, {"from_address": "person@example.net", "identity": "person@example.net"}),
    ("ses:SendEmail, which is not SMTP's",               NETWORKS,   False, {"action": "ses:SendEmail"}),
)
# fmt: on


@pytest.mark.parametrize("case", MATRIX, ids=[case[0] for case in MATRIX])
def test_a_send(iam: Evaluator, case: Case) -> None:
    _, policy, sent, changed = case
    assert iam.permits(policy, replace(Send(), **changed)) is sent
