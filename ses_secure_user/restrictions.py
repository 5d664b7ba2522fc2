"""What a credential is restricted to, as values, and the IAM policy that enforces it.

Pure: properties come in as strings (or CDK tokens, which pass every check untouched), a policy document goes out.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import NamedTuple, TypeVar

from .tokens import LIST_TOKEN, is_list_token, is_token

POLICY_LIMIT = 6144
"""Characters of a managed policy, whitespace not counted (IAM user guide, reference_iam-quotas)."""

_EXAMPLES = {
    "identity": "example.com",
    "from_address": "noreply@example.com",
    "allowed_cidrs": "203.0.113.0/24",
    "allowed_vpc_endpoints": "vpce-0123456789abcdef0",
    "allowed_recipients": "*@example.com",
    "feedback_address": "bounces@example.com",
    "configuration_set": "transactional",
    "sandbox_recipients": "person@example.net",
}
_WHEN_EMPTY = {
    "identity": "name the verified domain or address that mail is sent from",
    "from_address": "name the address that the application sends from",
    "allowed_recipients": "leave it out to allow every recipient",
}

_TOKEN = r"\$\{Token\[[^\]]*\]\}"  # noqa: S105 - the CDK's word for a value known at deployment
_IDENTITY_ARN = re.compile(
    rf"arn:(?:{_TOKEN}|aws[a-z-]*):ses:(?P<region>{_TOKEN}|[a-z0-9-]+):(?P<account>{_TOKEN}|\d{{12}}):identity/(?P<name>.+)"
)
_ATOM = r"[A-Za-z0-9!#$%&'+/=^_`{|}~-]+"
_LOCAL = rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}"


class _Form(NamedTuple):
    """A kind of name: how it looks, and whether SES ignores the case of its domain."""

    pattern: re.Pattern[str]
    rule: str
    remedy: str
    ignores_case: bool = False


_IDENTITY = _Form(
    re.compile(rf"(?:{_LOCAL}@)?{_DOMAIN}"),
    "be a domain or an email address",
    "write one such as example.com or noreply@example.com",
    ignores_case=True,
)
_ADDRESS = _Form(re.compile(rf"{_LOCAL}@{_DOMAIN}"), "be an email address", "write one such as noreply@example.com")
_RECIPIENT = _Form(
    re.compile(rf"(?:{_LOCAL}|\*)@{_DOMAIN}"),
    "be an email address or *@ and a domain",
    "write one such as person@example.com or *@example.com",
)

_FAULTS = tuple(
    (re.compile(pattern), rule, remedy)
    for pattern, rule, remedy in (
        (r"\A\s*\Z", "not be empty", "leave it out or write one"),
        (r"[<>]", "be without a display name", "write only what stands between < and >"),
        (r"\$\{", "be literal, since IAM would replace a policy variable", "write the value itself"),
        (r"[*?]", "be without wildcards", "write each one out"),
        (r"[^\x00-\x7f].*@", "be ASCII before the @, since SES sends no other", "use an address that is"),
        (r"\.\Z", "not end with a dot", "leave the dot out"),
    )
)

_RESERVED = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        "unspecified": ("0.0.0.0/8", "::/128"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        "shared": ("100.64.0.0/10",),
        "loopback": ("127.0.0.0/8", "::1/128"),
        "link-local": ("169.254.0.0/16", "fe80::/10"),
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "benchmarking": ("198.18.0.0/15", "2001:2::/48"),
        "IPv4-mapped": ("::ffff:0:0/96",),
        "NAT64": ("64:ff9b::/96", "64:ff9b:1::/48"),
        "Teredo": ("2001::/32",),
        "6to4": ("192.88.99.0/24", "2002::/16"),
        "reserved": ("192.0.0.0/24", "240.0.0.0/4", "2001::/23", "::/3", "4000::/2", "8000::/1"),
    }.items()
    for network in networks
)
"""The networks nobody sends from on the internet (IANA special-purpose registries), the more telling name first.

