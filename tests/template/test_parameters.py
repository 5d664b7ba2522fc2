"""Refusals of the construct in the template: by a pattern, by a rule, or by the function with the same message."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from ses_secure_user.functions.issuer.contract import is_ses_host
from ses_secure_user.functions.issuer.networks import NetworkError, check_networks
from ses_secure_user.restrictions.networks import wide_networks
from ses_secure_user.restrictions.restrict import restrict
from ses_secure_user.restrictions.rows import ROWS
from ses_secure_user.template import checking
from ses_secure_user.template.parameters import GROUPS
from tests.cases.refusals import GIVEN, RIGHT, WRONG
from tests.summary import COUNTS
from tests.template.resolving import Json, Resolver

NAMES = {one.restricts: one.name for group in GROUPS.values() for one in group if one.restricts}
SINGLE = {"identity", "sandbox_recipients", "from_display_name"}
TEXTS = {row.prop for row in ROWS if row.may_stand_alone or row.is_single}


def parameters(properties: dict[str, Any]) -> dict[str, str] | None:
    """Return the parameters for properties, or None if there are none, as for other types and empty lists."""
    made = {}
    for prop, value in properties.items():
        listed = [value] if isinstance(value, str) and prop in TEXTS else value
        is_list = isinstance(listed, list | tuple) and all(isinstance(one, str) and "," not in one for one in listed)
        is_several = is_list and (len(listed) > 1 if prop in SINGLE else not listed and prop == "allowed_recipients")
        is_other_type = prop == "configuration_set" and not (value and isinstance(value, str))
        if prop not in NAMES or not is_list or is_several or is_other_type:
            return None
        made[NAMES[prop]] = ",".join(listed)
    return made


def _credential(resolver: Resolver) -> Json:
    """Return the properties with which the function is invoked."""
    (one,) = (one for one in resolver.resources().values() if one["Type"] == "Custom::SesSmtpCredential")
    return dict(one["Properties"])


def refused(template: Json, given: dict[str, str]) -> tuple[str, str] | None:
    """Return the check that refuses parameters, in CloudFormation or the function, and its message."""
    resolver = Resolver(template, given)
    for name, one in template["Parameters"].items():
        value = resolver.values.get(name)
        if value is None or not re.fullmatch(one["AllowedPattern"], value):
            return "pattern", one["ConstraintDescription"]
    if broken := resolver.broken_rules():
        return "rule", broken[0]
    try:
        checking._check(credential := _credential(resolver))  # noqa: SLF001 - the deployed function calls it
        check_networks(credential["Networks"])
    except (ValueError, NetworkError) as error:
        return "function", str(error)
    return None


@pytest.mark.parametrize(
    ("given", "message"),
    [(made, message) for changed, message in WRONG if (made := parameters(GIVEN | changed)) is not None],
)
def test_a_refusal_of_the_construct_is_one_of_the_template(given: dict[str, str], message: str, rendered: Json) -> None:
    by, said = refused(rendered, given) or ("nobody", "")

    assert by != "nobody"
    if by == "function":
        assert said == message
    COUNTS["template: wrong restrictions, refused by"][by] += 1


STRICTER = (r"[^\x00-\x7f]", r"[A-Z].*\.COM", r"255\.255", r"/7\b", r"^[^/]*:[^/]*$", r"arn:")
"""Values that a parameter must have in another form: ASCII, lower case, with a prefix, no wide network, no ARN."""


@pytest.mark.parametrize(
    "given", [made for changed in RIGHT if (made := parameters(GIVEN | changed)) is not None], ids=str
)
def test_values_that_the_construct_accepts_are_accepted(given: dict[str, str], rendered: Json) -> None:
    is_stricter = any(re.search(form, value) for form in STRICTER for value in ",".join(given.values()).split(","))

    assert (refused(rendered, given) is not None) == is_stricter


REQUIRED = {"Identity": "example.com", "FromAddresses": "noreply@example.com", "AllowedCidrs": "203.0.113.0/24"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AllowedCidrs", "203.0.0.0/15"),
        ("AllowedCidrs", "2001:db8::/31"),
        ("AllowedCidrs", "2001:db8::1"),
        ("AllowedCidrs", "0.0.0.0/0"),
        ("AllowedCidrs", "::/0"),
        ("AllowedCidrs", "203.0.113.0/24,0.0.0.0/0"),
        ("AllowedCidrs", "203.0.113.0/24, 198.51.100.0/24"),
        ("AllowedCidrs", "203.0.113.0/24,"),
        ("AllowedCidrs", ",203.0.113.0/24"),
        ("AllowedCidrs", "203.0.113.256"),
        ("AllowedCidrs", "01.2.3.4"),
        ("FromAddresses", ",".join(f"a{number}@example.com" for number in range(6))),
        ("SesRegion", "Ireland"),
        ("SesRegion", "eu-west-1a"),
        ("SmtpHost", "https://email-smtp.eu-west-1.amazonaws.com"),
        ("SmtpHost", "email-smtp.eu-west-1.amazonaws.com:465"),
        ("SmtpHost", "smtp.example.com"),
        ("SmtpHost", "EMAIL-SMTP.eu-west-1.amazonaws.com"),
        ("SmtpHost", "email-smtp.eu-west-1.amazonaws.com.example.com"),
        ("SmtpHost", "email-smtp.eu-west-1.amazonawsXcom"),
        ("SmtpHost", "vpce-0123-abcd.email-smtp.eu-west-1.vpce.amazonaws.com"),
        ("SmtpPort", "25"),
        ("SmtpPort", "2525"),
        ("SmtpPort", "0"),
        ("SmtpPort", "65536"),
        ("SmtpPort", "4.65e2"),
        ("RotationDays", "1"),
        ("RotationDays", "2.5"),
        ("RotationDays", "030"),
        ("RotationDays", "1000"),
        ("UserName", "a user"),
        ("UserName", "x" * 65),
        ("UserPath", "mail"),
        ("UserPath", "/*/"),
        ("UserPath", f"/{'x' * 511}/"),
        ("SecretName", "my secret"),
        ("EncryptionKey", "arn:aws:kms:eu-west-1:111122223333:alias/mail"),
        ("EncryptionKey", "0123abcd-0000-1111-2222-333344445555"),
        ("AlarmTopic", "alarms"),
        ("AlarmTopic", "arn:aws:sns:eu-west-1:111122223333:alarms.fifo"),
    ],
)
def test_values_that_only_the_template_refuses(name: str, value: str, rendered: Json) -> None:
    assert refused(rendered, REQUIRED) is None

    assert refused(rendered, REQUIRED | {name: value}) is not None


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0",
        "::/0",
        "128.0.0.0/1",
        "2000::/3",
        "0.1.2.3",
        "10.0.0.0/16",
        "10.1.2.3",
        "100.64.0.0/16",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.0.0/16",
        "172.16.0.0/16",
        "172.31.255.255",
        "192.168.1.0/24",
        "198.18.0.0/16",
        "198.19.1.1",
        "224.0.0.1",
        "240.0.0.0/16",
        "255.255.255.255",
        "::1/128",
        "2002::/32",
        "64:ff9b::/96",
        "fc00::/48",
        "fe80::/64",
        "ff02::/48",
    ],
)
def test_a_pattern_refuses_these_networks(network: str, rendered: Json) -> None:
    by, _ = refused(rendered, REQUIRED | {"AllowedCidrs": network}) or ("nobody", "")

    assert by == "pattern"


@pytest.mark.parametrize("name", ["Identity", "FromAddresses"])
def test_required_parameters_must_be_given(name: str, rendered: Json) -> None:
    given = {other: value for other, value in REQUIRED.items() if other != name}

    assert refused(rendered, given) is not None
    assert refused(rendered, given | {name: ""}) is not None


def test_networks_or_endpoints_must_be_given(rendered: Json) -> None:
    neither = REQUIRED | {"AllowedCidrs": ""}

    assert refused(rendered, neither) == (
        "rule",
        "AllowedCidrs must not be empty, unless AllowedVpcEndpoints or AllowedVpcs is given; name the public networks that send mail",
    )
    assert refused(rendered, neither | {"AllowedVpcEndpoints": "vpce-0123456789abcdef0"}) is None


@pytest.mark.parametrize(
    "given",
    [
        {"SmtpHost": "email-smtp.eu-west-1.amazonaws.com"},
        {"SmtpHost": "email-smtp.eu-west-1.api.aws", "SmtpPort": "2587"},
        {"SmtpHost": "email-smtp-fips.us-gov-west-1.amazonaws.com", "SesRegion": "us-gov-west-1"},
        {"SesRegion": "us-east-1", "SmtpPort": "587"},
    ],
    ids=lambda given: "+".join(given.values()),
)
def test_a_public_endpoint_of_ses_is_accepted(given: dict[str, str], rendered: Json) -> None:
    assert refused(rendered, REQUIRED | given) is None


def test_a_host_of_another_region_is_refused(rendered: Json) -> None:
    by, said = refused(rendered, REQUIRED | {"SmtpHost": "email-smtp.us-east-1.amazonaws.com"}) or ("nobody", "")

    assert by == "function"
    assert said.startswith("`smtp_host` must be an endpoint of `ses_region` eu-west-1, got email-smtp.us-east-1.amazon")


@examples(st.from_regex(r"\A(vpce-1\.)?(email-smtp)(-fips)?\.(eu-west-1|)(\.vpce)?\.(amazonaws\.com|api\.aws)\.?\Z"))
def test_hosts_are_accepted_as_by_the_function_unless_private(rendered: Json, host: str) -> None:
    is_right = is_ses_host(host, "eu-west-1") and ".vpce." not in host

    assert (refused(rendered, REQUIRED | {"SmtpHost": host}) is None) == is_right


NUMBERS = st.integers(0, 2**128 - 1)
V4 = st.builds(lambda number, prefix: ip_network((number % 2**32, prefix), strict=False), NUMBERS, st.integers(0, 32))
V6 = st.builds(lambda number, prefix: ip_network((number, prefix), strict=False), NUMBERS, st.integers(0, 128))
PUBLIC_V6 = st.builds(
    lambda number, prefix: ip_network(((0b001 << 125) + number % 2**125, prefix), strict=False),
    NUMBERS,
    st.integers(3, 128),
)
RESERVED_V4 = st.builds(
    lambda first, rest, prefix: ip_network((first * 2**16 + rest, prefix), strict=False),
    st.sampled_from(
        [one * 256 + two for one in (0, 10, 100, 127, 169, 172, 192, 198, 224, 240, 255) for two in range(256)]
    ),
    st.integers(0, 2**16 - 1),
    st.integers(8, 32),
)


@examples(
    st.lists(V4 | V6 | PUBLIC_V6 | RESERVED_V4, min_size=1, max_size=3).map(lambda made: [str(one) for one in made])
)
def test_networks_are_accepted_as_by_the_construct_unless_wide(rendered: Json, networks: list[str]) -> None:
    try:
        restrict(identity="example.com", from_address="a@example.com", allowed_cidrs=networks)
        is_right = not wide_networks(networks)
    except ValueError:
        is_right = False

    assert (refused(rendered, REQUIRED | {"AllowedCidrs": ",".join(networks)}) is None) == is_right


@examples(
    st.lists(st.text("203.:/af,fd", min_size=1, max_size=24) | st.from_regex(r"[0-9a-f.:/]{1,40}", fullmatch=True))
)
def test_an_accepted_text_contains_only_networks(rendered: Json, texts: list[str]) -> None:
    joined = ",".join(texts)

    if joined and refused(rendered, REQUIRED | {"AllowedCidrs": joined}) is None:
        restrict(identity="example.com", from_address="a@example.com", allowed_cidrs=joined.split(","))


@examples(st.text("aB1.-_@+*${}<> ,", max_size=40) | st.emails())
def test_an_accepted_address_is_valid(rendered: Json, text: str) -> None:
    domain = text.rpartition("@")[2]
    given = REQUIRED | {"Identity": domain, "FromAddresses": text}

    if refused(rendered, given) is None:
        restrict(identity=domain, from_address=text.split(","), allowed_cidrs=["203.0.113.0/24"])
