"""Names that are chosen for the user and the secret: those that AWS does not take are refused."""

import aws_cdk as cdk
import pytest

from ses_secure_user.login.chosen_names import SECRET_NAME
from tests.construct.users import refused, user, warnings

OF_USERS = "1 to 64 letters, digits and _+=,.@-"
OF_SECRETS = "1 to 183 letters, digits and /_+=.@-, as a tag of the user holds its ARN"


@pytest.mark.parametrize(
    ("prop", "name", "alphabet"),
    [
        ("user_name", "no spaces", OF_USERS),
        ("user_name", "a|b", OF_USERS),
        ("user_name", "x" * 65, OF_USERS),
        ("secret_name", "mailer:smtp", OF_SECRETS),
        ("secret_name", "x" * 184, OF_SECRETS),
    ],
)
def test_a_name_that_aws_does_not_take_is_refused(stack: cdk.Stack, prop: str, name: str, alphabet: str) -> None:
    assert refused(stack, **{prop: name}) == (
        f"`{prop}` must be {alphabet}, got {name}; leave it out to have one generated"
    )


def test_a_secrets_arn_fits_into_a_tag_of_the_user() -> None:
    """In the partition and the region with the longest names."""
    longest = "arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:" + "x" * SECRET_NAME + "-AbCdEf"
    assert len(longest) == 256


@pytest.mark.parametrize("name", ["mail-abcdef", "mail/smtp-mailer", "prod-secret", "mail-a.b_c=", "--------"])
def test_a_name_that_looks_like_the_end_of_an_arn_is_warned_of(stack: cdk.Stack, name: str) -> None:
    user(stack, secret_name=name)
    (warning,) = warnings(stack)
    assert warning == (
        f"`secret_name` {name} ends with a hyphen and six characters, as Secrets Manager ends an ARN: a search by a part of"
        f" the ARN may find another secret; write a name with another ending, such as {name}-login"
        " [ack: ses-secure-user:secretNameSuffix]"
    )


@pytest.mark.parametrize(
    "name", [None, "mail", "mail-smtp", "mail-abcdefg", "abcdef", "mail-abcdef-login", cdk.Fn.import_value("Name")]
)
def test_other_names_are_not_warned_of(stack: cdk.Stack, name: str | None) -> None:
    user(stack, secret_name=name)
    assert warnings(stack) == []