Written out because ``is_global`` differs from one Python to the next. Documentation networks are not among them:
examples use them.
"""

_WIDEST = {4: 16, 6: 32}
_ACTION = "ses:SendRawEmail"

_Network = IPv4Network | IPv6Network
_Family = TypeVar("_Family", IPv4Network, IPv6Network)
_Parse = Callable[[str, str], str]
_Test = tuple[str, str, Sequence[str]]
_Condition = dict[str, dict[str, str | list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restrictions:
    """Everything a credential is restricted to, checked and normalized; made by `restrict`.

    Attributes:
        identities: Names of the verified identities, domains in lower-case punycode.
        identity_region: The region of those given as ARN, or None.
        identity_account: The account of those given as ARN, or None.
        from_addresses: The From addresses; a single list token stands for as many as it turns out to hold.
        networks: Merged public networks, tokens after them. Empty means: from no network.
        vpc_endpoints: Ids of the SES SMTP interface endpoints. Empty means: through no endpoint.
        recipients: Addresses or ``*@domain``. Empty means: any.
        feedback_address: The Return-Path, or None for any.
        configuration_set: Name of the one configuration set that may be used, or None.
        sandbox_recipients: Identities that SES authorizes as recipients while the account is in the sandbox.
    """

    identities: tuple[str, ...]
    identity_region: str | None
    identity_account: str | None
    from_addresses: tuple[str, ...]
    networks: tuple[str, ...]
    vpc_endpoints: tuple[str, ...]
    recipients: tuple[str, ...]
    feedback_address: str | None
    configuration_set: str | None
    sandbox_recipients: tuple[str, ...]

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What is allowed but seldom meant: pairs of a stable id and a message."""
        wide = [
            f"`allowed_cidrs` holds {network}, wider than /{_WIDEST[network.version]}, and everybody there can use a"
            " stolen credential; name the smallest network that mail is sent from"
            for network in map(ip_network, _literals(self.networks))
            if network.prefixlen < _WIDEST[network.version]
        ]
        upper = [
            f"`from_address` has upper case before the @ of {address}, and SES compares case; the application must"
            " write it exactly so"
            for address in _literals(self.from_addresses)
            if re.search(r"[A-Z].*@", address)
        ]
        return (
            *(("ses-secure-user:wideNetwork", message) for message in wide),
            *(("ses-secure-user:upperCaseLocalPart", message) for message in upper),
        )


def restrict(  # noqa: PLR0913 - one argument for each restriction that SES knows
    *,
    identity: str | Sequence[str],
    from_address: str | Sequence[str],
    allowed_cidrs: Sequence[str] = (),
    allowed_vpc_endpoints: Sequence[str] = (),
    allowed_recipients: Sequence[str] | None = None,
    feedback_address: str | None = None,
    configuration_set: str | None = None,
    sandbox_recipients: Sequence[str] = (),
) -> Restrictions:
    """Check a caller's restrictions and normalize them.

    Args:
        identity: Verified domains or addresses, by name or by ARN.
        from_address: Addresses that belong to one of them, exactly as the application writes them.
        allowed_cidrs: Public networks; a bare address means that address alone. May be empty if endpoints are given.
        allowed_vpc_endpoints: Ids of VPC endpoints for SES SMTP.
        allowed_recipients: Addresses or ``*@domain``. Default: any recipient.
        feedback_address: The only Return-Path. Default: any.
        configuration_set: Name of the only configuration set. Default: none may be used.
        sandbox_recipients: Recipients' own identities. Default: none.

    Raises:
        ValueError: A restriction is missing or wrong; the message names the property, its rule and the remedy.
    """
    identities = _listed("identity", (identity,) if isinstance(identity, str) else identity)
    arns = [arn for arn in map(_IDENTITY_ARN.fullmatch, identities) if arn]
    restrictions = Restrictions(
        identities=_singly("identity", [_IDENTITY_ARN.sub(r"\g<name>", name) for name in identities]),
        identity_region=_common("region", [arn["region"] for arn in arns]),
        identity_account=_common("account", [arn["account"] for arn in arns]),
        from_addresses=_each(
            "from_address", (from_address,) if isinstance(from_address, str) else from_address, _address
        ),
        networks=_networks(_listed("allowed_cidrs", allowed_cidrs)),
        vpc_endpoints=_each("allowed_vpc_endpoints", allowed_vpc_endpoints, _vpc_endpoint),
        recipients=() if allowed_recipients is None else _each("allowed_recipients", allowed_recipients, _recipient),
        feedback_address=_one("feedback_address", feedback_address, _address),
        configuration_set=_one("configuration_set", configuration_set, _configuration_set),
        sandbox_recipients=_singly("sandbox_recipients", sandbox_recipients),
    )
    _check_origins(restrictions)
    _check_membership(restrictions)
    _check_size(restrictions)
    return restrictions


