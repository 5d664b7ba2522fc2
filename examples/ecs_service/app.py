#!/usr/bin/env python3
"""A service in ECS that sends: its NAT gateway's Elastic IP is the allowed network.

ECS puts the login into the environment when a task starts, so a running task never sees one that was made later. Two
things bring it to the tasks:

- Each rotation has ECS replace all tasks: `mailer.on_new_login` starts a state machine that updates the service. The
  login before stays valid for one `rotation_interval`, 30 days, so the tasks are gone long before their login is.
- Should SES refuse a login all the same, say after two rotations by hand, the task ends. ECS starts another, with the
  login that is current then.

Put in your domain and address, and into requirements.txt where you have the package from. Then, in this folder:

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
"""In the place of your application: it logs in every hour, and ends when SES refuses it."""


class EcsService(cdk.Stack):
    """A Fargate service in private subnets, whose mail leaves through one address."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Make the network, the user that may send from it, and the service."""
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
        """Make what has ECS start new tasks, which get the current login, and then stop the old ones."""
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
