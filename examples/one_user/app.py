#!/usr/bin/env python3
"""One user, and an email to the operator if a rotation of its login fails.

Replace the domain, the address, the network and the operator, and in requirements.txt the source of the package. Then
run in this folder:

    pip install --requirement requirements.txt
    npm ci --ignore-scripts
    npx cdk deploy

The operator first gets an email from Amazon SNS, and must confirm the subscription.
"""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser

DOMAIN = "example.com"
SENDER = "noreply@example.com"
NETWORK = "203.0.113.0/24"
OPERATOR = "operator@example.com"


class OneUser(cdk.Stack):
    """A stack with a user and an alarm."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Create the user, and an alarm on the function that issues its login."""
        super().__init__(scope, construct_id)
        alarms = sns.Topic(self, "Alarms")
        alarms.add_subscription(subscriptions.EmailSubscription(OPERATOR))
        CredentialIssuer.of(self, alarm_topic=alarms)
        mailer = SecureSesSmtpUser(self, "Mailer", identity=DOMAIN, from_address=SENDER, allowed_cidrs=[NETWORK])
        cdk.CfnOutput(self, "SecretArn", value=mailer.secret.secret_arn)


app = cdk.App()
OneUser(app, "OneUser")
app.synth()
