"""Deployment and deletion of stacks through CloudFormation's API."""

from uuid import uuid4

from botocore.exceptions import ClientError

from local_aws.shapes import Anything, Client, Json
from local_aws.waiting import wait_for

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentFailed(Exception):  # noqa: N818
    """An error: a stack operation failed. The message contains the reasons in the stack's events."""


class Stacks:
    """The stacks of one region, including the events of deleted stacks."""

    def __init__(self, cloudformation: Client) -> None:
        self._api = cloudformation
        self._ids: dict[str, str] = {}

    def deploy(self, name: str, role: str | None = None, **template: Anything) -> dict[str, str]:
        """Create or update a stack, and return its outputs.

        Args:
            name: The stack's name.
            role: The ARN of the execution role. Default: none.
            template: Further parameters of CreateStack, such as the template, its parameters and capabilities.
        """
        deploy = self._api.update_stack if self._exists(name) else self._api.create_stack
        token = str(uuid4())
        request = {"Capabilities": CAPABILITIES, "ClientRequestToken": token} | template
        if role:
            request["RoleARN"] = role
        try:
            self._ids[name] = deploy(StackName=name, **request)["StackId"]
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise DeploymentFailed(str(error)) from error
            return self._outputs(name)
        self._settled(name, {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, token)
        return self._outputs(name)

    def destroy(self, name: str) -> None:
        """Delete a stack, if it exists."""
        if self._exists(name):
            token = str(uuid4())
            self._api.delete_stack(StackName=name, ClientRequestToken=token)
            self._settled(name, {"DELETE_COMPLETE"}, token)

    def events(self, name: str) -> list[Json]:
        """Return the events of the latest stack of this name in chronological order."""
        pages = self._api.get_paginator("describe_stack_events").paginate(StackName=self._ids.get(name, name))
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _exists(self, name: str) -> bool:
        try:
            stack = self._api.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError:
            return False
        self._ids[name] = stack["StackId"]
        return bool(stack["StackStatus"] != "DELETE_COMPLETE")

    def _outputs(self, name: str) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe(name).get("Outputs", [])}

    def _settled(self, name: str, wanted: set[str], token: str) -> None:
        status = wait_for(lambda: self._status_at_rest(name), f"stack {name}", seconds=100)
        if status not in wanted:
            raise DeploymentFailed(f"{name} is {status}: {'; '.join(self._reasons(name, token))}")

    def _status_at_rest(self, name: str) -> str | None:
        status: str = self._describe(name)["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else status

    def _describe(self, name: str) -> Json:
        stack: Json = self._api.describe_stacks(StackName=self._ids[name])["Stacks"][0]
        return stack

    def _reasons(self, name: str, token: str) -> list[str]:
        return [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in self.events(name)
            if event.get("ClientRequestToken") == token and event["ResourceStatus"].endswith("_FAILED")
        ]
