"""KMS keys: aliases are resolved to keys, and each key can be used through one service only."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from tests.construct.users import VIRGINIA, refused, resources, user

Json = dict[str, Any]

KEY = "arn:aws:kms:eu-west-1:444455556666:key/01234567-89ab-cdef-0123-456789abcdef"
REPLICA_KEY = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
OF_AN_ALIAS = (
    "must be a key, or an alias created in this app, because IAM policies name keys and not aliases, got alias/mail; import the"
    " key: kms.Key.from_key_arn(…)"
)


def uses(stack: cdk.Stack) -> list[tuple[list[str], list[Any], str]]:
    """Return the actions on keys of the issuer's role, with the keys and the service."""
    statements = [s for one in resources(stack, "AWS::IAM::ManagedPolicy") for s in one["PolicyDocument"]["Statement"]]
    return [
        (one["Action"], one["Resource"], one["Condition"]["StringEquals"]["kms:ViaService"])
        for one in statements
        if "kms:" in json.dumps(one.get("Action", ""))
    ]


def test_the_secrets_key_is_limited_to_secrets_manager(stack: cdk.Stack) -> None:
    user(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY))
    assert uses(stack) == [(["kms:Decrypt", "kms:GenerateDataKey"], [KEY], "secretsmanager.eu-west-1.amazonaws.com")]


def test_the_key_of_a_replica_is_limited_to_its_region(stack: cdk.Stack) -> None:
    """It can be used only through Secrets Manager in that region."""
    key = kms.Key.from_key_arn(stack, "Key", REPLICA_KEY)
    replica = secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=key)
    through = "secretsmanager.eu-central-1.amazonaws.com"

    user(stack, replica_regions=[replica, "eu-north-1"])

    assert uses(stack) == [(["kms:Encrypt", "kms:GenerateDataKey"], [REPLICA_KEY], through)]
    (secret,) = resources(stack, "AWS::SecretsManager::Secret")
    assert secret["ReplicaRegions"] == [{"Region": "eu-central-1", "KmsKeyId": REPLICA_KEY}, {"Region": "eu-north-1"}]


@pytest.mark.parametrize("imported", [False, True])
def test_an_alias_stands_for_its_key(stack: cdk.Stack, *, imported: bool) -> None:
    key = kms.Key(stack, "Key")
    given: kms.IKey = key.add_alias("alias/mail")
    if imported:
        given = kms.Alias.from_alias_attributes(stack, "Alias", alias_name="alias/mail", alias_target_key=key)
    queue = sqs.Queue(stack, "Letters", encryption_master_key=given)

    user(
        stack,
        encryption_key=given,
        issuer=CredentialIssuer(stack, "Issuer", encryption_key=given, dead_letter_queue=queue),
    )

    arn = stack.resolve(key.key_arn)
    assert [resource for _, resource, _ in uses(stack)] == [[arn], [arn]]
    (secret,), (group,), (function,) = (
        resources(stack, f"AWS::{name}") for name in ("SecretsManager::Secret", "Logs::LogGroup", "Lambda::Function")
    )
    assert secret["KmsKeyId"] == group["KmsKeyId"] == function["KmsKeyArn"] == arn


def test_an_imported_alias_is_refused(stack: cdk.Stack) -> None:
    """Its key is not known, and IAM ignores a statement that names an alias."""
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/mail")
    replica = secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=alias)

    for make, prop in (
        (lambda: user(stack, encryption_key=alias), "encryption_key"),
        (lambda: user(stack, replica_regions=[replica]), "replica_regions"),
        (lambda: CredentialIssuer(stack, "Issuer", encryption_key=alias), "encryption_key"),
    ):
        with pytest.raises(ValueError, match="must be a key") as refusal:
            make()
        assert str(refusal.value) == f"`{prop}` {OF_AN_ALIAS}"


def test_a_name_is_not_a_key(stack: cdk.Stack) -> None:
    assert refused(stack, encryption_key="alias/mail") == (
        "`encryption_key` must be a construct of type kms.IKey, got 'alias/mail'; create or import one, and give it"
    )


