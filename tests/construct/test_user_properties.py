"""The properties as `TypedDict` types: they match the constructors and can be used in a wrapper construct."""

import inspect
from typing import Any, Unpack

import aws_cdk as cdk
import pytest
from constructs import Construct

from ses_secure_user import CredentialIssuer, IssuerProperties, SecureSesSmtpUser, UserProperties
from tests.cases.refusals import GIVEN
from tests.construct.users import resources


class CompanyMailer(SecureSesSmtpUser):
    """A construct with the defaults of a company. mypy checks it with the tests."""

    def __init__(self, scope: Construct, construct_id: str, **properties: Unpack[UserProperties]) -> None:
        properties.setdefault("allowed_cidrs", ["198.51.100.0/24"])
        super().__init__(scope, construct_id, **properties)


@pytest.mark.parametrize(
    ("properties", "construct"),
    [
        pytest.param(UserProperties, SecureSesSmtpUser, id="user"),
        pytest.param(IssuerProperties, CredentialIssuer, id="issuer"),
    ],
)
def test_the_properties_match_the_constructor(properties: Any, construct: type) -> None:  # noqa: ANN401 - a TypedDict
    """Names, types, order and required properties are the same."""
    parameters = [
        one
        for one in inspect.signature(construct.__init__).parameters.values()  # type: ignore[misc]
        if one.kind is one.KEYWORD_ONLY
    ]

    written = {name: one.__forward_arg__ for name, one in properties.__annotations__.items()}
    assert list(written.items()) == [(one.name, one.annotation) for one in parameters]
    assert properties.__required_keys__ == {one.name for one in parameters if one.default is one.empty}
    assert properties.__optional_keys__ == {one.name for one in parameters if one.default is not one.empty}


def test_a_wrapper_construct_has_its_own_defaults(stack: cdk.Stack) -> None:
    """Its users can override them."""
    CompanyMailer(stack, "Mailer", identity="example.com", from_address="noreply@example.com")
    CompanyMailer(stack, "Other", **GIVEN)

    text = str([one["PolicyDocument"] for one in resources(stack, "AWS::IAM::ManagedPolicy")])
    assert ("198.51.100.0/24" in text, GIVEN["allowed_cidrs"][0] in text) == (True, True)


def test_a_wrong_property_is_refused_and_found_by_mypy(stack: cdk.Stack) -> None:
    """mypy reports an unused `type: ignore`, so each of these comments shows an error that mypy finds."""
    with pytest.raises(TypeError, match="from_address"):
        CompanyMailer(stack, "Missing", identity="example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="allowed_cidr"):
        CompanyMailer(stack, "Misspelt", **GIVEN, allowed_cidr=[])  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="smtp_port"):
        CompanyMailer(stack, "Text", identity="example.com", from_address="a@example.com", smtp_port="587")  # type: ignore[arg-type]
