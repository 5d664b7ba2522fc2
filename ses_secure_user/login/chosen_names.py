"""Names that the caller chooses for the IAM user and the secret, and the user's path."""

import re

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token

SECRET_NAME = 256 - len("arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:-AbCdEf")
"""The longest name of a secret: its ARN stands in a tag of the user, which takes 256 characters
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html).
"""
USER_PATH = 512
"""The longest path of a user (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html)."""
CHOSEN = {
    "user_name": (re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}"), "1 to 64 letters, digits and _+=,.@-"),
    "user_path": (
        re.compile(rf"/(?:[A-Za-z0-9_+=,.@/-]{{1,{USER_PATH - 2}}}/)?"),
        f"/, or letters, digits and _+=,.@/- between two slashes such as /mail/, at most {USER_PATH} characters",
    ),
    "secret_name": (
        re.compile(rf"[A-Za-z0-9/_+=.@-]{{1,{SECRET_NAME}}}"),
        f"1 to {SECRET_NAME} letters, digits and /_+=.@-, as a tag of the user holds its ARN",
    ),
}


SUFFIX = 6
"""What Secrets Manager appends to a name in the secret's ARN: a hyphen and so many characters
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
"""


def name_warnings(secret_name: str | None) -> list[tuple[str, str]]:
    """Return warnings about valid but risky names: pairs of a stable id and a message."""
    if secret_name is None or is_token(secret_name) or secret_name[-SUFFIX - 1 : -SUFFIX] != "-":
        return []
    message = (
        f"`secret_name` {secret_name} ends with a hyphen and six characters, as Secrets Manager ends an ARN: a search"
        f" by a part of the ARN may find another secret; write a name with another ending, such as {secret_name}-login"
    )
    return [("ses-secure-user:secretNameSuffix", message)]


def check_names(*, user_name: str | None, user_path: str | None, secret_name: str | None) -> None:
    """Check the names that the caller chose for the user and the secret, and the user's path.

    IAM's paths may hold more characters. A ``*``, ``?`` or ``$`` would be no literal in a policy that names the user.

    Raises:
        ValueError: AWS does not allow one of them.
    """
    for prop, name in (("user_name", user_name), ("user_path", user_path), ("secret_name", secret_name)):
        pattern, alphabet = CHOSEN[prop]
        if name is not None and not (isinstance(name, str) and (is_token(name) or pattern.fullmatch(name))):
            remedy = "leave it out for /" if prop == "user_path" else "leave it out to have one generated"
            raise refusal(prop, f"be {alphabet}", name, remedy)