def decrypting(principal: iam.IPrincipal, **conditions: str) -> iam.PolicyStatement:
    statement = iam.PolicyStatement(actions=["kms:Decrypt"], resources=["*"], principals=[principal])
    if conditions:
        statement.add_condition("StringEquals", conditions)
    return statement


def by_user(key: kms.IKey, mailer: SecureSesSmtpUser) -> None:
    key.add_to_resource_policy(decrypting(mailer.user))


def logical_id(mailer: SecureSesSmtpUser) -> str:
    made = mailer.user.node.default_child
    assert isinstance(made, iam.CfnUser)
    return str(cdk.Stack.of(mailer).resolve(made.logical_id))


def by_text(key: kms.IKey, mailer: SecureSesSmtpUser) -> None:
    key.add_to_resource_policy(decrypting(iam.ArnPrincipal(cdk.Fn.sub(f"${{{logical_id(mailer)}.Arn}}"))))


def by_secret(key: kms.IKey, mailer: SecureSesSmtpUser) -> None:
    context = {"kms:EncryptionContext:SecretARN": mailer.secret.secret_arn}
    key.add_to_resource_policy(decrypting(iam.AnyPrincipal(), **context))


@pytest.mark.parametrize("refer", [by_user, by_text, by_secret])
@pytest.mark.parametrize("bare", [False, True])
def test_a_key_whose_policy_refers_to_the_secret_is_refused(
    app: cdk.App, stack: cdk.Stack, refer: Callable[[kms.IKey, SecureSesSmtpUser], None], *, bare: bool
) -> None:
    """The secret depends on the key, and the tags of the user depend on the secret."""
    own: Json = {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*"}]}
    key = kms.Key.from_cfn_key(kms.CfnKey(stack, "Key", key_policy=own)) if bare else kms.Key(stack, "Key")
    refer(key, user(stack, encryption_key=key))

    with pytest.raises(RuntimeError, match="`encryption_key`") as refusal:
        app.synth()

    (said,) = (line.strip() for line in str(refusal.value).splitlines() if "`encryption_key`" in line)
    assert said.startswith(
        "[Stack/Mailer] `encryption_key` must not refer to the user or its secret in its policy, because both are created after"
        " the key, got Stack/Key"
    )
    assert said.endswith(
        "; grant nothing to the user, which only sends mail; use `grant_read` for a role that reads the secret"
    )


def test_a_reader_can_be_granted_the_key(app: cdk.App, stack: cdk.Stack) -> None:
    """The readers are a role with a name, and a user whose name contains the logical id of the mailer."""
    key = kms.Key(stack, "Key")
    mailer = user(stack, encryption_key=key)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    name = logical_id(mailer)

    key.add_to_resource_policy(decrypting(role))
    key.add_to_resource_policy(decrypting(iam.ArnPrincipal(f"arn:aws:iam::111122223333:user/{name}-ABC")))

    app.synth()


def test_a_key_granted_to_the_user_makes_no_circular_dependency(app: cdk.App, stack: cdk.Stack) -> None:
    """If the key trusts the account's policies, the grant is in a policy of the user."""
    key = kms.Key(stack, "Key")
    key.grant_decrypt(user(stack, encryption_key=key).user)
    app.synth()


@pytest.mark.parametrize("imported", [False, True])
def test_a_key_of_another_region_is_refused(app: cdk.App, stack: cdk.Stack, *, imported: bool) -> None:
    """Secrets Manager would refuse it at deployment."""
    abroad = cdk.Stack(app, "Abroad", env=VIRGINIA)
    key = kms.Key.from_key_arn(stack, "Key", REPLICA_KEY) if imported else kms.Key(abroad, "Key")

    theirs = "eu-central-1" if imported else "us-east-1"
    assert refused(stack, encryption_key=key) == (
        f"`encryption_key` must be in eu-west-1, got a key in {theirs}; give a key in that region:"
        " kms.Key.from_key_arn(…)"
    )
