"""Checks of names: identities, addresses, recipients, VPC endpoints, VPCs, configuration sets."""

import re
import unicodedata
from functools import partial
from typing import NamedTuple

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.spelling import remedy_for, write

_ATOM = r"[A-Za-z0-9!#$%&'+/=^_`{|}~-]+"
LOCAL = rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = rf"(?=[^,]{{1,253}}(?:,|$))(?:{_LABEL}\.)+(?=[a-z]){_LABEL}"
"""A domain, at the end of the string or of an entry in a comma-separated list."""
VPC_ID = r"vpc-[0-9a-f]{8,17}"
VPC_ENDPOINT_ID = r"vpce-[0-9a-f]{8,17}"
DISPLAY_NAME = r"[!#-;=?-\[\]-~](?:[ !#-;=?-\[\]-~]{0,126}[!#-;=?-\[\]-~])?"
"""Printable ASCII without quotes, ``\\``, ``<`` and ``>``, which have more than one spelling in a header."""
CONFIGURATION_SET_NAME = r"[A-Za-z0-9_-]{1,64}"


class _Form(NamedTuple):
    """A kind of name: its form, whether SES ignores the case of its domain, and whether a list can be given."""

    pattern: re.Pattern[str]
    rule: str
    remedy: str
    ignores_case: bool = False
    takes_several: bool = True


_IDENTITY = _Form(
    re.compile(rf"(?:{LOCAL}@)?{DOMAIN}"),
    "be a domain or an email address",
    "write one such as example.com or noreply@example.com",
    ignores_case=True,
)
_ADDRESS = _Form(re.compile(rf"{LOCAL}@{DOMAIN}"), "be an email address", "write one such as noreply@example.com")
_ONE_ADDRESS = _ADDRESS._replace(takes_several=False)
_RECIPIENT = _Form(
    re.compile(rf"(?:{LOCAL}|\*)@{DOMAIN}"),
    "be an email address or *@ and a domain",
    "write one such as person@example.com or *@example.com",
)

_FAULTS = tuple(
    (re.compile(pattern), rule, remedy)
    for pattern, rule, remedy in (
        (r"\A\s*\Z", "not be empty", "leave it out or write one"),
        (r"[<>]", "be without a display name", "write only what stands between < and >"),
        (r"\$\{", "be literal: IAM would replace a policy variable", "write the value itself"),
        (r"[*?]", "be without wildcards", "write each one out"),
        (
            r"[^\x00-\x7f].*@",
            "be ASCII before the @: SES supports no other addresses",
            "use an ASCII address",
        ),
        (r"\.\Z", "not end with a dot", "leave the dot out"),
    )
)


def _name(prop: str, text: str, form: _Form) -> str:
    """Check an address or a domain, and return it with its domain in ASCII."""
    for fault, rule, remedy in _FAULTS:
        if fault.search(text.replace("*", "x") if form is _RECIPIENT else text):
            raise refusal(prop, rule, text, remedy)
    local, at, domain = text.rpartition("@")
    name = f"{local}{at}{_punycode(prop, text, domain)}"
    if not form.pattern.fullmatch(name):
        is_right = partial(_is_right, prop, form)
        remedy = remedy_for(text, is_right, form.remedy, takes_several=form.takes_several)
        raise refusal(prop, form.rule, text, remedy)
    if domain != domain.lower() and not form.ignores_case:
        raise refusal(prop, "have its domain in lower case: SES compares case", text, f"write {name} everywhere")
    return name


def _is_right(prop: str, form: _Form, text: str) -> bool:
    """Return whether one entry of a wrong value is valid."""
    return form.pattern.fullmatch(text) is not None and _name(prop, text, form) == text


identity_name = partial(_name, form=_IDENTITY)
address = partial(_name, form=_ADDRESS)
one_address = partial(_name, form=_ONE_ADDRESS)
recipient = partial(_name, form=_RECIPIENT)


def _punycode(prop: str, text: str, domain: str) -> str:
    """Return a domain in lower-case ASCII. Refuse one that the codec changes, such as ``ß`` to ``ss``."""
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


def vpc_endpoint_id(prop: str, text: str) -> str:
    """Check the id of a VPC endpoint."""
    if not re.fullmatch(VPC_ENDPOINT_ID, text):
        raise refusal(
            prop, "be the id of a VPC endpoint", text, _id_in(text, VPC_ENDPOINT_ID, "vpce-0123456789abcdef0")
        )
    return text


def vpc_id(prop: str, text: str) -> str:
    """Check the id of a VPC."""
    if not re.fullmatch(VPC_ID, text):
        raise refusal(prop, "be the id of a VPC", text, _id_in(text, VPC_ID, "vpc-0123456789abcdef0"))
    return text


def _id_in(text: str, pattern: str, example: str) -> str:
    """Return the remedy for a value that is not an id: the ids that it contains, such as in an ARN or a host name."""
    found = list(dict.fromkeys(re.findall(rf"(?<![a-z0-9-]){pattern}(?![a-z0-9])", text)))
    return write(found) if found else f"write one such as {example}"


def configuration_set_name(prop: str, text: str) -> str:
    """Check the name of a configuration set."""
    if not re.fullmatch(CONFIGURATION_SET_NAME, text):
        rule = "be the name of one configuration set (1 to 64 letters, digits, - and _)"
        raise refusal(prop, rule, text, "write its name alone, such as transactional")
    return text


def display_name(prop: str, text: str) -> str:
    """Check the display name of a From header."""
    if "${" in text:
        raise refusal(prop, "be literal: IAM would replace a policy variable", text, "write the name itself")
    if not re.fullmatch(DISPLAY_NAME, text):
        rule = "be 1 to 128 printable ASCII characters without quotes, \\, < and >"
        raise refusal(prop, rule, text, "write one such as Example Shop")
    return text
