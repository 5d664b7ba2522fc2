"""The error messages for wrong properties."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ses as ses

from ses_secure_user.cdk.refusal import refusal


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        ("a b", "a b"),
        ("", "''"),
        (" ", "' '"),
        ("a\nb", r"'a\nb'"),
        ("203.0.113.0/24 ", "'203.0.113.0/24 '"),
        ("\u00a0a", r"'\xa0a'"),
        ("10", "'10'"),
        (10, "10"),
        ("1e3", "'1e3'"),
        ("None", "'None'"),
        (None, "None"),
        ("True", "'True'"),
        (True, "True"),
        ("[]", "'[]'"),
        ([], "[]"),
        (["a ", 1, None], "['a ', 1, None]"),
        (("a",), "('a',)"),
        ("'a'", "'a'"),
        (b"a", "b'a'"),
        ({"a": 1}, "{'a': 1}"),
        (cdk.Duration, "<class 'aws_cdk.Duration'>"),
    ],
    ids=repr,
)
def test_a_value_is_quoted_if_needed(got: object, shown: str) -> None:
    assert str(refusal("name", "be a word", got, "write one")) == f"`name` must be a word, got {shown}; write one"


def test_a_construct_is_shown_by_its_class_and_path(stack: cdk.Stack) -> None:
    """The text of the object contains a memory address, which is different in each synthesis."""
    address = ec2.CfnEIP(stack, "Address")
    imported = ses.EmailIdentity.from_email_identity_name(stack, "Identity", "example.com")
    for got, shown in (
        (address, "CfnEIP Stack/Address"),
        ([address, "a"], "[CfnEIP Stack/Address, 'a']"),
        (imported, "construct Stack/Identity"),
        (cdk.Duration.days(1), "Duration object"),
        (ec2.InterfaceVpcEndpointAwsService.SQS, "InterfaceVpcEndpointAwsService object"),
    ):
        assert f"got {shown};" in str(refusal("name", "be a word", got, "write one"))
