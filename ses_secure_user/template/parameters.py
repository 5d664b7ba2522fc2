"""The parameters of the template. Their patterns refuse wrong values before a resource is created.

A list is a text with commas, because a rule of a template can check if a text is empty, but not if a list is empty
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html).
"""

from __future__ import annotations

from typing import NamedTuple

from ses_secure_user.functions.issuer.contract import ENDPOINT, SMTP_PORTS
from ses_secure_user.login.chosen_names import CHOSEN
from ses_secure_user.login.endpoint import BLOCKED_PORT, REGION
from ses_secure_user.restrictions.moments import PATTERN
from ses_secure_user.restrictions.names import (
    CONFIGURATION_SET_NAME,
    DISPLAY_NAME,
    DOMAIN,
    LOCAL,
    VPC_ENDPOINT_ID,
    VPC_ID,
)

MOST_SENDERS = 5
"""The maximum number of From addresses."""

_LITERAL = r"(?!.*\$\{)"
"""A policy variable is refused, because IAM would replace it."""
_IDENTITY = rf"{_LITERAL}(?:{LOCAL}@)?{DOMAIN}"

_PUBLIC_IPV4 = (
    r"(?!0\.|10\.|127\.|169\.254\.|192\.168\.|198\.1[89]\.|172\.(?:1[6-9]|2\d|3[01])\."
    r"|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|22[4-9]\.|2[3-5]\d\.)"
)
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = rf"{_PUBLIC_IPV4}{_BYTE}(?:\.{_BYTE}){{3}}(?:/(?:1[6-9]|2\d|3[0-2]))?"
_IPV6 = r"(?!2002:)[23][0-9A-Fa-f]{3}(?::[0-9A-Fa-f]{0,4}){1,7}/(?:3[2-9]|[4-9]\d|1[01]\d|12[0-8])"

_HOST = r"(?!.*\.vpce\.)" + ENDPOINT.replace("{region}", "[a-z0-9-]+")
"""The names of public endpoints. The function cannot reach a VPC endpoint to test a login."""
_PORTS = [str(port) for port in SMTP_PORTS if port != BLOCKED_PORT]

_ARN = r"arn:aws[a-z-]*:{}:[a-z0-9-]+:\d{{12}}:{}"


class Parameter(NamedTuple):
    """A parameter. All parameters are texts, because a pattern is stricter for a number than CloudFormation's bounds.

    Attributes:
        name: The name.
        description: The description.
        pattern: The pattern of the whole value.
        must: The constraint, as CloudFormation shows it in an error.
        default: The default value. None for a required parameter. An empty text stands for no value.
        restricts: The restriction that it sets. Default: none.
    """

    name: str
    description: str
    pattern: str
    must: str
    default: str | None = ""
    restricts: str = ""


def _listed(entry: str, most: str = "") -> str:
    return rf"(?:{entry}(?:,(?!$)|$)){{1,{most}}}"


def _optional(pattern: str) -> str:
    return f"(?:{pattern})?"


def _chosen(prop: str) -> tuple[str, str]:
    pattern, alphabet = CHOSEN[prop]
    return _optional(pattern.pattern), f"must be {alphabet}"


