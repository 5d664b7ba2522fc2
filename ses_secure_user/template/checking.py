"""The handler of the template's function: the issuer's handler, after checks that a parameter's pattern cannot express.

Like the issuer, it requires only the standard library and the runtime's boto3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.functions.issuer.contract import is_ses_host
from ses_secure_user.functions.issuer.deployment import Answer
from ses_secure_user.functions.issuer.handler import handler
from ses_secure_user.restrictions.consistency import check_membership, check_once

if TYPE_CHECKING:
    from collections.abc import Mapping


def checked(event: Mapping[str, Any], context: Any) -> None:  # noqa: ANN401 - Lambda's own class
    """Serve one event. Refuse restrictions that the construct would refuse, with the same message."""
    try:
        if event.get("RequestType") in {"Create", "Update"}:
            _check(event["ResourceProperties"])
    except ValueError as error:
        Answer(event).fail(str(error))
    else:
        handler(event, context)


def _check(properties: Mapping[str, Any]) -> None:
    """Check the parameters that are not empty."""
    restrictions = properties.get("Restrictions", {})
    if senders := restrictions.get("FromAddresses", ""):
        check_once("from_address", senders.split(","))
        check_membership([restrictions["Identity"]], senders.split(","))
    host, region = properties.get("Host", ""), properties.get("Region", "")
    if host and not is_ses_host(host, region):
        remedy = "an SMTP password is valid in one region: set `ses_region` to that of the host, or another host"
        raise refusal("smtp_host", f"be an endpoint of `ses_region` {region}", host, remedy)
