"""The secret that `SecureSesSmtpUser.secret` returns: it depends on the login, and its grants take effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import jsii
from aws_cdk import Annotations, Fn, Resource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from ses_secure_user.cdk.refusal import check_construct, refusal
from ses_secure_user.cdk.statements import via
from ses_secure_user.cdk.tokens import place_of, stack_of

from .grantees import check_account, check_named, check_stacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource, RemovalPolicy, SecretValue
    from aws_cdk import aws_kms as kms
    from aws_cdk.interfaces.aws_secretsmanager import SecretReference
    from constructs import Construct

_READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
_WRITE = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage"]


@jsii.implements(secretsmanager.ISecret)
class IssuedSecret(Resource):
    """A secret that holds a login.

    It differs from an imported secret of the CDK in its grants. The CDK writes no resource policy for an imported
    secret, and writes grants on a key only into the key's policy, so such a grant may have no effect.
    """

    def __init__(  # noqa: PLR0913 - it is asked for more than the CDK's
        self,
        scope: Construct,
        construct_id: str,
        credential: CfnResource,
        *,
        name: str | None,
        encryption_key: kms.IKey | None,
        renewed: frozenset[str],
    ) -> None:
        """Import the secret by its ARN, which is an attribute of the custom resource that issues the login.

        Args:
            scope: The construct of the user.
            construct_id: The id of the secret.
            credential: The custom resource.
            name: The name, if one was chosen.
            encryption_key: The customer managed key, if there is one.
            renewed: The names of the fields that each rotation changes.
        """
        super().__init__(scope, construct_id)
        self.node.default_child = credential  # other stacks refer to its attribute, strongly or weakly
        secret_arn = credential.get_att("SecretArn").to_string()
        self._imported = secretsmanager.Secret.from_secret_attributes(
            self, "Imported", secret_complete_arn=secret_arn, encryption_key=encryption_key
        )
        self._arn = secret_arn
        self._name = name
        self._key = encryption_key
        self._renewed = renewed
        self._policy: secretsmanager.ResourcePolicy | None = None

    @property
    def secret_arn(self) -> str:
        """The secret's ARN."""
        return self._arn

    @property
    def secret_full_arn(self) -> str | None:
        """The secret's complete ARN."""
        return self._arn

    @property
    def secret_name(self) -> str:
        """The name of the secret.

        CloudFormation generates a name from a logical id, a hyphen and random characters. In the ARN, a hyphen and six
        characters follow the name.
        """
        if self._name is not None:
            return self._name
        parts = Fn.split("-", self._imported.secret_name)
        return f"{Fn.select(0, parts)}-{Fn.select(1, parts)}"

    @property
    def encryption_key(self) -> kms.IKey | None:
        """The customer managed key, if there is one."""
        return self._key

    @property
    def secret_ref(self) -> SecretReference:
        """A reference to the secret."""
        return self._imported.secret_ref

    @property
    def secret_value(self) -> SecretValue:
        """The whole value, as a dynamic reference. Adds a warning."""
        self._warn_of_reference(None)
        return self._imported.secret_value

    def secret_value_from_json(self, key: str) -> SecretValue:
        """Return the value of a field, as a dynamic reference. Adds a warning for a field that a rotation changes."""
        self._warn_of_reference(key)
        return self._imported.secret_value_from_json(key)

    def cfn_dynamic_reference_key(self, **options: Any) -> str:  # noqa: ANN401 - as the CDK has it
        """Return the key of a dynamic reference. Adds a warning for a field that a rotation changes."""
        self._warn_of_reference(options.get("json_field"))
        return self._imported.cfn_dynamic_reference_key(**options)

    def add_rotation_schedule(self, id: str, **options: Any) -> secretsmanager.RotationSchedule:  # noqa: A002, ANN401
        """Add a rotation schedule, as of ``ISecret``."""
        return self._imported.add_rotation_schedule(id, **options)

    def attach(self, target: secretsmanager.ISecretAttachmentTarget) -> secretsmanager.ISecret:
        """Attach a target, as of ``ISecret``."""
        return self._imported.attach(target)

    def deny_account_root_delete(self) -> None:
        """Deny the deletion of the secret to all principals of the account."""
        self.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=["secretsmanager:DeleteSecret"],
                resources=["*"],
                principals=[iam.AccountRootPrincipal()],
            )
        )

    def add_to_resource_policy(self, statement: iam.PolicyStatement) -> iam.AddToResourcePolicyResult:
        """Add a statement to the secret's resource policy.

        Secrets Manager rejects a statement that makes the secret public
        (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html).
        """
        if self._policy is None:
            self._policy = secretsmanager.ResourcePolicy(self, "Policy", secret=self._imported)
            cast("secretsmanager.CfnResourcePolicy", self._policy.node.default_child).block_public_policy = True
        self._policy.document.add_statements(statement)
        return iam.AddToResourcePolicyResult(statement_added=True, policy_dependable=self._policy)

    def grant_read(self, grantee: iam.IGrantable, version_stages: Sequence[str] | None = None) -> iam.Grant:
        """Allow a principal to read the value, and to decrypt it with the customer managed key."""
        grant = self._grant(grantee, _READ, "kms:Decrypt")
        if version_stages:
            stages = {"secretsmanager:VersionStage": list(version_stages)}
            for statement in (grant.principal_statement, grant.resource_statement):
                if statement:
                    statement.add_condition("ForAnyValue:StringEquals", stages)
        return grant

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to write a value, and to encrypt it with the customer managed key."""
        return self._grant(grantee, _WRITE, "kms:Decrypt", "kms:GenerateDataKey")

    def apply_removal_policy(self, policy: RemovalPolicy) -> None:
        """Refuse a removal policy, which is a property of the user.

        Raises:
            ValueError: Always.
        """
        remedy = f"write removal_policy=RemovalPolicy.{policy.name} for the user"
        raise refusal("removal_policy", "be given to the SecureSesSmtpUser", policy.name, remedy)

    def _warn_of_reference(self, field: str | None) -> None:
        if field and field not in self._renewed:
            return
        Annotations.of(self).add_warning_v2(
            "ses-secure-user:dynamicReference",
            f"CloudFormation writes {field or 'the whole value'} of the login into a resource when it updates the"
            " resource. A rotation does not change it there, so SES refuses it after two rotations, and everyone who"
            " can describe the resource can read it. Read the secret in the application, or use"
            " ecs.Secret.from_secrets_manager with `on_new_login`",
        )

    def _grant(self, grantee: iam.IGrantable, actions: list[str], *key_actions: str) -> iam.Grant:
        check_construct("grantee", grantee, "iam.IGrantable", "grant_principal", is_required=True)
        principal = grantee.grant_principal
        check_named(principal)
        check_account(principal, place_of(stack_of(self)).account, self._key)
        if self._key:
            check_stacks(principal, self._key, self.stack)
        resource = cast("iam.IResourceWithPolicy", self)
        grant = iam.Grant.add_to_principal_or_resource(
            grantee=grantee, actions=actions, resource_arns=[self._arn], resource=resource
        )
        if self._key:
            self._grant_key(grantee, self._key, list(key_actions), by_resource=grant.resource_statement is not None)
        return grant

    def _grant_key(self, grantee: iam.IGrantable, key: kms.IKey, actions: list[str], *, by_resource: bool) -> None:
        """Grant the use of the key through Secrets Manager.

        The key's policy grants it if the grantee has no policy in this account.
        """
        conditions = {"StringEquals": via("secretsmanager", place_of(stack_of(self)).region)}
        iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[key.key_arn], conditions=conditions)
        if not by_resource:
            return
        statement = iam.PolicyStatement(
            actions=actions, resources=["*"], principals=[grantee.grant_principal], conditions=conditions
        )
        if not key.add_to_resource_policy(statement).statement_added:
            Annotations.of(self).add_warning_v2(
                "ses-secure-user:keyPolicy",
                f"`encryption_key` is imported, so its policy must allow {' and '.join(actions)} to the grantee,"
                f" with kms:ViaService {conditions['StringEquals']['kms:ViaService']}",
            )