def policy_document(restrictions: Restrictions, *, partition: str, region: str, account: str) -> dict[str, object]:
    """Write the restrictions as the IAM document that is the user's policy and permissions boundary at once.

    The Allow statements say what may be sent; the Deny statements say the same from the other side, so that neither a
    policy attached later nor an SES identity policy that names the user (which passes a boundary's silence) widens it.
    A positive operator is false on a missing key and a negated one is true, so a request that does not tell its
    origin, sender or recipients is denied twice. Set operators are the exception: ``ForAllValues`` is true and
    ``ForAnyValue`` false on a missing key, so ``Null`` stands beside both (IAM user guide,
    reference_policies_elements_condition_operators; SES developer guide, control-user-access).

    Args:
        restrictions: What `restrict` made.
        partition: The partition of the ARNs, such as ``aws``.
        region: The region of the identity, which is the region mail is sent through.
        account: The account of the identity.

    Returns:
        The document, deterministic to the last character.
    """
    resources = _shortest([f"arn:{partition}:ses:{region}:{account}:{name}" for name in _resource_names(restrictions)])
    origins = (
        ("SendFromNetworks", "IpAddress", "aws:SourceIp", restrictions.networks),
        ("SendThroughEndpoints", "StringEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
    )
    allowed = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": _ACTION,
            "Resource": resources,
            "Condition": _condition(*_purpose(restrictions), (operator, key, values)),
        }
        for sid, operator, key, values in origins
        if values
    ]
    denied = [
        {"Sid": sid, "Effect": "Deny", "Action": _ACTION, "Resource": "*", "Condition": condition}
        for sid, condition in _abuses(restrictions).items()
        if condition
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            *allowed,
            {"Sid": "DenyOtherActions", "Effect": "Deny", "NotAction": _ACTION, "Resource": "*"},
            {"Sid": "DenyOtherResources", "Effect": "Deny", "Action": _ACTION, "NotResource": resources},
            *denied,
        ],
    }


def policy_size(document: dict[str, object]) -> int:
    """Count a document's characters as IAM does, taking 64 for each token whose value is not known yet."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(re.sub(rf"{_TOKEN}|#\{{Token\[[^\]]*\]\}}", "x" * 64, text))


def _resource_names(restrictions: Restrictions) -> Iterable[str]:
    """Name what a send touches: SES may judge the domain's identity, the address's own, a recipient's or a set."""
    senders = () if is_list_token(restrictions.from_addresses) else restrictions.from_addresses
    for name in dict.fromkeys((*restrictions.identities, *senders, *restrictions.sandbox_recipients)):
        yield f"identity/{name}"
    if restrictions.configuration_set:
        yield f"configuration-set/{restrictions.configuration_set}"


def _purpose(restrictions: Restrictions) -> tuple[_Test, ...]:
    """Say what every permitted send has in common."""
    recipients = restrictions.recipients
    return (
        ("StringEquals", "ses:FromAddress", restrictions.from_addresses),
        ("StringEquals", "ses:FeedbackAddress", _optional(restrictions.feedback_address)),
        ("ForAllValues:StringLike", "ses:Recipients", recipients),
        ("Null", "ses:Recipients", ("false",) if recipients else ()),
    )


