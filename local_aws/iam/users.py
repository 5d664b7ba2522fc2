"""IAM users and their access keys."""
# ruff: noqa: SLF001

from ministack.services import iam

from local_aws import journal
from local_aws.shapes import Action, Answer, Json


def create_access_key(original: Action, request: Json) -> Answer:
    """Create an access key. Refuse a third key for a user."""
    name = iam._p(request, "UserName")
    if sum(key["UserName"] == name for key in iam._access_keys.values()) >= 2:
        return _refusal("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    before = set(iam._access_keys)
    answer = original(request)
    for key_id in set(iam._access_keys) - before:
        journal.record(kind="key", id=key_id, secret=iam._access_keys[key_id]["SecretAccessKey"])
    return answer


def list_access_keys(original: Action, request: Json) -> Answer:
    """List access keys. Refuse a user that does not exist."""
    name = iam._p(request, "UserName")
    if name not in iam._users:
        return _refusal("NoSuchEntity", f"The user with name {name} cannot be found.", status=404)
    return original(request)


def delete_user(original: Action, request: Json) -> Answer:
    """Delete a user. Refuse a user that has inline policies or is in a group."""
    name = iam._p(request, "UserName")
    if iam._user_inline_policies.get(name):
        return _refusal("DeleteConflict", "Cannot delete entity, must delete policies first.")
    if any(name in group["Users"] for group in iam._groups.values()):
        return _refusal("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    return original(request)


def _refusal(code: str, message: str, status: int = 409) -> Answer:
    answer: Answer = iam._error(status, code, message, ns="iam")
    return answer
