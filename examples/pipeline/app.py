#!/usr/bin/env python3
"""A pipeline that deploys the same users to a test and a production account, with one shared issuer in each account.

Replace the accounts, domains, networks, repository and connection
(https://docs.aws.amazon.com/dtconsole/latest/userguide/connections.html), and in requirements.txt the source of the
package. Bootstrap the three accounts so that test and production trust the pipeline's account. Use this folder as your
repository, and deploy the pipeline once. Each later push deploys the pipeline and the users:

    pip install --requirement requirements.txt
    npm ci --ignore-scripts
    npx cdk deploy Pipeline
"""

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import pipelines
from constructs import Construct

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser

TOOLS = cdk.Environment(account="111122223333", region="eu-west-1")
TEST = cdk.Environment(account="222233334444", region="eu-west-1")
PRODUCTION = cdk.Environment(account="333344445555", region="eu-west-1")

REPOSITORY = "example/mail"
CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/01234567-89ab-cdef-0123-456789abcdef"
VERSIONS = codebuild.BuildSpec.from_object(
    {"phases": {"install": {"runtime-versions": {"python": "3.13", "nodejs": "22"}}}}
)


class Users(cdk.Stack):
    """A stack with the user of one application."""

    def __init__(
        self, scope: Construct, construct_id: str, *, domain: str, network: str, issuer: CredentialIssuer
    ) -> None:
        """Create a user that sends as ``APPLICATION@domain``."""
        super().__init__(scope, construct_id)
        SecureSesSmtpUser(
            self,
            "Mailer",
            identity=domain,
            from_address=f"{construct_id.lower()}@{domain}",
            allowed_cidrs=[network],
            issuer=issuer,
        )


class Mail(cdk.Stage):
    """The stacks of one account: one with the issuer, and an independent one for each application."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment, domain: str, network: str) -> None:
        """Create the issuer and the stacks that share it."""
        super().__init__(scope, construct_id, env=env)
        issuer = CredentialIssuer(cdk.Stack(self, "Issuer"), "Issuer")
        for application in ("Orders", "Alerts"):
            Users(self, application, domain=domain, network=network, issuer=issuer)


class Pipeline(cdk.Stack):
    """The stack of the pipeline."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        """Create the pipeline, which deploys to test, waits for an approval, and deploys to production."""
        super().__init__(scope, construct_id, env=env)
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            cross_account_keys=True,
            synth=pipelines.ShellStep(
                "Synth",
                input=pipelines.CodePipelineSource.connection(REPOSITORY, "main", connection_arn=CONNECTION),
                install_commands=["pip install --requirement requirements.txt", "npm ci --ignore-scripts"],
                commands=["npx cdk synth"],
            ),
            synth_code_build_defaults=pipelines.CodeBuildOptions(partial_build_spec=VERSIONS),
        )
        pipeline.add_stage(Mail(self, "Test", env=TEST, domain="test.example.com", network="198.51.100.0/24"))
        pipeline.add_stage(
            Mail(self, "Production", env=PRODUCTION, domain="example.com", network="203.0.113.0/24"),
            pre=[pipelines.ManualApprovalStep("Approve")],
        )


app = cdk.App()
Pipeline(app, "Pipeline", env=TOOLS)
app.synth()