def _abuses(restrictions: Restrictions) -> dict[str, _Condition]:
    """Say what no send may be; the last one is a single statement since it means neither network nor endpoint."""
    recipients = restrictions.recipients
    feedback = _optional(restrictions.feedback_address)
    return {
        "DenyOtherSenders": _condition(("StringNotEquals", "ses:FromAddress", restrictions.from_addresses)),
        "DenyOtherReturnPaths": _condition(("StringNotEquals", "ses:FeedbackAddress", feedback)),
        "DenyOtherRecipients": _condition(("ForAnyValue:StringNotLike", "ses:Recipients", recipients)),
        "DenyUnknownRecipients": _condition(("Null", "ses:Recipients", ("true",) if recipients else ())),
        "DenyOtherOrigins": _condition(
            ("NotIpAddress", "aws:SourceIp", restrictions.networks),
            ("StringNotEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
        ),
    }


def _condition(*tests: _Test) -> _Condition:
    condition: _Condition = {}
    for operator, key, values in tests:
        if values:
            condition.setdefault(operator, {})[key] = _shortest(values)
    return condition


def _shortest(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 and not is_list_token(values) else list(values)


def _optional(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _check_origins(restrictions: Restrictions) -> None:
    if not restrictions.networks and not restrictions.vpc_endpoints:
        remedy = "name the public networks that mail is sent from, or `allowed_vpc_endpoints`"
        raise refusal("allowed_cidrs", "not be empty", [], remedy)


def _check_membership(restrictions: Restrictions) -> None:
    """Hold every From address against the identities, as far as both are known."""
    identities = restrictions.identities
    if _literals(identities) != identities:
        return
    for address in _literals(restrictions.from_addresses):
        domain = address.rpartition("@")[2]
        if address not in identities and not any(f".{domain}".endswith(f".{identity}") for identity in identities):
            remedy = f"use an address of {' or '.join(identities)}, or add {domain} to `identity`"
            raise refusal("from_address", "belong to an `identity`", address, remedy)


def _check_size(restrictions: Restrictions) -> None:
    """Refuse what no managed policy holds, with the longest names a partition, region and account have."""
    counted = {
        "allowed_cidrs": "networks",
        "allowed_vpc_endpoints": "vpc_endpoints",
        "allowed_recipients": "recipients",
        "from_address": "from_addresses",
        "identity": "identities",
        "sandbox_recipients": "sandbox_recipients",
    }
    prop, field = max(counted.items(), key=lambda item: sum(map(len, getattr(restrictions, item[1]))))
    values = getattr(restrictions, field)

    def size(count: int) -> int:
        fewer = replace(restrictions, **{field: values[:count]})
        return policy_size(policy_document(fewer, partition="aws-us-gov", region="ap-southeast-1", account="0" * 12))

    if size(len(values)) > POLICY_LIMIT:
        fitting = bisect_right(range(len(values)), POLICY_LIMIT, key=size) - 1
        rule = f"fit into the {POLICY_LIMIT:,} characters of a managed policy"
        got = f"{len(values)} entries that make {size(len(values)):,}"
        raise refusal(prop, rule, got, f"{fitting} of them fit; give the rest to another user")


def _each(prop: str, values: Sequence[str], parse: _Parse) -> tuple[str, ...]:
    listed = _listed(prop, values)
    if is_list_token(listed):
        return listed
    parsed = tuple(value if is_token(value) else parse(prop, value) for value in listed)
    for value in parsed:
        if parsed.count(value) > 1:
            raise refusal(prop, "name each entry once", f"{value} twice", "leave one out")
    return parsed


def _singly(prop: str, values: Sequence[str]) -> tuple[str, ...]:
    """Parse identities: each becomes an ARN, which a list that is known at deployment only cannot."""
    if is_list_token(_listed(prop, values)):
        raise refusal(
            prop, "be known one by one", "a list token", "give a list of strings, each of which may be a token"
        )
    return _each(prop, values, _identity)


def _one(prop: str, value: str | None, parse: _Parse) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise refusal(prop, "be a string", value, f"write it like {_EXAMPLES[prop]}")
    return value if is_token(value) else parse(prop, value)


def _listed(prop: str, values: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise refusal(prop, "be a list of strings", values, f'write it like ["{_EXAMPLES[prop]}"]')
    if not values and prop in _WHEN_EMPTY:
        raise refusal(prop, "not be empty", values, _WHEN_EMPTY[prop])
    if len(values) > 1 and any(LIST_TOKEN in value for value in values):
        raise refusal(prop, "not mix a list token with other entries", values, "give the list token alone")
    return tuple(values)


def _name(prop: str, text: str, form: _Form) -> str:
    """Check an address or a domain, and write its domain as IAM can hold it: in ASCII."""
    for fault, rule, remedy in _FAULTS:
        if fault.search(text.replace("*", "x") if form is _RECIPIENT else text):
            raise refusal(prop, rule, text, remedy)
    local, at, domain = text.rpartition("@")
    name = f"{local}{at}{_punycode(prop, text, domain)}"
    if not form.pattern.fullmatch(name):
        raise refusal(prop, form.rule, text, form.remedy)
    if domain != domain.lower() and not form.ignores_case:
        raise refusal(prop, "have its domain in lower case, since SES compares case", text, f"write {name} everywhere")
    return name


_identity = partial(_name, form=_IDENTITY)
_address = partial(_name, form=_ADDRESS)
_recipient = partial(_name, form=_RECIPIENT)


def _punycode(prop: str, text: str, domain: str) -> str:
    """Write a domain in lower-case ASCII; refuse one that the codec would turn into another (``ß`` into ``ss``)."""
    lower = unicodedata.normalize("NFC", domain.lower())
    if lower.isascii():
        return lower
    try:
        name = lower.encode("idna")
        if name.decode("idna") == lower:
            return name.decode()
    except UnicodeError:
        pass
    raise refusal(prop, "have a domain with one spelling in punycode", text, "write the punycode (xn--…) yourself")


def _vpc_endpoint(prop: str, text: str) -> str:
    if not re.fullmatch(r"vpce-[0-9a-f]{8,17}", text):
        raise refusal(prop, "be the id of a VPC endpoint", text, f"write one such as {_EXAMPLES[prop]}")
    return text


def _configuration_set(prop: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        rule = "be the name of one configuration set (1 to 64 letters, digits, - and _)"
        raise refusal(prop, rule, text, f"write its name alone, such as {_EXAMPLES[prop]}")
    return text


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    """Merge networks into the fewest that say the same, tokens after them."""
    if is_list_token(values):
        return values
    parsed = [_network(value) for value in _literals(values)]
    merged = [*_merge(IPv4Network, parsed), *_merge(IPv6Network, parsed)]
    return (*map(str, merged), *filter(is_token, values))


def _merge(family: type[_Family], networks: Iterable[_Network]) -> Iterable[_Family]:
    """Merge one family, unless with the reserved networks, where no mail comes from, it is the whole internet."""
    given: list[_Family] = [network for network in networks if isinstance(network, family)]
    reserved: list[_Family] = [network for network, _ in _RESERVED if isinstance(network, family)]
    if any(network.prefixlen == 0 for network in collapse_addresses([*given, *reserved])):
        remedy = "name the networks that mail is sent from"
        raise refusal("allowed_cidrs", "not add up to the whole internet", ", ".join(map(str, given)), remedy)
    return collapse_addresses(given)


def _network(text: str) -> _Network:
    try:
        network = ip_network(text, strict=False)
        if "%" in text:
            raise ValueError  # noqa: TRY301 - a zone names an interface, not a network
    except ValueError:
        remedy = "write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48"
        raise refusal("allowed_cidrs", "hold IPv4 or IPv6 networks", text, remedy) from None
    address = ip_network(text.partition("/")[0]).network_address
    if address != network.network_address:
        remedy = f"write {network} for the network, {address} for the one address"
        raise refusal("allowed_cidrs", "hold networks without host bits", text, remedy)
    for reserved, kind in _RESERVED:
        if _within(network, reserved):
            rule = f"hold public networks, since `aws:SourceIp` never holds {kind} addresses"
            remedy = "name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`"
            raise refusal("allowed_cidrs", rule, text, remedy)
    return network


def _within(network: _Network, other: _Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _common(what: str, values: Iterable[str]) -> str | None:
    """Find the one region or account that all ARNs share; one known at deployment may turn out to be any."""
    found = tuple(dict.fromkeys(values))
    known = _literals(found)
    if len(known) > 1:
        rule = f"lie in one {what}"
        raise refusal("identity", rule, " and ".join(known), f"make a user for each {what}")
    return next(iter((*known, *found)), None)


def _literals(values: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what is known only at deployment."""
    return () if is_list_token(values) else tuple(value for value in values if not is_token(value))


def refusal(prop: str, rule: str, got: object, remedy: str) -> ValueError:
    """Word a refusal: the property, its rule, the value, what to write instead."""
    shown = got if isinstance(got, str) and got.strip() and got.isprintable() else repr(got)
    return ValueError(f"`{prop}` must {rule}, got {shown}; {remedy}")
