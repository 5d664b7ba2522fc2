"""Credentials and details of IAM users that ministack does not support."""
# ruff: noqa: SLF001

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs

from ministack.services import iam

from local_aws.shapes import Action, Answer, Anything, Json

_created: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

KINDS = {
    "ServiceSpecificCredential": (
        "CreateServiceSpecificCredential",
        "DeleteServiceSpecificCredential",
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
    ),
    "SSHPublicKey": ("UploadSSHPublicKey", "DeleteSSHPublicKey", "ListSSHPublicKeys", "SSHPublicKeys"),
    "Certificate": ("UploadSigningCertificate", "DeleteSigningCertificate", "ListSigningCertificates", "Certificates"),
}


def actions() -> dict[str, Action]:
    """Return the actions to create, delete and list each kind of credential."""
    found: dict[str, Action] = {}
    for kind, (create, delete, list_all, plural) in KINDS.items():
        found[create] = partial(_create, kind, create)
        found[delete] = partial(_delete, kind, delete)
        found[list_all] = partial(_list, kind, list_all, plural)
    return found


def resource_arn(original: Callable[..., str], service: str, *request: Anything) -> str:
    """Return the ARN of a request's resource. Simulations and requests about a key also refer to a user.

    The ARN of a user includes its path.
    """
    arn: str = original(service, *request)
    if ":user/" in arn:
        known: Json = iam._users.get(arn.rpartition("/")[2], {})
        return str(known.get("Arn", arn))
    if service != "iam" or arn != "*":
        return arn
    body = request[3] or b""
    parameters: dict[str, list[str]] = parse_qs(body.decode() if isinstance(body, bytes) else body)
    key = iam._access_keys.get(parameters.get("AccessKeyId", [""])[0])
    user = iam._users.get(key["UserName"] if key else "", {})
    of_key: str = user.get("Arn", "*")
    return parameters.get("PolicySourceArn", [of_key])[0]


def get_account_authorization_details(original: Action, request: Json) -> Answer:
    """Return the account's details with the permissions boundary of each user."""
    status, headers, body = original(request)
    text = body.decode()
    for user in iam._users.values():
        if arn := user.get("PermissionsBoundary"):
            boundary = (
                "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>"
                f"<PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
            )
            text = text.replace(f"<Arn>{user['Arn']}</Arn>", f"<Arn>{user['Arn']}</Arn>{boundary}", 1)
    return status, headers, text.encode()


def _create(kind: str, action: str, request: Json) -> Answer:
    user = iam._p(request, "UserName")
    _created[user, kind].append(iam._gen_id("ACCA"))
    return _xml(action, f"<{kind}>{_fields(kind, user, _created[user, kind][-1])}</{kind}>")


def _delete(kind: str, action: str, request: Json) -> Answer:
    _created.pop((iam._p(request, "UserName"), kind), None)
    return _xml(action, "")


def _list(kind: str, action: str, plural: str, request: Json) -> Answer:
    user = iam._p(request, "UserName")
    members = "".join(f"<member>{_fields(kind, user, one)}</member>" for one in _created[user, kind])
    return _xml(action, f"<{plural}>{members}</{plural}>")


def _fields(kind: str, user: str, number: str) -> str:
    ids = {"ServiceSpecificCredential": "ServiceSpecificCredentialId", "SSHPublicKey": "SSHPublicKeyId"}
    name = ids.get(kind, "CertificateId")
    now = datetime.now(UTC).isoformat()
    return f"<UserName>{user}</UserName><{name}>{number}</{name}><Status>Active</Status><CreateDate>{now}</CreateDate>"


def _xml(action: str, inner: str) -> Answer:
    answer: Answer = iam._xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>")
    return answer
