"""The SMTP endpoint of a login."""

from __future__ import annotations

import re

from aws_cdk.region_info import RegionInfo

from ses_secure_user.cdk.refusal import refusal, wrong_type
from ses_secure_user.cdk.spelling import remedy_for
from ses_secure_user.cdk.tokens import is_token
from ses_secure_user.functions.issuer.contract import SMTP_PORTS, is_ses_host

SMTP_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)
"""The regions with an SES SMTP endpoint in 2026 (https://docs.aws.amazon.com/general/latest/gr/ses.html)."""

BLOCKED_PORT = 25
REGION = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:[a-z]+|\d+)"
"""Also matches future regions. It does not match an Availability Zone, whose name ends with a digit and a letter."""


def check_region(prop: str, region: object) -> str:
    """Check the name of a region.

    Raises:
        ValueError: It is not the name of a region.
    """
    if not isinstance(region, str) or not (is_token(region) or re.fullmatch(REGION, region)):
        raise refusal(prop, "be the name of a region", region, "write one such as eu-west-1")
    return region


def check_host(host: str | None, region: str) -> str:
    """Check the name of an endpoint, and return it.

    Args:
        host: The name. Default: ``email-smtp.REGION.amazonaws.com``, with the domain of the region's partition.
        region: The region of the login.

    Raises:
        ValueError: It is not an endpoint of SES, or it is one of another region.
    """
    if host is None:
        return f"email-smtp.{region}.{_domain(region)}"
    if isinstance(host, str) and is_token(host):
        return host
    if not isinstance(host, str) or not is_ses_host(host):
        rule = "be the name of an SMTP endpoint of SES, because the login is sent to no other host"
        otherwise = (
            "write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port, or leave it out for the"
            " region's own; a CNAME or a relay is none"
        )
        if not isinstance(host, str):
            raise wrong_type("smtp_host", rule, host, otherwise)
        remedy = remedy_for(host, is_ses_host, otherwise, takes_several=False)
        raise refusal("smtp_host", rule, host, remedy)
    if not is_token(region) and not is_ses_host(host, region):
        other = host.rpartition("email-smtp")[2].split(".")[1]
        remedy = f"an SMTP password is valid in one region: set `ses_region` to {other}, or another host"
        raise refusal("smtp_host", f"be an endpoint of `ses_region` {region}", host, remedy)
    return host


def _domain(region: str) -> str:
    """Return the domain of a region's endpoints, such as ``amazonaws.eu`` for ``eusc-de-east-1``."""
    if region in SMTP_REGIONS or is_token(region):
        return "amazonaws.com"
    return RegionInfo.get(region).domain_suffix or "amazonaws.com"


def check_port(port: int, *, verify_login: bool) -> None:
    """Check an endpoint's port.

    Args:
        port: The port.
        verify_login: Whether the function connects to it.

    Raises:
        ValueError: SES does not offer the port, or AWS blocks it for Lambda.
    """
    if is_token(port):
        return
    if not isinstance(port, int) or port not in SMTP_PORTS:
        raise wrong_type("smtp_port", "be one that SES offers", port, f"write one of {', '.join(map(str, SMTP_PORTS))}")
    if port == BLOCKED_PORT and verify_login:
        remedy = "write 587, or give an `issuer` with verify_login=False"
        raise refusal("smtp_port", "be one that Lambda may open, to test the login", port, remedy)
