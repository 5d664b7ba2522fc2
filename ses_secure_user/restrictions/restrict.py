"""Checks and normalization of restrictions. `policy` writes the policy document."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ses_secure_user.cdk.refusal import refusal, wrong_type

from .consistency import check_membership, check_once, subdomains
from .marks import LIST_TOKEN, TOKEN, is_list_token, is_marked, literals
from .networks import wide_networks
from .rows import BY_PROPERTY, ORIGINS, ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_IDENTITY_ARN = re.compile(
    rf"arn:(?:{TOKEN}|aws[a-z-]*):ses:(?P<region>{TOKEN}|[a-z0-9-]+):(?P<account>{TOKEN}|\d{{12}}):identity/(?P<name>.+)"
)

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Restrictions:
    """All restrictions of a credential, checked and normalized. `restrict` creates it.

    Attributes:
        values: The values of each property; no values for a property that restricts nothing. A list token stands for
            any number of values.
        identity_region: The region of identities given as ARNs, or None.
        identity_account: The account of identities given as ARNs, or None.
    """

    values: Mapping[str, tuple[str, ...]]
    identity_region: str | None = None
    identity_account: str | None = None

    def __getitem__(self, prop: str) -> tuple[str, ...]:
        return self.values[prop]

    def but(self, prop: str, values: tuple[str, ...]) -> Restrictions:
        """Return the same restrictions with other values of one property."""
        return replace(self, values={**self.values, prop: values})


def restrict(
    *,
    known: Mapping[str, str] = _NOTHING,
    **given: Any,  # noqa: ANN401 - other types are refused
) -> Restrictions:
    """Check and normalize restrictions.

    Subdomains that contain a From address are added to the identities.

    Args:
        known: The known names of identities that tokens refer to, by token.
        **given: The values by property, as in the rows: strings, or CDK tokens, which pass every check.

    Raises:
        ValueError: A restriction is missing or wrong; the message names the property, its rule and the remedy.
        TypeError: There is no such property.
    """
    if unknown := given.keys() - {row.prop for row in ROWS}:
        raise TypeError(f"there is no restriction {', '.join(sorted(unknown))}")
    identity = BY_PROPERTY["identity"]
    identities = _listed(identity, given.get("identity"))
    arns = [arn for arn in map(_IDENTITY_ARN.fullmatch, identities) if arn]
    names = [_IDENTITY_ARN.sub(r"\g<name>", name) for name in identities]
    values = {row.prop: _values(row, names if row is identity else given.get(row.prop)) for row in ROWS}
    belonging = _belonging(values["identity"], values["from_address"], known)
    restrictions = Restrictions(
        values={**values, "identity": (*values["identity"], *belonging)},
        identity_region=_common("region", [arn["region"] for arn in arns]),
        identity_account=_common("account", [arn["account"] for arn in arns]),
    )
    _check_origins(restrictions)
    return restrictions


def unknown_networks(restrictions: Restrictions) -> tuple[str, ...]:
    """Return all allowed networks if some are known only at deployment, for the function to check."""
    networks = restrictions["allowed_cidrs"]
    return () if literals(networks) == networks else networks


def restriction_warnings(restrictions: Restrictions, identity: object, senders: object) -> list[tuple[str, str]]:
    """Return warnings about valid but risky restrictions: pairs of a stable id and a message.

    Args:
        restrictions: The result of `restrict`.
        identity: The identity, or a list of them, as given by the caller.
        senders: The From addresses, as given by the caller.
    """
    wide = [
        f"`allowed_cidrs` contains {network}, wider than /{widest}, and everyone there can use a stolen login; name the"
        " smallest network that sends mail"
        for network, widest in wide_networks(literals(restrictions["allowed_cidrs"]))
    ]
    upper = [
        f"`from_address` has upper case before the @ of {sender}, and SES compares case; the application must"
        " write exactly this address"
        for sender in literals(restrictions["from_address"])
        if re.search(r"[A-Z].*@", sender)
    ]
    written = (senders,) if isinstance(senders, str) else senders
    international = [
        f"`from_address` {sender} is in punycode in the policy; the application must write it in punycode too"
        for sender in (written if isinstance(written, list | tuple) else ())
        if not sender.isascii()
    ]
    return [
        *_identity_warnings(identity),
        *(("ses-secure-user:wideNetwork", message) for message in wide),
        *(("ses-secure-user:upperCaseLocalPart", message) for message in upper),
        *(("ses-secure-user:internationalSender", message) for message in international),
    ]


def _identity_warnings(identity: object) -> list[tuple[str, str]]:
    """Return warnings about identities that are known only at deployment."""
    given = identity if isinstance(identity, list | tuple) else [identity]
    bare = [one for one in given if isinstance(one, str) and is_marked(one) and not _IDENTITY_ARN.fullmatch(one)]
    message = (
        "`identity` {} is known only at deployment and must be a name, because an ARN would match no identity; give the"
        " construct, or an ARN whose parts are tokens"
    )
    return [("ses-secure-user:tokenIdentity", message.format(one)) for one in bare]


def _check_origins(restrictions: Restrictions) -> None:
    if not any(restrictions[row.prop] for row in ORIGINS):
        others = " or ".join(f"`{row.prop}`" for row in ORIGINS[1:])
        raise refusal("allowed_cidrs", "not be empty", [], f"name the public networks that send mail, or give {others}")


def _belonging(identities: tuple[str, ...], senders: tuple[str, ...], known: Mapping[str, str]) -> tuple[str, ...]:
    """Check that every From address belongs to an identity, and return the subdomains that contain them.

    Tokens are skipped, unless their value is known.
    """
    named = tuple(known.get(one, one) for one in identities)
    if literals(named) == named:
        check_membership(named, literals(senders))
    return subdomains(literals(named), literals(senders))


def _values(row: Row, given: object) -> tuple[str, ...]:
    """Check and normalize the values of one property."""
    if row.spell and given is not None and not is_marked(given):
        given = row.spell(row.prop, given)
    listed = _single(row, given) if row.is_single else _listed(row, given)
    if is_list_token(listed):
        if row.resource and not row.key:  # each becomes an ARN
            remedy = "give a list of strings, each of which may be a token"
            raise refusal(row.prop, "be a list of known length", "a list token", remedy)
        return listed
    parsed = tuple(value if is_marked(value) else row.parse(row.prop, value) for value in listed)
    if row.merge:
        return (*row.merge(literals(parsed)), *filter(is_marked, parsed))
    check_once(row.prop, parsed)
    return parsed


def _single(row: Row, given: object) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, str):
        raise wrong_type(row.prop, "be a string", given, f"write it like {row.example}")
    return (given,)


def _listed(row: Row, given: object) -> tuple[str, ...]:
    if given is None:
        if row.is_required:
            raise refusal(row.prop, "be given", given, row.when_empty)
        return ()
    values = (given,) if isinstance(given, str) and row.may_stand_alone else given
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        kind = "a string or a list of strings" if row.may_stand_alone else "a list of strings"
        raise wrong_type(row.prop, f"be {kind}", values, f'write it like ["{row.example}"]')
    if not values and row.when_empty:
        raise refusal(row.prop, "not be empty", values, row.when_empty)
    if len(values) > 1 and any(LIST_TOKEN in value for value in values):
        raise refusal(row.prop, "not mix a list token with other entries", values, "give the list token alone")
    return tuple(values)


def _common(what: str, values: Iterable[str]) -> str | None:
    """Return the region or account that all ARNs share. Tokens are skipped."""
    found = tuple(dict.fromkeys(values))
    known = literals(found)
    if len(known) > 1:
        rule = f"be in one {what}"
        raise refusal("identity", rule, " and ".join(known), f"create a user for each {what}")
    return next(iter((*known, *found)), None)
