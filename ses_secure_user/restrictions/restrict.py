"""What a credential is restricted to, as values that are checked and normalized; `policy` writes them down.

Pure: properties come in as strings, or CDK tokens, which pass every check untouched.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import LIST_TOKEN, TOKEN, is_list_token, is_token, literals

from .consistency import check_membership, check_once
from .names import EXAMPLES, address, configuration_set_name, identity_name, recipient, vpc_endpoint_id
from .networks import merged_networks, wide_networks

_WHEN_EMPTY = {
    "identity": "name the verified domain or address that mail is sent from",
    "from_address": "name the address that the application sends from",
    "allowed_recipients": "leave it out to allow every recipient",
}

_IDENTITY_ARN = re.compile(
    rf"arn:(?:{TOKEN}|aws[a-z-]*):ses:(?P<region>{TOKEN}|[a-z0-9-]+):(?P<account>{TOKEN}|\d{{12}}):identity/(?P<name>.+)"
)

_Parse = Callable[[str, str], str]


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
            "from_address", (from_address,) if isinstance(from_address, str) else from_address, address
        ),
        networks=_networks(_listed("allowed_cidrs", allowed_cidrs)),
        vpc_endpoints=_each("allowed_vpc_endpoints", allowed_vpc_endpoints, vpc_endpoint_id),
        recipients=() if allowed_recipients is None else _each("allowed_recipients", allowed_recipients, recipient),
        feedback_address=_one("feedback_address", feedback_address, address),
        configuration_set=_one("configuration_set", configuration_set, configuration_set_name),
        sandbox_recipients=_singly("sandbox_recipients", sandbox_recipients),
    )
    _check_origins(restrictions)
    _check_membership(restrictions)
    return restrictions


def restriction_warnings(restrictions: Restrictions, identity: object, senders: object) -> list[tuple[str, str]]:
    """Valid but risky restrictions: pairs of a stable id and a message.

    Args:
        restrictions: What `restrict` made.
        identity: The identity, or a list of them, as the caller gave it.
        senders: The From addresses as the caller wrote them.
    """
    wide = [
        f"`allowed_cidrs` holds {network}, wider than /{widest}, and everybody there can use a stolen credential;"
        " name the smallest network that mail is sent from"
        for network, widest in wide_networks(literals(restrictions.networks))
    ]
    bare = [
        f"`allowed_cidrs` holds {network}, which is known at deployment, where IAM takes a bare IPv6 address for a /32;"
        " write the prefix behind it, such as /32 for an IPv4 address and /128 for an IPv6 one"
        for network in restrictions.networks
        if (is_token(network) and "/" not in network) or is_list_token(restrictions.networks)
    ]
    upper = [
        f"`from_address` has upper case before the @ of {sender}, and SES compares case; the application must"
        " write it exactly so"
        for sender in literals(restrictions.from_addresses)
        if re.search(r"[A-Z].*@", sender)
    ]
    written = (senders,) if isinstance(senders, str) else senders
    international = [
        f"`from_address` has {sender} in punycode, and SES compares letters; the application must write it so too"
        for sender in (written if isinstance(written, list | tuple) else ())
        if not sender.isascii()
    ]
    return [
        *_identity_warnings(identity),
        *(("ses-secure-user:wideNetwork", message) for message in wide),
        *(("ses-secure-user:tokenNetwork", message) for message in bare),
        *(("ses-secure-user:upperCaseLocalPart", message) for message in upper),
        *(("ses-secure-user:internationalSender", message) for message in international),
    ]


def _identity_warnings(identity: object) -> list[tuple[str, str]]:
    """Warn of identities that may turn out to be something else."""
    given = identity if isinstance(identity, list | tuple) else [identity]
    bare = [one for one in given if isinstance(one, str) and is_token(one) and not _IDENTITY_ARN.fullmatch(one)]
    message = (
        "`identity` {} is known at deployment and must be a name then, since an ARN would match no identity; give the"
        " construct, or an ARN whose parts are tokens"
    )
    return [("ses-secure-user:tokenIdentity", message.format(one)) for one in bare]


def _check_origins(restrictions: Restrictions) -> None:
    if not restrictions.networks and not restrictions.vpc_endpoints:
        remedy = "name the public networks that mail is sent from, or `allowed_vpc_endpoints`"
        raise refusal("allowed_cidrs", "not be empty", [], remedy)


def _check_membership(restrictions: Restrictions) -> None:
    """Hold every From address against the identities, as far as both are known."""
    identities = restrictions.identities
    if literals(identities) != identities:
        return
    check_membership(identities, literals(restrictions.from_addresses))


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    """Merge networks, tokens after them."""
    return values if is_list_token(values) else (*merged_networks(literals(values)), *filter(is_token, values))


def _each(prop: str, values: Sequence[str], parse: _Parse) -> tuple[str, ...]:
    listed = _listed(prop, values)
    if is_list_token(listed):
        return listed
    parsed = tuple(value if is_token(value) else parse(prop, value) for value in listed)
    check_once(prop, parsed)
    return parsed


def _singly(prop: str, values: Sequence[str]) -> tuple[str, ...]:
    """Parse identities: each becomes an ARN, which a list that is known at deployment only cannot."""
    if is_list_token(_listed(prop, values)):
        raise refusal(
            prop, "be known one by one", "a list token", "give a list of strings, each of which may be a token"
        )
    return _each(prop, values, identity_name)


def _one(prop: str, value: str | None, parse: _Parse) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise refusal(prop, "be a string", value, f"write it like {EXAMPLES[prop]}")
    return value if is_token(value) else parse(prop, value)


def _listed(prop: str, values: Sequence[str]) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise refusal(prop, "be a list of strings", values, f'write it like ["{EXAMPLES[prop]}"]')
    if not values and prop in _WHEN_EMPTY:
        raise refusal(prop, "not be empty", values, _WHEN_EMPTY[prop])
    if len(values) > 1 and any(LIST_TOKEN in value for value in values):
        raise refusal(prop, "not mix a list token with other entries", values, "give the list token alone")
    return tuple(values)


def _common(what: str, values: Iterable[str]) -> str | None:
    """Find the one region or account that all ARNs share; one known at deployment may turn out to be any."""
    found = tuple(dict.fromkeys(values))
    known = literals(found)
    if len(known) > 1:
        rule = f"lie in one {what}"
        raise refusal("identity", rule, " and ".join(known), f"make a user for each {what}")
    return next(iter((*known, *found)), None)
