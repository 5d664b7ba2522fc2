"""Restrictions that are refused, with their complete messages, and restrictions that are accepted, for all front ends.

A case consists of the properties that differ from `GIVEN`, which is valid, and the message. Each message is written
once.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Properties = dict[str, Any]
Case = tuple[Properties, str]

GIVEN: Properties = {
    "identity": "example.com",
    "from_address": "noreply@example.com",
    "allowed_cidrs": ["203.0.113.0/24"],
}
ARN = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"

_LISTS = {"allowed_cidrs", "allowed_vpc_endpoints", "allowed_vpcs", "allowed_recipients", "sandbox_recipients"}


def shown(value: str) -> str:
    """Return a text as a refusal shows it, in quotes if needed."""
    return value if value == value.strip() and not value.startswith("[") else repr(value)


def _said(rule: str, remedy: str, *given: tuple[str, str]) -> Iterable[Case]:
    """Return the cases of one message, each with a property and a value. For list properties, the list has that
    value."""
    for prop, value in given:
        yield {prop: [value] if prop in _LISTS else value}, f"`{prop}` must {rule}, got {shown(value)}; {remedy}"


WRONG_NETWORKS: list[Case] = [
    *_said(
        "contain IPv4 or IPv6 networks",
        "write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
        ("allowed_cidrs", "203.0.113"),
        ("allowed_cidrs", "203.0.113.0/33"),
        ("allowed_cidrs", "fe80::1%eth0"),
        ("allowed_cidrs", "mail.example.com"),
    ),
    *(
        case
        for kind, networks in {
            "private": ["10.0.0.0/8", "10.1.2.3", "172.16.0.0/12", "192.168.1.0/24", "fc00::/7", "fd12::/16"],
            "shared": ["100.64.0.0/10"],
            "loopback": ["127.0.0.1", "::1"],
            "link-local": ["169.254.0.0/16", "fe80::/10"],
            "multicast": ["224.0.0.0/4", "ff02::/16"],
            "unspecified": ["0.0.0.0", "::"],
            "benchmarking": ["198.18.0.0/15"],
            "IPv4-mapped": ["::ffff:203.0.113.7"],
            "NAT64": ["64:ff9b::/96"],
            "Teredo": ["2001::/32"],
            "6to4": ["2002::/16"],
            "reserved": ["192.0.0.0/24", "240.0.0.0/4", "255.255.255.255", "100::/64", "4000::/3", "5f00::/16"],
        }.items()
        for case in _said(
            f"contain public networks, because `aws:SourceIp` never contains {kind} addresses",
            "name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
            *(("allowed_cidrs", network) for network in networks),
        )
    ),
    (
        {"allowed_cidrs": ["::/1", "8000::/1"]},
        "`allowed_cidrs` must contain public networks, because `aws:SourceIp` never contains reserved addresses, got 8000::/1; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`",
    ),
    *(
        (
            {"allowed_cidrs": [network]},
            f"`allowed_cidrs` must contain networks without host bits, got {network}; write {whole} for the network, {one} for the one address",
        )
        for network, whole, one in (
            ("203.0.113.5/24", "203.0.113.0/24", "203.0.113.5"),
            ("2001:db8::1/64", "2001:db8::/64", "2001:db8::1"),
        )
    ),
    *(
        (
            {"allowed_cidrs": networks},
            f"`allowed_cidrs` must not cover the whole internet, got {', '.join(networks)}; name the networks that send mail",
        )
        for networks in (["0.0.0.0/0"], ["::/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["2000::/3"])
    ),
]

WRONG_NAMES: list[Case] = [
    *_said(
        "be a domain or an email address",
        "write one such as example.com or noreply@example.com",
        ("identity", "example"),
        ("identity", "exa mple.com"),
        ("identity", "-a.example.com"),
        ("identity", "a@b@example.com"),
        ("identity", "arn:aws:ses:eu-west-1:111122223333:identity/"),
        ("identity", "arn:aws:ses:eu-west-1:111122223333:configuration-set/x"),
    ),
    *_said(
        "be an email address",
        "write one such as noreply@example.com",
        ("from_address", "noreply"),
        ("from_address", "noreply@"),
        ("from_address", "noreply@com"),
        ("from_address", "a..b@example.com"),
        ("from_address", f"{'x' * 65}@example.com"),
        ("feedback_address", "bounces"),
    ),
    *_said(
        "be 1 to 128 printable ASCII characters without quotes, \\, < and >",
        "write one such as Example Shop",
        ("from_display_name", "Bücher"),
        ("from_display_name", 'The "Shop"'),
        ("from_display_name", "Shop <noreply@example.com>"),
        ("from_display_name", "Shop "),
        ("from_display_name", "x" * 129),
    ),
    *_said(
        "be literal: IAM would replace a policy variable",
        "write the name itself",
        ("from_display_name", "${aws:username}"),
    ),
    *_said(
        "be an email address or *@ and a domain",
        "write one such as person@example.com or *@example.com",
        ("allowed_recipients", "*"),
        ("allowed_recipients", "*@*.example.com"),
        ("allowed_recipients", "a*@example.com"),
    ),
    *_said(
        "be without wildcards",
        "write each one out",
        ("identity", "*.example.com"),
        ("from_address", "no*reply@example.com"),
        ("from_address", "no?@example.com"),
        ("feedback_address", "*@example.com"),
        ("sandbox_recipients", "*@example.net"),
    ),
    *_said(
        "be without a display name",
        "write only what stands between < and >",
        ("from_address", "Shop <noreply@example.com>"),
        ("allowed_recipients", "Person <p@example.com>"),
        ("sandbox_recipients", "Person <p@example.net>"),
    ),
    *_said(
        "not end with a dot",
        "leave the dot out",
        ("identity", "example.com."),
        ("from_address", "noreply@example.com."),
    ),
    *(
        ({prop: value}, f"`{prop}` must not be empty, got {value!r}; leave it out or write one")
        for prop, value in (("identity", ""), ("from_address", " "), ("feedback_address", ""))
    ),
    *_said(
        "be ASCII before the @: SES supports no other addresses",
        "use an ASCII address",
        ("from_address", "nöreply@example.com"),
    ),
    *_said(
        "be literal: IAM would replace a policy variable",
        "write the value itself",
        ("from_address", "${aws:username}@example.com"),
    ),
    *_said(
        "have its domain in lower case: SES compares case",
        "write noreply@example.com everywhere",
        ("from_address", "noreply@Example.com"),
    ),
    *_said(
        "have its domain in lower case: SES compares case",
        "write person@example.com everywhere",
        ("allowed_recipients", "person@Example.com"),
    ),
    *_said(
        "have a domain with one spelling in punycode",
        "write the punycode (xn--…) yourself",
        ("from_address", "noreply@exa…mple.com"),
    ),
    (
        {"identity": "straße.example", "from_address": "a@straße.example"},
        "`identity` must have a domain with one spelling in punycode, got straße.example; write the punycode (xn--…) yourself",
    ),
    *_said(
        "be the id of a VPC endpoint",
        "write one such as vpce-0123456789abcdef0",
        ("allowed_vpc_endpoints", "vpce-xyz"),
        ("allowed_vpc_endpoints", "vpce-*"),
        ("allowed_vpc_endpoints", "vpc-0123456789abcdef0"),
    ),
    *_said(
        "be the id of a VPC",
        "write one such as vpc-0123456789abcdef0",
        ("allowed_vpcs", "vpc-xyz"),
        ("allowed_vpcs", "vpce-0123456789abcdef0"),
    ),
    *(
        (
            {"configuration_set": name},
            f"`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got {name or repr(name)}; write its name alone, such as transactional",
        )
        for name in ("*", "a/b", "", "x" * 65)
    ),
]

_NETWORKS = "contain IPv4 or IPv6 networks"

WRONG_SPELLINGS: list[Case] = [
    *(
        (
            {prop: [value] if prop in _LISTS else value},
            f"`{prop}` must {rule}, got {shown(value)}; write {remedy}",
        )
        for prop, rule, spellings in (
            (
                "allowed_cidrs",
                _NETWORKS,
                {
                    "203.0.113.0/24 ": "203.0.113.0/24",
                    "\t203.0.113.7\n": "203.0.113.7",
                    "'203.0.113.7'": "203.0.113.7",
                    "203.0.113.7:25": "203.0.113.7",
                    "[2001:db8::7]:25": "2001:db8::7",
                    "https://203.0.113.7/": "203.0.113.7",
                    "203.0.113.*": "203.0.113.0/24",
                    "203.0.113.007": "203.0.113.7",
                    "203.0.113.0 255.255.255.0": "203.0.113.0/24",
                    "203.0.113.8-203.0.113.15": "203.0.113.8/29",
                    "203.0.113.8-15": "203.0.113.8/29",
                    "203.0.113.0/24,198.51.100.7": 'each as an entry: ["203.0.113.0/24", "198.51.100.7"]',
                    "203.0.113.0/24; 198.51.100.7": 'each as an entry: ["203.0.113.0/24", "198.51.100.7"]',
                    "203.0.113.7 203.0.113.9": 'each as an entry: ["203.0.113.7", "203.0.113.9"]',
                    "203.0.113.7-203.0.113.9": 'each as an entry: ["203.0.113.7/32", "203.0.113.8/31"]',
                    "203.0.113.1-203.0.114.254": "the networks of the range",
                    "0.0.0.0-255.255.255.255": "one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
                    "203.0.113.9-203.0.113.7": "one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
                    "10.0.0.1,10.0.0.2": "one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
                    "pl-0123456789abcdef0": "the networks of the prefix list",
                    "eipalloc-0123456789abcdef0": "its public address",
                },
            ),
            (
                "identity",
                "be a domain or an email address",
                {
                    "https://example.com/": "example.com",
                    " example.com": "example.com",
                    "example.com:465": "example.com",
                    "Example.com,example.org": 'each as an entry: ["example.com", "example.org"]',
                },
            ),
            (
                "from_address",
                "be an email address",
                {
                    "noreply@example.com ": "noreply@example.com",
                    "mailto:noreply@example.com": "noreply@example.com",
                    "NoReply@example.com; b@Example.com": 'each as an entry: ["NoReply@example.com", "b@example.com"]',
                },
            ),
            (
                "feedback_address",
                "be an email address",
                {"a@example.com,b@example.com": "one such as noreply@example.com"},
            ),
            (
                "allowed_recipients",
                "be an email address or *@ and a domain",
                {"*@example.net,p@example.org": 'each as an entry: ["*@example.net", "p@example.org"]'},
            ),
            (
                "allowed_vpc_endpoints",
                "be the id of a VPC endpoint",
                {
                    "vpce-0123456789abcdef0 ": "vpce-0123456789abcdef0",
                    "vpce-0123456789abcdef0-1a2b3c4d.email-smtp.eu-west-1.vpce.amazonaws.com": "vpce-0123456789abcdef0",
                    "vpce-0123456789abcdef0,vpce-0fedcba9876543210": 'each as an entry: ["vpce-0123456789abcdef0", "vpce-0fedcba9876543210"]',
                },
            ),
            (
                "allowed_vpcs",
                "be the id of a VPC",
                {"arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0123456789abcdef0": "vpc-0123456789abcdef0"},
            ),
        )
        for value, remedy in spellings.items()
    ),
    *_said(
        _NETWORKS,
        "give it to `allowed_vpc_endpoints`",
        ("allowed_cidrs", "vpce-0123456789abcdef0"),
    ),
    *_said(_NETWORKS, "give it to `allowed_vpcs`", ("allowed_cidrs", "vpc-0123456789abcdef0")),
]
"""Other spellings of valid values. Only the construct names the valid spelling as the remedy."""

WRONG_LISTS: list[Case] = [
    *(
        ({prop: None}, f"`{prop}` must be given, got None; {remedy}")
        for prop, remedy in (
            ("identity", "name the verified domain or address to send from"),
            ("from_address", "name the address that the application sends from"),
        )
    ),
    *(
        ({prop: value}, f'`{prop}` must be a string or a list of strings, got {value!r}; write it like ["{example}"]')
        for prop, value, example in (
            ("identity", 42, "example.com"),
            ("identity", [None], "example.com"),
            ("from_address", {"noreply@example.com"}, "noreply@example.com"),
            ("from_display_name", b"Example Shop", "Example Shop"),
        )
    ),
    *(
        ({prop: value}, f'`{prop}` must be a list of strings, got {value!r}; write it like ["{example}"]')
        for prop, value, example in (
            ("allowed_cidrs", "203.0.113.0/24", "203.0.113.0/24"),
            ("allowed_cidrs", [42], "203.0.113.0/24"),
            ("allowed_vpc_endpoints", "vpce-0123456789abcdef0", "vpce-0123456789abcdef0"),
            ("allowed_recipients", "*@example.com", "*@example.com"),
            ("sandbox_recipients", "person@example.net", "person@example.net"),
        )
    ),
    *(
        ({prop: empty}, f"`{prop}` must not be empty, got []; {remedy}")
        for prop, empty, remedy in (
            ("identity", [], "name the verified domain or address to send from"),
            ("from_address", [], "name the address that the application sends from"),
            (
                "allowed_cidrs",
                [],
                "name the public networks that send mail, or give `allowed_vpc_endpoints` or `allowed_vpcs`",
            ),
            (
                "allowed_cidrs",
                (),
                "name the public networks that send mail, or give `allowed_vpc_endpoints` or `allowed_vpcs`",
            ),
            ("allowed_recipients", [], "leave it out to allow every recipient"),
        )
    ),
    (
        {"valid_until": "2099-01-31"},
        "`valid_until` must be a datetime with a time zone, got '2099-01-31'; write one such as datetime(2027, 1, 31, tzinfo=UTC)",
    ),
    (
        {"valid_until": datetime(2026, 1, 31, tzinfo=UTC)},
        "`valid_until` must be in the future, got 2026-01-31T00:00:00Z; write a later time, or remove the user",
    ),
    ({"configuration_set": ["a"]}, "`configuration_set` must be a string, got ['a']; write it like transactional"),
]

WRONG_ENTRIES: list[Case] = [
    *(
        ({prop: [value, value]}, f"`{prop}` must name each entry once, got {value} twice; leave one out")
        for prop, value in (("identity", "example.com"), ("from_address", "noreply@example.com"))
    ),
    *(
        (
            {"identity": identity, "from_address": sender},
            f"`from_address` must belong to an `identity`, got {sender}; use an address of {identity}, or add {sender.partition('@')[2]} to `identity`",
        )
        for identity, sender in (
            ("example.com", "noreply@example.org"),
            ("example.com", "noreply@notexample.com"),
            ("noreply@example.com", "Noreply@example.com"),
            ("noreply@example.com", "other@example.com"),
        )
    ),
]

WRONG_ARNS: list[Case] = [
    (
        {"identity": [ARN, other]},
        f"`identity` must be in one {what}, got {ours} and {theirs}; create a user for each {what}",
    )
    for what, ours, theirs, other in (
        ("region", "eu-west-1", "us-east-1", "arn:aws:ses:us-east-1:111122223333:identity/example.org"),
        ("account", "111122223333", "444455556666", "arn:aws:ses:eu-west-1:444455556666:identity/example.org"),
    )
]

WRONG: list[Case] = [*WRONG_NETWORKS, *WRONG_NAMES, *WRONG_LISTS, *WRONG_ENTRIES, *WRONG_ARNS]
"""All cases that are refused before a policy is written."""

TOO_MANY: list[Case] = [
    (
        {prop: values},
        f"`{prop}` must fit into the 6,144 characters of a managed policy, got {got}; {count} of them fit; create another user for the rest",
    )
    for prop, values, got, count in (
        (
            "allowed_cidrs",
            [f"203.0.{a}.{b}" for a in range(8) for b in range(0, 250, 2)],
            "1000 entries that make 34,113",
            156,
        ),
        (
            "from_address",
            [f"address-number-{number}@example.com" for number in range(200)],
            "200 entries that make 49,187",
            22,
        ),
    )
]
"""The cases that are refused because the policy would be too long."""

RIGHT_NETWORKS: list[tuple[list[str], tuple[str, ...]]] = [
    (["203.0.113.7"], ("203.0.113.7/32",)),
    (["2001:db8::7"], ("2001:db8::7/128",)),
    (["2001:0DB8:0000::/48"], ("2001:db8::/48",)),
    (["203.0.113.0/255.255.255.0"], ("203.0.113.0/24",)),
    (["203.0.113.0/25", "203.0.113.128/25"], ("203.0.113.0/24",)),
    (["203.0.113.0/24", "203.0.113.9", "203.0.113.0/24"], ("203.0.113.0/24",)),
    (["2001:db8::/48", "198.51.100.0/24", "192.0.2.1"], ("192.0.2.1/32", "198.51.100.0/24", "2001:db8::/48")),
    (["8.0.0.0/7"], ("8.0.0.0/7",)),
]
"""Values of `allowed_cidrs`, and the resulting networks."""

_INTERNATIONAL = {"identity": "müller.example", "from_address": "a@müller.example"}

RIGHT_NAMES: list[tuple[Properties, str, object]] = [
    ({"identity": "Example.COM"}, "identity", ("example.com",)),
    (_INTERNATIONAL, "identity", ("xn--mller-kva.example",)),
    (_INTERNATIONAL, "from_address", ("a@xn--mller-kva.example",)),
    ({"identity": ARN}, "identity", ("example.com",)),
    ({"from_address": "a@deep.mail.example.com"}, "from_address", ("a@deep.mail.example.com",)),
    (
        {"from_address": "a@deep.mail.example.com"},
        "identity",
        ("example.com", "deep.mail.example.com", "mail.example.com"),
    ),
    (
        {"identity": ["example.com", "mail.example.com"], "from_address": ["a@mail.example.com", "b@example.com"]},
        "identity",
        ("example.com", "mail.example.com"),
    ),
    ({"identity": "mail.example.com", "from_address": "a@mail.example.com"}, "identity", ("mail.example.com",)),
    (
        {"identity": ["a@mail.example.com"], "from_address": "a@mail.example.com"},
        "identity",
        ("a@mail.example.com",),
    ),
    (
        {"identity": ["example.com", "example.org"], "from_address": ["a@x.example.org", "b@x.example.org"]},
        "identity",
        ("example.com", "example.org", "x.example.org"),
    ),
    ({"from_address": "it's+1@example.com"}, "from_address", ("it's+1@example.com",)),
    ({"identity": ["example.org", "example.com"]}, "identity", ("example.org", "example.com")),
    ({"allowed_cidrs": [], "allowed_vpc_endpoints": ["vpce-0123456789abcdef0"]}, "allowed_cidrs", ()),
    ({"allowed_cidrs": [], "allowed_vpcs": ["vpc-0123456789abcdef0"]}, "allowed_cidrs", ()),
    ({"allowed_recipients": ["*@example.net"]}, "allowed_recipients", ("*@example.net",)),
    ({"from_display_name": "Example Shop"}, "from_display_name", ("Example Shop",)),
    ({"from_display_name": ["O'Neil, Ltd.", "Shop 24/7"]}, "from_display_name", ("O'Neil, Ltd.", "Shop 24/7")),
    ({"valid_until": datetime(2099, 1, 31, tzinfo=UTC)}, "valid_until", ("2099-01-31T00:00:00Z",)),
    ({"feedback_address": "bounces@example.com"}, "feedback_address", ("bounces@example.com",)),
    ({"configuration_set": "transactional"}, "configuration_set", ("transactional",)),
    ({"sandbox_recipients": ["example.net"]}, "sandbox_recipients", ("example.net",)),
]
"""Properties, the name of one of them, and its resulting values."""

RIGHT: list[Properties] = [
    *({"allowed_cidrs": networks} for networks, _ in RIGHT_NETWORKS),
    *(properties for properties, _, _ in RIGHT_NAMES),
]
"""All cases that are accepted."""
