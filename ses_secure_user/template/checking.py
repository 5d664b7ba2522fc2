"""The template's function: the issuer's, which also refuses what no pattern of a parameter can.

Like the issuer it runs with the runtime's own boto3 and the standard library alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ses_secure_user.entries import check_membership, check_once
from ses_secure_user.issuer.deployment import Answer
from ses_secure_user.issuer.handler import handler
from ses_secure_user.networks import merged_networks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ses_secure_user.issuer.handler import Context


def checked(event: Mapping[str, Any], context: Context) -> None:
    """Serve one event, unless it asks for restrictions that the construct would have refused, in its words."""
    try:
        if event.get("RequestType") in {"Create", "Update"}:
            _check(event["ResourceProperties"].get("Restrictions", {}))
    except ValueError as error:
        Answer(event).fail(str(error))
    else:
        handler(event, context)


def _check(restrictions: Mapping[str, str]) -> None:
    """Check the texts of parameters, as far as they are told."""
    senders, networks = (restrictions.get(name, "") for name in ("FromAddresses", "AllowedCidrs"))
    if senders:
        check_once("from_address", senders.split(","))
        check_membership([restrictions["Identity"]], senders.split(","))
    if networks:
        merged_networks(networks.split(","))
