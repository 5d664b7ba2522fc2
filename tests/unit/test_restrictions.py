"""Every wrong restriction is refused with one sentence; every right one is normalized, and tokens pass untouched."""

from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_secure_user.policy import POLICY_LIMIT, check_size, policy_document, policy_size
from ses_secure_user.restrictions import restrict, restriction_warnings

GIVEN: dict[str, Any] = {
    "identity": "example.com",
    "from_address": "noreply@example.com",
    "allowed_cidrs": ["203.0.113.0/24"],
}
ARN = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"


def document(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 - any restriction
    made = restrict(**(GIVEN | properties))
    return policy_document(made, partition="aws", region="eu-west-1", account="111122223333")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"allowed_cidrs": []},
            "`allowed_cidrs` must not be empty, got []; name the public networks that mail is sent from, or `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ()},
            "`allowed_cidrs` must not be empty, got []; name the public networks that mail is sent from, or `allowed_vpc_endpoints`",
        ),
        ({"identity": ""}, "`identity` must not be empty, got ''; leave it out or write one"),
        (
            {"identity": []},
            "`identity` must not be empty, got []; name the verified domain or address that mail is sent from",
        ),
        (
            {"from_address": []},
            "`from_address` must not be empty, got []; name the address that the application sends from",
        ),
        ({"from_address": " "}, "`from_address` must not be empty, got ' '; leave it out or write one"),
        ({"identity": None}, '`identity` must be a list of strings, got None; write it like ["example.com"]'),
        (
            {"from_address": None},
            '`from_address` must be a list of strings, got None; write it like ["noreply@example.com"]',
        ),
        (
            {"allowed_cidrs": None},
            '`allowed_cidrs` must be a list of strings, got None; write it like ["203.0.113.0/24"]',
        ),
        (
            {"allowed_cidrs": "203.0.113.0/24"},
            '`allowed_cidrs` must be a list of strings, got 203.0.113.0/24; write it like ["203.0.113.0/24"]',
        ),
        (
            {"allowed_cidrs": [42]},
            '`allowed_cidrs` must be a list of strings, got [42]; write it like ["203.0.113.0/24"]',
        ),
        (
            {"from_address": 42},
            '`from_address` must be a list of strings, got 42; write it like ["noreply@example.com"]',
        ),
        (
            {"allowed_recipients": []},
            "`allowed_recipients` must not be empty, got []; leave it out to allow every recipient",
        ),
        (
            {"allowed_recipients": "*@example.com"},
            '`allowed_recipients` must be a list of strings, got *@example.com; write it like ["*@example.com"]',
        ),
        (
            {"identity": "example"},
            "`identity` must be a domain or an email address, got example; write one such as example.com or noreply@example.com",
        ),
        (
            {"identity": "exa mple.com"},
            "`identity` must be a domain or an email address, got exa mple.com; write one such as example.com or noreply@example.com",
        ),
        ({"identity": "*.example.com"}, "`identity` must be without wildcards, got *.example.com; write each one out"),
        ({"identity": "example.com."}, "`identity` must not end with a dot, got example.com.; leave the dot out"),
        (
            {"identity": "https://example.com"},
            "`identity` must be a domain or an email address, got https://example.com; write one such as example.com or noreply@example.com",
        ),
        (
            {"identity": "-a.example.com"},
            "`identity` must be a domain or an email address, got -a.example.com; write one such as example.com or noreply@example.com",
        ),
        (
            {"identity": "a@b@example.com"},
            "`identity` must be a domain or an email address, got a@b@example.com; write one such as example.com or noreply@example.com",
        ),
        (
            {"identity": ["example.com", "example.com"]},
            "`identity` must name each entry once, got example.com twice; leave one out",
        ),
        (
            {"identity": "straße.example", "from_address": "a@straße.example"},
            "`identity` must have a domain with one spelling in punycode, got straße.example; write the punycode (xn--…) yourself",
        ),
        (
            {"from_address": "noreply"},
            "`from_address` must be an email address, got noreply; write one such as noreply@example.com",
        ),
        (
            {"from_address": "noreply@"},
            "`from_address` must be an email address, got noreply@; write one such as noreply@example.com",
        ),
        (
            {"from_address": "Shop <noreply@example.com>"},
            "`from_address` must be without a display name, got Shop <noreply@example.com>; write only what stands between < and >",
        ),
        (
            {"from_address": "nöreply@example.com"},
            "`from_address` must be ASCII before the @, since SES sends no other, got nöreply@example.com; use an address that is",
        ),
        (
            {"from_address": "no*reply@example.com"},
            "`from_address` must be without wildcards, got no*reply@example.com; write each one out",
        ),
        (
            {"from_address": "no?@example.com"},
            "`from_address` must be without wildcards, got no?@example.com; write each one out",
        ),
        (
            {"from_address": "${aws:username}@example.com"},
            "`from_address` must be literal, since IAM would replace a policy variable, got ${aws:username}@example.com; write the value itself",
        ),
        (
            {"from_address": "noreply@Example.com"},
            "`from_address` must have its domain in lower case, since SES compares case, got noreply@Example.com; write noreply@example.com everywhere",
        ),
        (
            {"from_address": "noreply@example.org"},
            "`from_address` must belong to an `identity`, got noreply@example.org; use an address of example.com, or add example.org to `identity`",
        ),
        (
            {"from_address": "noreply@notexample.com"},
            "`from_address` must belong to an `identity`, got noreply@notexample.com; use an address of example.com, or add notexample.com to `identity`",
        ),
        (
            {"from_address": "noreply@com"},
            "`from_address` must be an email address, got noreply@com; write one such as noreply@example.com",
        ),
        (
            {"from_address": ["noreply@example.com", "noreply@example.com"]},
            "`from_address` must name each entry once, got noreply@example.com twice; leave one out",
        ),
        (
            {"identity": "noreply@example.com", "from_address": "Noreply@example.com"},
            "`from_address` must belong to an `identity`, got Noreply@example.com; use an address of noreply@example.com, or add example.com to `identity`",
        ),
        (
            {"identity": "noreply@example.com", "from_address": "other@example.com"},
            "`from_address` must belong to an `identity`, got other@example.com; use an address of noreply@example.com, or add example.com to `identity`",
        ),
        (
            {"from_address": "noreply@example.com."},
            "`from_address` must not end with a dot, got noreply@example.com.; leave the dot out",
        ),
        (
            {"from_address": "a..b@example.com"},
            "`from_address` must be an email address, got a..b@example.com; write one such as noreply@example.com",
        ),
        (
            {"from_address": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.com"},
            "`from_address` must be an email address, got xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.com; write one such as noreply@example.com",
        ),
        (
            {"from_address": "noreply@exa…mple.com"},
            "`from_address` must have a domain with one spelling in punycode, got noreply@exa…mple.com; write the punycode (xn--…) yourself",
        ),
        (
            {"allowed_cidrs": ["203.0.113"]},
            "`allowed_cidrs` must hold IPv4 or IPv6 networks, got 203.0.113; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ),
        (
            {"allowed_cidrs": ["203.0.113.0/33"]},
            "`allowed_cidrs` must hold IPv4 or IPv6 networks, got 203.0.113.0/33; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ),
        (
            {"allowed_cidrs": ["203.0.113.5/24"]},
            "`allowed_cidrs` must hold networks without host bits, got 203.0.113.5/24; write 203.0.113.0/24 for the network, 203.0.113.5 for the one address",
        ),
        (
            {"allowed_cidrs": ["2001:db8::1/64"]},
            "`allowed_cidrs` must hold networks without host bits, got 2001:db8::1/64; write 2001:db8::/64 for the network, 2001:db8::1 for the one address",
        ),
        (
            {"allowed_cidrs": ["0.0.0.0/0"]},
            "`allowed_cidrs` must not add up to the whole internet, got 0.0.0.0/0; name the networks that mail is sent from",
        ),
        (
            {"allowed_cidrs": ["::/0"]},
            "`allowed_cidrs` must not add up to the whole internet, got ::/0; name the networks that mail is sent from",
        ),
        (
            {"allowed_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]},
            "`allowed_cidrs` must not add up to the whole internet, got 0.0.0.0/1, 128.0.0.0/1; name the networks that mail is sent from",
        ),
        (
            {"allowed_cidrs": ["::/1", "8000::/1"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 8000::/1; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["2000::/3"]},
            "`allowed_cidrs` must not add up to the whole internet, got 2000::/3; name the networks that mail is sent from",
        ),
        (
            {"allowed_cidrs": ["fe80::1%eth0"]},
            "`allowed_cidrs` must hold IPv4 or IPv6 networks, got fe80::1%eth0; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ),
        (
            {"allowed_cidrs": ["mail.example.com"]},
            "`allowed_cidrs` must hold IPv4 or IPv6 networks, got mail.example.com; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ),
        (
            {"allowed_cidrs": ["203.0.113.0/24 "]},
            "`allowed_cidrs` must hold IPv4 or IPv6 networks, got 203.0.113.0/24 ; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ),
        (
            {"allowed_cidrs": ["10.0.0.0/8"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got 10.0.0.0/8; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["10.1.2.3"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got 10.1.2.3; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["172.16.0.0/12"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got 172.16.0.0/12; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["192.168.1.0/24"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got 192.168.1.0/24; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["100.64.0.0/10"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds shared addresses, got 100.64.0.0/10; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["127.0.0.1"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds loopback addresses, got 127.0.0.1; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["169.254.0.0/16"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds link-local addresses, got 169.254.0.0/16; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["224.0.0.0/4"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds multicast addresses, got 224.0.0.0/4; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["240.0.0.0/4"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 240.0.0.0/4; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["255.255.255.255"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 255.255.255.255; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["0.0.0.0"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds unspecified addresses, got 0.0.0.0; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["198.18.0.0/15"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds benchmarking addresses, got 198.18.0.0/15; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["192.0.0.0/24"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 192.0.0.0/24; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["fc00::/7"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got fc00::/7; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["fd12::/16"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds private addresses, got fd12::/16; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["fe80::/10"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds link-local addresses, got fe80::/10; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["::1"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds loopback addresses, got ::1; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["::"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds unspecified addresses, got ::; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["ff02::/16"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds multicast addresses, got ff02::/16; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["::ffff:203.0.113.7"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds IPv4-mapped addresses, got ::ffff:203.0.113.7; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["64:ff9b::/96"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds NAT64 addresses, got 64:ff9b::/96; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["2001::/32"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds Teredo addresses, got 2001::/32; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["2002::/16"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds 6to4 addresses, got 2002::/16; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["100::/64"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 100::/64; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["4000::/3"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 4000::/3; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_cidrs": ["5f00::/16"]},
            "`allowed_cidrs` must hold public networks, since `aws:SourceIp` never holds reserved addresses, got 5f00::/16; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
        ),
        (
            {"allowed_vpc_endpoints": ["vpce-xyz"]},
            "`allowed_vpc_endpoints` must be the id of a VPC endpoint, got vpce-xyz; write one such as vpce-0123456789abcdef0",
        ),
        (
            {"allowed_vpc_endpoints": ["vpce-*"]},
            "`allowed_vpc_endpoints` must be the id of a VPC endpoint, got vpce-*; write one such as vpce-0123456789abcdef0",
        ),
        (
            {"allowed_vpc_endpoints": ["vpc-0123456789abcdef0"]},
            "`allowed_vpc_endpoints` must be the id of a VPC endpoint, got vpc-0123456789abcdef0; write one such as vpce-0123456789abcdef0",
        ),
        (
            {"allowed_recipients": ["*"]},
            "`allowed_recipients` must be an email address or *@ and a domain, got *; write one such as person@example.com or *@example.com",
        ),
        (
            {"allowed_recipients": ["*@*.example.com"]},
            "`allowed_recipients` must be an email address or *@ and a domain, got *@*.example.com; write one such as person@example.com or *@example.com",
        ),
        (
            {"allowed_recipients": ["a*@example.com"]},
            "`allowed_recipients` must be an email address or *@ and a domain, got a*@example.com; write one such as person@example.com or *@example.com",
        ),
        (
            {"allowed_recipients": ["person@Example.com"]},
            "`allowed_recipients` must have its domain in lower case, since SES compares case, got person@Example.com; write person@example.com everywhere",
        ),
        (
            {"allowed_recipients": ["Person <p@example.com>"]},
            "`allowed_recipients` must be without a display name, got Person <p@example.com>; write only what stands between < and >",
        ),
        (
            {"feedback_address": "*@example.com"},
            "`feedback_address` must be without wildcards, got *@example.com; write each one out",
        ),
        (
            {"feedback_address": "bounces"},
            "`feedback_address` must be an email address, got bounces; write one such as noreply@example.com",
        ),
        ({"feedback_address": ""}, "`feedback_address` must not be empty, got ''; leave it out or write one"),
        (
            {"configuration_set": "*"},
            "`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got *; write its name alone, such as transactional",
        ),
        (
            {"configuration_set": "a/b"},
            "`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got a/b; write its name alone, such as transactional",
        ),
        (
            {"configuration_set": ""},
            "`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got ''; write its name alone, such as transactional",
        ),
        (
            {"configuration_set": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
            "`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; write its name alone, such as transactional",
        ),
        ({"configuration_set": ["a"]}, "`configuration_set` must be a string, got ['a']; write it like transactional"),
        (
            {"sandbox_recipients": ["*@example.net"]},
            "`sandbox_recipients` must be without wildcards, got *@example.net; write each one out",
        ),
        (
            {"sandbox_recipients": ["Person <p@example.net>"]},
            "`sandbox_recipients` must be without a display name, got Person <p@example.net>; write only what stands between < and >",
        ),
        (
            {"identity": "arn:aws:ses:eu-west-1:111122223333:identity/"},
            "`identity` must be a domain or an email address, got arn:aws:ses:eu-west-1:111122223333:identity/; write one such as example.com or noreply@example.com",
        ),
        (
            {"identity": "arn:aws:ses:eu-west-1:111122223333:configuration-set/x"},
            "`identity` must be a domain or an email address, got arn:aws:ses:eu-west-1:111122223333:configuration-set/x; write one such as example.com or noreply@example.com",
        ),
        (
            {
                "identity": [
                    "arn:aws:ses:eu-west-1:111122223333:identity/example.com",
                    "arn:aws:ses:us-east-1:111122223333:identity/example.org",
                ]
            },
            "`identity` must lie in one region, got eu-west-1 and us-east-1; make a user for each region",
        ),
        (
            {
                "identity": [
                    "arn:aws:ses:eu-west-1:111122223333:identity/example.com",
                    "arn:aws:ses:eu-west-1:444455556666:identity/example.org",
                ]
            },
            "`identity` must lie in one account, got 111122223333 and 444455556666; make a user for each account",
        ),
    ],
)
def test_a_wrong_restriction_is_refused_with_rule_and_remedy(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="must") as refusal:
        restrict(**(GIVEN | changed))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        (
            {"allowed_cidrs": [f"203.0.{a}.{b}" for a in range(8) for b in range(0, 250, 2)]},
            "`allowed_cidrs` must fit into the 6,144 characters of a managed policy, got 1000 entries that make 34,113; 156 of them fit; give the rest to another user",
        ),
        (
            {"from_address": [f"address-number-{number}@example.com" for number in range(200)]},
            "`from_address` must fit into the 6,144 characters of a managed policy, got 200 entries that make 49,187; 22 of them fit; give the rest to another user",
        ),
    ],
)
def test_what_no_managed_policy_holds_is_refused(changed: dict[str, Any], remedy: str) -> None:
    """The message tells how many would fit."""
    with pytest.raises(ValueError, match="must fit") as refusal:
        check_size(restrict(**(GIVEN | changed)))
    assert str(refusal.value) == remedy


def test_as_many_networks_as_the_message_promises_do_fit() -> None:
    networks = [f"203.0.{a}.{b}" for a in range(8) for b in range(0, 250, 2)]
    assert len(restrict(**(GIVEN | {"allowed_cidrs": networks[:156]})).networks) == 156
    assert policy_size(document(allowed_cidrs=networks[:156])) <= POLICY_LIMIT


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        (["203.0.113.7"], ("203.0.113.7/32",)),
        (["2001:db8::7"], ("2001:db8::7/128",)),
        (["2001:0DB8:0000::/48"], ("2001:db8::/48",)),
        (["203.0.113.0/255.255.255.0"], ("203.0.113.0/24",)),
        (["203.0.113.0/25", "203.0.113.128/25"], ("203.0.113.0/24",)),
        (["203.0.113.0/24", "203.0.113.9", "203.0.113.0/24"], ("203.0.113.0/24",)),
        (["2001:db8::/48", "198.51.100.0/24", "192.0.2.1"], ("192.0.2.1/32", "198.51.100.0/24", "2001:db8::/48")),
        (["8.0.0.0/7"], ("8.0.0.0/7",)),
    ],
)
def test_networks_are_normalized_and_merged(given: list[str], networks: tuple[str, ...]) -> None:
    assert restrict(**(GIVEN | {"allowed_cidrs": given})).networks == networks


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), min_size=1, max_size=8))
def test_merging_changes_no_address(drawn: list[tuple[int, int]]) -> None:
    from ipaddress import ip_network  # noqa: PLC0415 - the check's own arithmetic

    given = [ip_network(f"203.0.113.{number}/{length}", strict=False) for number, length in drawn]
    merged = map(ip_network, restrict(**(GIVEN | {"allowed_cidrs": list(map(str, given))})).networks)
    assert {address for one in merged for address in one} == {address for one in given for address in one}


@pytest.mark.parametrize(
    ("changed", "attribute", "expected"),
    [
        ({"identity": "Example.COM"}, "identities", ("example.com",)),
        ({"identity": "müller.example", "from_address": "a@müller.example"}, "identities", ("xn--mller-kva.example",)),
        (
            {"identity": "müller.example", "from_address": "a@müller.example"},
            "from_addresses",
            ("a@xn--mller-kva.example",),
        ),
        ({"identity": ARN}, "identities", ("example.com",)),
        ({"identity": ARN}, "identity_region", "eu-west-1"),
        ({"identity": ARN}, "identity_account", "111122223333"),
        ({"from_address": "a@deep.mail.example.com"}, "from_addresses", ("a@deep.mail.example.com",)),
        ({"from_address": "it's+1@example.com"}, "from_addresses", ("it's+1@example.com",)),
        ({"identity": ["example.org", "example.com"]}, "identities", ("example.org", "example.com")),
        ({"allowed_cidrs": [], "allowed_vpc_endpoints": ["vpce-0123456789abcdef0"]}, "networks", ()),
        ({"allowed_recipients": ["*@example.net"]}, "recipients", ("*@example.net",)),
    ],
)
def test_a_right_restriction_is_normalized(changed: dict[str, Any], attribute: str, expected: object) -> None:
    assert getattr(restrict(**(GIVEN | changed)), attribute) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"allowed_cidrs": ["203.0.0.0/15"]}, ["ses-secure-user:wideNetwork"]),
        ({"allowed_cidrs": ["203.0.0.0/16"]}, []),
        ({"allowed_cidrs": ["2001:da8::/31"]}, ["ses-secure-user:wideNetwork"]),
        ({"from_address": "NoReply@example.com"}, ["ses-secure-user:upperCaseLocalPart"]),
        (
            {"from_address": "noreply@exämple.com", "identity": "exämple.com"},
            ["ses-secure-user:internationalSender"],
        ),
        (
            {"from_address": ["noreply@xn--exmple-cua.com"], "identity": "exämple.com"},
            [],
        ),
    ],
)
def test_what_is_valid_but_risky_is_warned_of(changed: dict[str, Any], expected: list[str]) -> None:
    properties = GIVEN | changed
    warnings = restriction_warnings(restrict(**properties), properties["identity"], properties["from_address"])
    assert [warning_id for warning_id, _ in warnings] == expected


def test_a_token_network_without_a_prefix_is_warned_of() -> None:
    """IAM takes an IPv6 address without a prefix for a /32, which is a network of 2 to the 96 addresses."""
    stack = cdk.Stack()
    text = cdk.CfnParameter(stack, "Text").value_as_string
    listed = cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list
    for networks, expected in (
        ([text], ["ses-secure-user:tokenNetwork"]),
        (["203.0.113.0/24", text], ["ses-secure-user:tokenNetwork"]),
        ([f"{text}/128"], []),
        (listed, ["ses-secure-user:tokenNetwork"]),
    ):
        made = restrict(**(GIVEN | {"allowed_cidrs": networks}))
        warnings = restriction_warnings(made, "example.com", "noreply@example.com")
        assert [warning_id for warning_id, _ in warnings] == expected


def test_a_token_identity_that_may_be_an_arn_is_warned_of() -> None:
    text = cdk.CfnParameter(cdk.Stack(), "Text").value_as_string
    arn = f"arn:aws:ses:{text}:{text}:identity/{text}"
    for identity, expected in (
        (text, ["ses-secure-user:tokenIdentity"]),
        (["example.com", text], ["ses-secure-user:tokenIdentity"]),
        ("example.com", []),
        (arn, []),
    ):
        warnings = restriction_warnings(restrict(**(GIVEN | {"identity": identity})), identity, "noreply@example.com")
        assert [warning_id for warning_id, _ in warnings] == expected


def test_tokens_pass_every_check() -> None:
    stack = cdk.Stack()
    text = cdk.CfnParameter(stack, "Text").value_as_string
    listed = cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list
    one_by_one = restrict(
        identity=[text],
        from_address=[text, "noreply@example.com"],
        allowed_cidrs=["203.0.113.0/24", text],
        allowed_vpc_endpoints=[text],
        allowed_recipients=[text],
        feedback_address=text,
        configuration_set=text,
        sandbox_recipients=[text],
    )
    assert one_by_one.networks == ("203.0.113.0/24", text)
    whole = restrict(
        identity=text,
        from_address=listed,
        allowed_cidrs=listed,
        allowed_vpc_endpoints=listed,
        allowed_recipients=listed,
    )
    assert whole.networks == whole.from_addresses == whole.vpc_endpoints == whole.recipients == tuple(listed)
    resolved = stack.resolve(policy_document(whole, partition="aws", region="eu-west-1", account="111122223333"))
    assert resolved["Statement"][0]["Condition"]["IpAddress"] == {"aws:SourceIp": {"Ref": "List"}}


def test_the_policy_allows_one_action_and_no_wildcard() -> None:
    allowed = [one for one in document(configuration_set="x")["Statement"] if one["Effect"] == "Allow"]
    assert [one["Action"] for one in allowed] == ["ses:SendRawEmail"]
    assert [one for one in allowed[0]["Resource"] if "*" in one] == []


def test_the_policy_is_the_same_each_time() -> None:
    """And says one thing without a list."""
    assert document() == document()
    assert document()["Statement"][0]["Condition"] == {
        "StringEquals": {"ses:FromAddress": "noreply@example.com"},
        "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
    }
