"""The stack of the template: a user whose properties are all parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import (
    Acknowledgment,
    Aws,
    CfnCondition,
    CfnOutput,
    CfnParameter,
    DefaultStackSynthesizer,
    Fn,
    Stack,
    Token,
    Validations,
)
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser, __version__

from .parameters import GROUPS, Parameter

if TYPE_CHECKING:
    from datetime import datetime

    from constructs import Construct


class TemplateStack(Stack):
    """A stack with one user."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Create the parameters, and the user that they configure."""
        synthesizer = DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
        description = f"An SES SMTP login that is worth nothing to a thief (ses-secure-user {__version__})"
        super().__init__(scope, construct_id, synthesizer=synthesizer, description=description)
        self._acknowledge("the template is completed after synthesis", "W2001", "W8001")
        # The validator checks the empty default, although a condition excludes it.
        self._acknowledge("an empty user name is never used", "F3031", "F3033")
        self._acknowledge("the name of a secret is not a secret", "W2509")
        given = {one.name: self._parameter(one) for group in GROUPS.values() for one in group}
        region, senders = _chosen("SesRegion", given, Aws.REGION), Fn.split(",", given["FromAddresses"])
        topic = sns.Topic.from_topic_arn(self, "Topic", given["AlarmTopic"])
        mailer = SecureSesSmtpUser(
            self,
            "Mailer",
            identity=[given["Identity"], Fn.select(0, senders)],
            from_address=senders,
            from_display_name=given["FromDisplayName"],
            allowed_cidrs=Fn.split(",", given["AllowedCidrs"]),
            allowed_vpc_endpoints=Fn.split(",", given["AllowedVpcEndpoints"]),
            allowed_vpcs=Fn.split(",", given["AllowedVpcs"]),
            allowed_recipients=Fn.split(",", given["AllowedRecipients"]),
            configuration_set=given["ConfigurationSet"],
            sandbox_recipients=[given["SandboxRecipient"]],
            valid_until=cast("datetime", given["ValidUntil"]),  # a token
            ses_region=region,
            smtp_host=_chosen("SmtpHost", given, f"email-smtp.{region}.amazonaws.com"),
            smtp_port=cast("int", Token.as_number(Token.as_any(given["SmtpPort"]))),
            encryption_key=kms.Key.from_key_arn(self, "Key", given["EncryptionKey"]),
            user_name=_chosen("UserName", given, Aws.NO_VALUE),
            user_path=_chosen("UserPath", given, Aws.NO_VALUE),
            secret_name=_chosen("SecretName", given, Aws.NO_VALUE),
            issuer=CredentialIssuer(self, "Issuer", alarm_topic=topic),
        )
        CfnOutput(self, "SecretArn", value=mailer.secret.secret_arn)
        CfnOutput(self, "Host", value=mailer.smtp_host)
        CfnOutput(self, "Port", value=given["SmtpPort"])
        CfnOutput(self, "User", value=mailer.user.user_name)

    def _parameter(self, parameter: Parameter) -> str:
        made = CfnParameter(
            self,
            parameter.name,
            type="String",
            description=parameter.description,
            allowed_pattern=parameter.pattern,
            constraint_description=parameter.must,
            default=parameter.default,
        )
        if parameter.default == "":
            is_empty = Fn.condition_equals(made.value_as_string, "")
            CfnCondition(self, f"Has{parameter.name}", expression=Fn.condition_not(is_empty))
        return made.value_as_string

    def _acknowledge(self, reason: str, *rules: str) -> None:
        findings = [Acknowledgment(id=f"CloudFormation-Validate::{rule}", reason=reason) for rule in rules]
        Validations.of(self).acknowledge(*findings)


def _chosen(name: str, given: dict[str, str], otherwise: str) -> str:
    """Return a parameter's value, or another value if it is empty."""
    return Token.as_string(Fn.condition_if(f"Has{name}", given[name], otherwise))
