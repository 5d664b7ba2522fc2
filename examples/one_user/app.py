#!/usr/bin/env python3
"""One user, and a mail to the operator when a rotation of its login fails.

Put in your domain, address, network and operator, and into requirements.txt where you have the package from. Then, in
this folder:

    pip install --requirement requirements.txt
    npm ci --ignore-scripts
    npx cdk deploy

The operator gets a mail from Amazon SNS first, and has to confirm the subscription.
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
    """A user with its login, and an alarm."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Make the user, and have the function that issues its login alarmed."""
        super().__init__(scope, construct_id)
        alarms = sns.Topic(self, "Alarms")
        alarms.add_subscription(subscriptions.EmailSubscription(OPERATOR))
        CredentialIssuer.of(self, alarm_topic=alarms)
        mailer = SecureSesSmtpUser(self, "Mailer", identity=DOMAIN, from_address=SENDER, allowed_cidrs=[NETWORK])
        cdk.CfnOutput(self, "SecretArn", value=mailer.secret.secret_arn)


app = cdk.App()
OneUser(app, "OneUser")
app.synth()