GROUPS = {
    "Sender": (
        Parameter(
            "Identity",
            "The verified domain or address to send from, such as example.com",
            _IDENTITY,
            "must be a domain or an email address, not an ARN, domain in lower case; write one such as example.com",
            None,
            "identity",
        ),
        Parameter(
            "FromAddresses",
            f"The allowed From addresses, 1 to {MOST_SENDERS} separated by commas, as the application writes them",
            _LITERAL + _listed(f"{LOCAL}@{DOMAIN}", str(MOST_SENDERS)),
            f"must be 1 to {MOST_SENDERS} email addresses separated by commas without spaces, domains in lower case;"
            " write one such as noreply@example.com",
            None,
            "from_address",
        ),
        Parameter(
            "FromDisplayName",
            "The allowed display name of the From header, exactly as the application writes it; any if empty",
            _LITERAL + _optional(DISPLAY_NAME),
            "must be 1 to 128 printable ASCII characters without quotes, \\, < and >; write one such as Example Shop",
            restricts="from_display_name",
        ),
        Parameter(
            "ConfigurationSet",
            "The allowed configuration set; required if the identity has a default configuration set",
            _optional(CONFIGURATION_SET_NAME),
            "must be the name of a configuration set, such as transactional",
            restricts="configuration_set",
        ),
    ),
    "Expiration": (
        Parameter(
            "ValidUntil",
            "The time at which the login expires, in UTC, such as 2027-01-31T00:00:00Z; never if empty",
            _optional(PATTERN),
            "must be a time in UTC; write one such as 2027-01-31T00:00:00Z",
            restricts="valid_until",
        ),
    ),
    "Origin": (
        Parameter(
            "AllowedCidrs",
            "The public networks to send from, separated by commas, such as 203.0.113.0/24,2001:db8::/48",
            _optional(_listed(f"(?:{_IPV4}|{_IPV6})")),
            "must be public networks separated by commas without spaces, none wider than /16 (IPv6: /32, with prefix);"
            " write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48",
            restricts="allowed_cidrs",
        ),
        Parameter(
            "AllowedVpcEndpoints",
            "The VPC endpoints for SES SMTP to send through, separated by commas",
            _optional(_listed(VPC_ENDPOINT_ID)),
            "must be ids of VPC endpoints separated by commas; write one such as vpce-0123456789abcdef0",
            restricts="allowed_vpc_endpoints",
        ),
        Parameter(
            "AllowedVpcs",
            "The VPCs with endpoints for SES SMTP to send through, separated by commas",
            _optional(_listed(VPC_ID)),
            "must be ids of VPCs separated by commas; write one such as vpc-0123456789abcdef0",
            restricts="allowed_vpcs",
        ),
    ),
    "Recipients": (
        Parameter(
            "AllowedRecipients",
            "The allowed recipients, separated by commas, as addresses or *@domain; any if empty",
            _optional(_LITERAL + _listed(rf"(?:{LOCAL}|\*)@{DOMAIN}")),
            "must be email addresses or *@ and a domain, separated by commas; write one such as *@example.com",
            restricts="allowed_recipients",
        ),
        Parameter(
            "SandboxRecipient",
            "The identity of a recipient, which SES also authorizes while the account is in the sandbox",
            _optional(_IDENTITY),
            "must be a domain or an email address; write one such as person@example.net",
            restricts="sandbox_recipients",
        ),
    ),
    "SMTP endpoint": (
        Parameter(
            "SesRegion",
            "The region of the identity and the endpoint; the region of the stack if empty",
            _optional(REGION),
            "must be the name of a region; write one such as eu-west-1",
        ),
        Parameter(
            "SmtpHost",
            "The name of a FIPS or dual-stack endpoint; the default endpoint of the region if empty",
            _optional(_HOST),
            "must be a public SMTP endpoint of SES; write one such as email-smtp-fips.us-east-1.amazonaws.com",
        ),
        Parameter(
            "SmtpPort",
            "The port: 465 and 2465 start TLS immediately, 587 and 2587 use STARTTLS",
            "|".join(_PORTS),
            f"must be one of {', '.join(_PORTS)}; Lambda, which tests the login, cannot open port {BLOCKED_PORT}",
            "465",
        ),
    ),
    "Login": (
        Parameter(
            "RotationDays",
            "The number of days for which a login is current; it then stays valid for the same time",
            r"[2-9]|[1-9]\d{1,2}",
            "must be 2 to 999 days",
            "30",
        ),
        Parameter("UserName", "The name of the IAM user; generated if empty", *_chosen("user_name")),
        Parameter("SecretName", "The name of the secret; generated if empty", *_chosen("secret_name")),
        Parameter("UserPath", "The path of the IAM user, such as /mail/; / if empty", *_chosen("user_path")),
        Parameter(
            "EncryptionKey",
            "The ARN of the KMS key of the secret; aws/secretsmanager if empty",
            _optional(_ARN.format("kms", "key/[A-Za-z0-9-]+")),
            "must be the ARN of a KMS key, not of an alias",
        ),
        Parameter(
            "AlarmTopic",
            "The ARN of the SNS topic to notify of failed rotations; none if empty",
            _optional(_ARN.format("sns", "[A-Za-z0-9_-]+")),
            "must be the ARN of a standard SNS topic",
        ),
    ),
}
"""The parameters, by their group in the console."""
