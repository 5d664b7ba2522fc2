#!/usr/bin/env python3
"""A service in ECS that sends mail. The Elastic IP address of its NAT gateway is the allowed network.

ECS adds the login to the environment when a task starts, so a running task does not get later logins. Tasks get a new
login in two ways:

- After each rotation ECS replaces all tasks: `mailer.on_new_login` starts a state machine that updates the service. The
  previous login stays valid for one `rotation_interval` (30 days), so the old tasks end long before their login does.
- If SES refuses a login, for example after two manual rotations, the task ends. ECS starts another task, which gets the
  current login.

Replace the domain and the address, and in requirements.txt the source of the package. Then run in this folder:

    pip install --requirement requirements.txt
    npm ci --ignore-scripts
    npx cdk deploy
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from ses_secure_user import SecureSesSmtpUser

DOMAIN = "example.com"
SENDER = "noreply@example.com"
PROGRAM = """
import os, smtplib, ssl, time

endpoint = os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])
while True:
    with smtplib.SMTP_SSL(*endpoint, context=ssl.create_default_context()) as smtp:
        smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        print("SES accepts the login", flush=True)
    time.sleep(3600)
"""
"""A placeholder for your application. It logs in every hour, and ends if SES refuses the login."""


class EcsService(cdk.Stack):
    """A Fargate service in private subnets that sends mail through one address."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Create the network, the user that may send from it, and the service."""
        super().__init__(scope, construct_id)
        address = ec2.CfnEIP(self, "Address")
        vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=1,
            nat_gateway_provider=ec2.NatProvider.gateway(eip_allocation_ids=[address.attr_allocation_id]),
        )
        mailer = SecureSesSmtpUser(
            self, "Mailer", identity=DOMAIN, from_address=SENDER, allowed_cidrs=[f"{address.attr_public_ip}/32"]
        )
        task = ecs.FargateTaskDefinition(self, "Task")
        task.add_container(
            "App",
            image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/python:3.13-slim"),
            command=["python", "-c", PROGRAM],
            environment={"SMTP_HOST": mailer.smtp_host, "SMTP_PORT": str(mailer.smtp_port)},
            secrets={
                "SMTP_USERNAME": ecs.Secret.from_secrets_manager(mailer.secret, "username"),
                "SMTP_PASSWORD": ecs.Secret.from_secrets_manager(mailer.secret, "password"),
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix="app"),
        )
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        service = ecs.FargateService(
            self, "Service", cluster=cluster, task_definition=task, min_healthy_percent=100, max_healthy_percent=200
        )
        mailer.on_new_login("NewLogin", target=targets.SfnStateMachine(self._task_replacement(service)))

    def _task_replacement(self, service: ecs.FargateService) -> sfn.StateMachine:
        """Create the state machine with which ECS starts new tasks and then stops the old ones."""
        update = tasks.CallAwsService(
            self,
            "UpdateService",
            service="ecs",
            action="updateService",
            parameters={
                "Cluster": service.cluster.cluster_name,
                "Service": service.service_name,
                "ForceNewDeployment": True,
            },
            iam_action="ecs:UpdateService",
            iam_resources=[service.service_arn],
        )
        return sfn.StateMachine(self, "ReplaceTasks", definition_body=sfn.DefinitionBody.from_chainable(update))


app = cdk.App()
EcsService(app, "EcsService")
app.synth()
