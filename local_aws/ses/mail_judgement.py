"""Authorization of a mail: its identity, and the decision of IAM."""
# ruff: noqa: SLF001

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any, NamedTuple
from uuid import uuid4

from ministack.core.responses import get_account_id, set_request_region
from ministack.services import iam, ses, ses_v2

from local_aws import journal
from local_aws.iam.authorization import decision, identity_policy
from local_aws.ses.identities import paused

ACTION = "ses:SendRawEmail"
UNVERIFIED = "554 Message rejected: Email address is not verified."
SIMULATOR = "@simulator.amazonses.com"


class Sent(NamedTuple):
    """A mail with its envelope, access key, origin (address, VPC endpoint or VPC) and time.

    AWS does not document if the sandbox checks the mailbox simulator like other recipients. ``strict_sandbox`` does so.
    """

    key_id: str
    content: bytes
    return_path: str
    recipients: tuple[str, ...]
    origin: str
    strict_sandbox: bool
    time: str


def judge(sent: Sent, region: str) -> str:
    """Return the response to a mail: 250, or 554 with the denied action and resource."""
    set_request_region(region)
    message = message_from_bytes(sent.content, policy=policy.default)
    display_name, sender = parseaddr(str(message["From"]))
    if paused(region):
        return "554 Message rejected: Sending paused for this account. For more information, please check the inbox."
    identity = _identity(sender)
    if identity is None:
        return f"{UNVERIFIED} The following identities failed the check in region {region.upper()}: {sender}"
    user = _user(sent.key_id)
    for resource in _resources(identity, str(message["X-SES-CONFIGURATION-SET"] or ""), sent, region):
        if (
            decision(
                user, ACTION, resource, _context(display_name, sender, sent, region), resource_policy=_policy(resource)
            )
            != "allowed"
        ):
            return f"554 Access denied: User `{user}' is not authorized to perform `{ACTION}' on resource `{resource}'"
    journal.record(kind="mail", text=sent.content.decode(), origin=sent.origin)
    return f"250 Ok {uuid4().hex}-000000"


def _identity(address: str) -> str | None:
    """Return the address if it is verified, or else the closest verified domain."""
    labels = address.rpartition("@")[2].lower().split(".")
    candidates = [address, *(".".join(labels[start:]) for start in range(len(labels)))]
    return next((one for one in candidates if one in ses_v2._identities), None)


def _resources(identity: str, named_set: str, sent: Sent, region: str) -> list[str]:
    prefix = f"arn:aws:ses:{region}:{get_account_id()}"
    used_set = named_set or ses_v2._identities[identity].get("ConfigurationSetName")
    sandbox = not (ses._account_details.get("account") or {}).get("ProductionAccessEnabled", True)
    judged = [one for one in sent.recipients if sandbox and (sent.strict_sandbox or not one.endswith(SIMULATOR))]
    return [
        f"{prefix}:identity/{identity}",
        *([f"{prefix}:configuration-set/{used_set}"] if used_set else []),
        *(f"{prefix}:identity/{one}" for one in judged),
    ]


def _context(display_name: str, sender: str, sent: Sent, region: str) -> dict[str, Any]:
    kinds = {"vpce-": "aws:SourceVpce", "vpc-": "aws:SourceVpc"}
    origin = next((key for mark, key in kinds.items() if sent.origin.startswith(mark)), "aws:SourceIp")
    return {
        "aws:RequestedRegion": region,  # in every request, as IAM documents it
        "ses:FromAddress": sender,
        **({"ses:FromDisplayName": display_name} if display_name else {}),
        "ses:FeedbackAddress": sent.return_path,
        "ses:Recipients": list(sent.recipients),
        "aws:CurrentTime": sent.time or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        origin: sent.origin,
    }


def _policy(resource: str) -> Any:  # noqa: ANN401 - a document, or None
    kind, _, name = resource.rpartition(":")[2].partition("/")
    return identity_policy(name) if kind == "identity" else None


def _user(key_id: str) -> str:
    arn: str = iam._users[iam._access_keys[key_id]["UserName"]]["Arn"]
    return arn
