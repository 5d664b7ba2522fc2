"""The CDK app for one user whose properties come from context.

cdk deploy -c identity=example.com -c from_address=noreply@example.com -c allowed_cidrs=203.0.113.0/24,198.51.100.7
"""

import os
from typing import Any

import aws_cdk as cdk
from aws_cdk import Annotations, CfnOutput, CfnParameter
from constructs import Construct

from ses_secure_user import SecureSesSmtpUser

REQUIRED = ("identity", "from_address", "allowed_cidrs")
OPTIONAL = ("ses_region", "smtp_host", "smtp_port", "user_name", "user_path", "secret_name")
LISTS = ("from_address", "allowed_cidrs")
EXAMPLE = {"identity": "example.com", "from_address": "noreply@example.com", "allowed_cidrs": "203.0.113.0/24"}


def properties(scope: Construct) -> dict[str, Any]:
    """Read the construct's properties from context. Lists are separated by commas.

    Returns:
        The properties. Empty if context has none of the required ones.

    Raises:
        ValueError: Context has only some of the required ones.
    """
    context = {name: scope.node.try_get_context(name) for name in REQUIRED + OPTIONAL}
    given = {name: str(value) for name, value in context.items() if value is not None}
    missing = [name for name in REQUIRED if name not in given]
    if missing and given:
        example = " ".join(f"-c {name}={EXAMPLE[name]}" for name in missing)
        raise ValueError(f"context must have {' and '.join(REQUIRED)}, got {' and '.join(given)}; add {example}")
    lists = {name: [part.strip() for part in given[name].split(",")] for name in LISTS if name in given}
    port = given.get("smtp_port", "")
    return {**given, **lists, **({"smtp_port": int(port)} if port.isdecimal() else {})}


class MailerStack(cdk.Stack):
    """A stack with a user, and outputs that refer to its login."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        """Create the user in the context, or an example that cannot be deployed."""
        super().__init__(scope, construct_id, env=env)
        given = properties(self)
        if not given:
            self._refuse_deployment()
        mailer = SecureSesSmtpUser(self, "Mailer", **(given or EXAMPLE | {"allowed_cidrs": [EXAMPLE["allowed_cidrs"]]}))
        CfnOutput(self, "SecretArn", value=mailer.secret.secret_arn, description="The secret with the SMTP login")
        CfnOutput(self, "SmtpHost", value=mailer.smtp_host)
        CfnOutput(self, "SmtpPort", value=str(mailer.smtp_port))
        CfnOutput(self, "UserName", value=mailer.user.user_name, description="The IAM user, not the SMTP user name")

    def _refuse_deployment(self) -> None:
        """Require a parameter without valid values, so that synthesis succeeds and deployment fails."""
        remedy = "deploy with " + " ".join(f"-c {name}=…" for name in REQUIRED)
        Annotations.of(self).add_warning_v2(
            "ses-secure-user:exampleValues", f"these are example values, which cannot be deployed; {remedy}"
        )
        refusal = CfnParameter(
            self,
            "ExampleValuesCannotBeDeployedPassIdentityFromAddressAndAllowedCidrsAsContext",
            allowed_pattern="(?!)",
            constraint_description=remedy,
        )
        CfnOutput(self, "Example", value=refusal.value_as_string)


app = cdk.App()
MailerStack(
    app,
    "SesSecureUser",
    env=cdk.Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")),
)
app.synth()
