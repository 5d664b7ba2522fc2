"""Names that the caller chooses for the IAM user and the secret, and the user's path."""

import re

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token

SECRET_NAME = 256 - len("arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:-AbCdEf")
"""The longest name of a secret. A tag of the user, of at most 256 characters, contains the ARN of the secret
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html).
"""
USER_PATH = 512
"""The longest path of a user (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html)."""
CHOSEN = {
    "user_name": (re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}"), "1 to 64 letters, digits and _+=,.@-"),
    "user_path": (
        re.compile(rf"/(?:[A-Za-z0-9_+=,.@/-]{{1,{USER_PATH - 2}}}/)?"),
        f"/, or letters, digits and _+=,.@/- between two slashes, such as /mail/, at most {USER_PATH} characters",
    ),
    "secret_name": (
        re.compile(rf"[A-Za-z0-9/_+=.@-]{{1,{SECRET_NAME}}}"),
        f"1 to {SECRET_NAME} letters, digits and /_+=.@-, because a tag of the user contains its ARN",
    ),
}


SUFFIX = 6
"""In the ARN, Secrets Manager appends a hyphen and this number of characters to the name
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
"""


def name_warnings(secret_name: str | None) -> list[tuple[str, str]]:
    """Return warnings about valid but risky names: pairs of a stable id and a message."""
    if secret_name is None or is_token(secret_name) or secret_name[-SUFFIX - 1 : -SUFFIX] != "-":
        return []
    message = (
        f"`secret_name` {secret_name} ends with a hyphen and six characters, like the ARN of a secret, so Secrets"
        f" Manager may find another secret by a partial ARN; write a name such as {secret_name}-login"
    )
    return [("ses-secure-user:secretNameSuffix", message)]


def check_names(*, user_name: str | None, user_path: str | None, secret_name: str | None) -> None:
    """Check the names that the caller chose for the user and the secret, and the user's path.

    IAM allows more characters in a path. ``*``, ``?`` and ``$`` would be wildcards or variables in a policy that names
    the user.

    Raises:
        ValueError: A name is not allowed.
    """
    for prop, name in (("user_name", user_name), ("user_path", user_path), ("secret_name", secret_name)):
        pattern, alphabet = CHOSEN[prop]
        if name is not None and not (isinstance(name, str) and (is_token(name) or pattern.fullmatch(name))):
            remedy = "leave it out for /" if prop == "user_path" else "leave it out to have one generated"
            raise refusal(prop, f"be {alphabet}", name, remedy)
