"""The resources and logs of an account that a deployment could leave behind."""

from collections.abc import Callable, Iterator

from local_aws.shapes import Client, Json

BOOTSTRAP = "cdk-hnb659fds-"
ClientOf = Callable[..., Client]


def inventory(client: ClientOf, regions: tuple[str, ...]) -> set[str]:
    """Return the names of all users, keys, groups, policies, roles, secrets and functions outside the CDK bootstrap
    stack."""
    found = set(_identities(client("iam")))
    for region in regions:
        found.update(_regional(client, region))
    return {name for name in found if BOOTSTRAP not in name}


def log_lines(logs: Client) -> Iterator[str]:
    """Yield all log lines of a region."""
    for group in _all(logs, "describe_log_groups", "logGroups"):
        for event in _all(logs, "filter_log_events", "events", logGroupName=group["logGroupName"]):
            yield event["message"]


def _identities(iam: Client) -> Iterator[str]:
    for user in _all(iam, "list_users", "Users"):
        yield f"user {user['UserName']}"
        for key in _all(iam, "list_access_keys", "AccessKeyMetadata", UserName=user["UserName"]):
            yield f"access key {key['AccessKeyId']}"
    yield from (f"group {group['GroupName']}" for group in _all(iam, "list_groups", "Groups"))
    yield from (f"policy {policy['PolicyName']}" for policy in _all(iam, "list_policies", "Policies", Scope="Local"))
    yield from (f"role {role['RoleName']}" for role in _all(iam, "list_roles", "Roles"))


def _regional(client: ClientOf, region: str) -> Iterator[str]:
    secrets = _all(client("secretsmanager", region), "list_secrets", "SecretList", IncludePlannedDeletion=True)
    yield from (f"secret {secret['Name']}" for secret in secrets)
    functions = _all(client("lambda", region), "list_functions", "Functions")
    yield from (f"function {function['FunctionName']}" for function in functions)


def _all(client: Client, operation: str, items: str, **parameters: str | bool) -> Iterator[Json]:
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[items]
