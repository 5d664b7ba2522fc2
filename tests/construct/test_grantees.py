"""Grantees: only principals that a grant can name and that it gives a permission."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from tests.construct.test_issued_secret import ELSEWHERE, FOREIGN_ROLE, KEY, READ, mailer, of_the_secret, reading, role
from tests.construct.users import HERE, user

ARN = "arn:aws:iam::111122223333:role/reader"
ORGANIZATION = "o-abcdefghij"
NAMED = "be named, because otherwise everyone could read the login"
ROLE = "give the role of the reader, such as a task or a function"
ONE = "be the ARN of a role or user, or an account, without wildcards"
SUCH = f"write one such as {ARN}"


def among(principal: iam.PrincipalBase, **conditions: Any) -> iam.IPrincipal:  # noqa: ANN401
    return iam.PrincipalWithConditions(principal, conditions)


def refused(stack: cdk.Stack, grantee: object, method: str = "grant_read") -> str:
    made = user(stack, encryption_key=kms.Key(stack, "Key"))
    with pytest.raises(ValueError, match="must") as refusal:
        getattr(made if hasattr(made, method) else made.secret, method)(grantee)
    assert of_the_secret(stack) == []
    return str(refusal.value)


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        (iam.AnyPrincipal(), (NAMED, "*", ROLE)),
        (iam.StarPrincipal(), (NAMED, "*", ROLE)),
        (iam.ArnPrincipal("*"), (NAMED, "*", ROLE)),
        (iam.SessionTagsPrincipal(iam.AnyPrincipal()), (NAMED, "*", ROLE)),
        (iam.CompositePrincipal(iam.ArnPrincipal(ARN), iam.AnyPrincipal()), (NAMED, "*", ROLE)),
        (among(iam.AnyPrincipal(), Bool={"aws:SecureTransport": "true"}), (NAMED, "*", ROLE)),
        (among(iam.AnyPrincipal(), StringNotEquals={"aws:PrincipalOrgID": ORGANIZATION}), (NAMED, "*", ROLE)),
        (among(iam.AnyPrincipal(), StringEqualsIfExists={"aws:PrincipalOrgID": ORGANIZATION}), (NAMED, "*", ROLE)),
        (among(iam.AnyPrincipal(), StringLike={"aws:PrincipalArn": "*"}), (NAMED, "*", ROLE)),
        (iam.ArnPrincipal("arn:aws:iam::111122223333:role/*"), (ONE, "arn:aws:iam::111122223333:role/*", SUCH)),
        (iam.ArnPrincipal("arn:aws:iam::*:role/reader"), (ONE, "arn:aws:iam::*:role/reader", SUCH)),
        (iam.ArnPrincipal("arn:aws:iam::111122223333:group/g"), (ONE, "arn:aws:iam::111122223333:group/g", SUCH)),
        (iam.ArnPrincipal("reader"), (ONE, "reader", SUCH)),
        (iam.CanonicalUserPrincipal("abc"), ("be a principal that can read a secret, but canonical users exist only in Amazon S3", "['abc']", "give iam.AccountPrincipal(…) or iam.ArnPrincipal(…)")),
        (iam.WebIdentityPrincipal("accounts.google.com"), ("be a principal that can read a secret, but a federated user reads with a role", "['accounts.google.com']", "give that role")),
        (iam.FederatedPrincipal("arn:aws:iam::111122223333:saml-provider/x", {}), ("be a principal that can read a secret, but a federated user reads with a role", "['arn:aws:iam::111122223333:saml-provider/x']", "give that role")),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, iam.PrincipalBase) else "",
)  # fmt: skip
@pytest.mark.parametrize("method", ["grant_read", "grant_verify", "grant_write"])
def test_a_grantee_that_a_policy_cannot_name_is_refused(
    stack: cdk.Stack, principal: iam.IPrincipal, said: tuple[str, str, str], method: str
) -> None:
    rule, got, remedy = said
    assert refused(stack, principal, method) == f"`grantee` must {rule}, got {got}; {remedy}"


def test_a_service_is_refused(stack: cdk.Stack) -> None:
    """A service acts for all its users in all accounts, so it does not name a reader."""
    said = refused(stack, iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    assert said.startswith("`grantee` must be a principal that can read a secret, but a service acts for every account")
    assert said.endswith("; give the role that the service assumes")


def test_a_function_without_a_role_is_refused(stack: cdk.Stack) -> None:
    """The CDK would report success and write no statement."""
    function = lambda_.Function.from_function_arn(
        stack, "Function", "arn:aws:lambda:eu-west-1:111122223333:function:reader"
    )
    assert refused(stack, function) == (
        "`grantee` must be a principal that a policy can name, got Cannot get policy fragment of Stack/Function, resource"
        " imported without a role; import it with its role, or give the role itself"
    )


@pytest.mark.parametrize("grantee", [None, "reader", ARN, 42, iam.PolicyStatement()])
def test_a_value_that_is_not_a_principal_is_refused(stack: cdk.Stack, grantee: object) -> None:
    shown = "PolicyStatement object" if isinstance(grantee, iam.PolicyStatement) else repr(grantee)
    assert refused(stack, grantee) == (
        f"`grantee` must be a construct of type iam.IGrantable, got {shown}; create or import one, and give it"
    )


@pytest.mark.parametrize(
    "principal",
    [
        iam.OrganizationPrincipal(ORGANIZATION),
        among(iam.AnyPrincipal(), StringEquals={"aws:PrincipalOrgID": ORGANIZATION}),
        among(iam.AnyPrincipal(), ArnLike={"aws:PrincipalArn": "arn:aws:iam::111122223333:role/app/*"}),
        iam.AccountPrincipal("111122223333"),
        iam.AccountRootPrincipal(),
        iam.ArnPrincipal("111122223333"),
        iam.ArnPrincipal("arn:aws:sts::111122223333:assumed-role/reader/session"),
        iam.CompositePrincipal(iam.ArnPrincipal(ARN), iam.AccountPrincipal("444455556666")),
        among(iam.ArnPrincipal(ARN), Bool={"aws:SecureTransport": "true"}),
        iam.ArnPrincipal(cdk.Fn.import_value("Role")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_named_grantee_is_accepted(stack: cdk.Stack, principal: iam.IPrincipal) -> None:
    assert mailer(stack, kms.Key(stack, "Key")).grant_read(principal).success
    (statement,) = of_the_secret(stack)
    assert statement["Action"] == READ


def test_a_group_reads_by_its_own_policy(stack: cdk.Stack) -> None:
    mailer(stack).grant_read(iam.Group.from_group_name(stack, "Group", "readers"))
    assert [one["Action"] for one in reading(stack)] == [READ]


@pytest.mark.parametrize(
    "principal",
    [
        iam.ArnPrincipal(FOREIGN_ROLE),
        iam.AccountPrincipal("444455556666"),
        iam.ArnPrincipal("444455556666"),
        iam.OrganizationPrincipal(ORGANIZATION),
        iam.CompositePrincipal(iam.ArnPrincipal(ARN), iam.ArnPrincipal(FOREIGN_ROLE)),
        among(iam.ArnPrincipal(FOREIGN_ROLE), Bool={"aws:SecureTransport": "true"}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_another_accounts_reader_needs_a_customer_key(stack: cdk.Stack, principal: iam.IPrincipal) -> None:
    made = mailer(stack)

    with pytest.raises(ValueError, match="`encryption_key`") as refusal:
        made.grant_read(principal)

    assert str(refusal.value) == (
        "`encryption_key` must be given for a reader in another account, which cannot use AWS's own key, got None;"
        " give a kms.Key whose policy allows that account to use it"
    )
    assert of_the_secret(stack) == []


def test_a_role_of_another_account_must_be_given_by_arn(app: cdk.App, stack: cdk.Stack) -> None:
    made = mailer(stack, kms.Key(stack, "Key"))

    with pytest.raises(ValueError, match="`grantee`") as refusal:
        made.grant_read(role(cdk.Stack(app, "Foreign", env=ELSEWHERE)))

    assert str(refusal.value) == (
        "`grantee` must be given by its ARN if it is in another account, got '444455556666';"
        " name it there with `role_name` and give iam.ArnPrincipal(…)"
    )


def test_a_name_is_not_a_grantee(stack: cdk.Stack) -> None:
    made = mailer(stack)
    with pytest.raises(ValueError, match="`grantee` must be a construct of type"):
        made.grant_read("reader")  # type: ignore[arg-type]


@pytest.mark.parametrize("key_of", ["Mail", "Keys"])
@pytest.mark.parametrize("reader_of", ["Mail", "Readers"])
def test_key_user_and_reader_can_be_in_different_stacks(app: cdk.App, key_of: str, reader_of: str) -> None:
    """The stack of the reader depends on the two others, and the stack of the user on that of the key."""
    stacks = {name: cdk.Stack(app, name, env=HERE) for name in ("Mail", "Keys", "Readers")}
    mailer(stacks["Mail"], kms.Key(stacks[key_of], "Key")).grant_read(role(stacks[reader_of]))
    app.synth()

    assert [one["Action"] for one in reading(stacks[reader_of])] == [READ, "kms:Decrypt"]
    assert "Readers" not in {one.stack_name for name in ("Mail", "Keys") for one in stacks[name].dependencies}


def test_a_key_of_the_readers_stack_must_be_imported_by_arn(app: cdk.App, stack: cdk.Stack) -> None:
    """Otherwise the reader would depend on the secret and the secret on the key, which is a circular dependency."""
    readers = cdk.Stack(app, "Readers", env=HERE)
    made = mailer(stack, kms.Key(readers, "Key"))

    with pytest.raises(ValueError, match="`encryption_key`") as refusal:
        made.grant_read(role(readers))

    assert str(refusal.value) == (
        "`encryption_key` must not be a resource of the reader's stack Readers: the two stacks would depend on each other,"
        " got Readers/Key; import it into this stack by its ARN: kms.Key.from_key_arn(…)"
    )


def test_a_key_imported_by_arn_depends_on_no_stack(app: cdk.App, stack: cdk.Stack) -> None:
    readers = cdk.Stack(app, "Readers", env=HERE)
    mailer(stack, kms.Key.from_key_arn(stack, "Key", KEY)).grant_read(role(readers))
    app.synth()

    assert [one["Resource"] for one in reading(readers) if one["Action"] == "kms:Decrypt"] == [KEY]
