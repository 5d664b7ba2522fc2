"""The patches for ministack's differences from AWS, each a wrapper around a function of ministack.

They wrap private functions, so ministack is pinned. test_patches.py fails for a patch that is no longer needed.
"""
# ruff: noqa: SLF001

from functools import partial
from typing import Any

from ministack.core import iam_actions, lambda_runtime
from ministack.services import iam, ses_v2
from ministack.services import secretsmanager as sm
from ministack.services.cloudformation import changesets, custom_resource, engine, handlers, provisioners, stacks

from local_aws.cloudformation import (
    custom_resources,
    execution_role,
    inline_code,
    parameters,
    policy_documents,
    references,
)
from local_aws.iam import groups, simulation, user_credentials, users
from local_aws.secretsmanager import replicas, rotation, rotation_dates, secret_values
from local_aws.ses import identities as ses_identities

HASTE = "import time\nsleep = time.sleep\ntime.sleep = lambda seconds: sleep(seconds / 10)\n"
"""Functions wait for a tenth of the time. The life cycle tests use the real times on a simulated clock."""


def install() -> None:
    """Install all patches."""
    types: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
    for table, name, patch in (
        (iam._IAM_HANDLERS, "CreateAccessKey", users.create_access_key),
        (iam._IAM_HANDLERS, "ListAccessKeys", users.list_access_keys),
        (iam._IAM_HANDLERS, "DeleteUser", users.delete_user),
        (vars(iam), "_delete_user", users.delete_user),
        (iam._IAM_HANDLERS, "DeleteGroup", groups.delete_group),
        (vars(custom_resource), "deliver_response", custom_resources.deliver_response),
        (vars(provisioners), "_custom_resource_create", custom_resources.create),
        (vars(provisioners), "_custom_resource_update", custom_resources.update),
        (types["AWS::CloudFormation::CustomResource"], "create", custom_resources.create),
        (vars(stacks), "_roll_back_operation", custom_resources.roll_back),
        (vars(handlers), "_roll_back_operation", custom_resources.roll_back),
        (types["AWS::SecretsManager::Secret"], "create", secret_values.create_resource),
        (types["AWS::SecretsManager::Secret"], "update", secret_values.update_resource),
        (types["AWS::SecretsManager::Secret"], "delete", secret_values.delete_resource),
        (vars(sm), "_create_secret", secret_values.create_secret),
        (vars(sm), "_create_secret", replicas.create_secret),
        (vars(sm), "_get_secret_value", secret_values.get_secret_value),
        (vars(sm), "_put_secret_value", secret_values.put_secret_value),
        (vars(sm), "_apply_current_promotion", secret_values.promote),
        (vars(sm), "_rotate_secret", rotation.rotate_secret),
        (vars(sm), "_describe_secret", rotation.describe_secret),
        (vars(sm), "_describe_secret", rotation_dates.describe_secret),
        (vars(sm), "handle_request", rotation_dates.handle_request),
        (vars(sm), "handle_request", replicas.handle_request),
        (iam._IAM_HANDLERS, "SimulatePrincipalPolicy", simulation.simulate_principal_policy),
        (iam._IAM_HANDLERS, "SimulateCustomPolicy", simulation.simulate_custom_policy),
        (iam._IAM_HANDLERS, "GetAccountAuthorizationDetails", user_credentials.get_account_authorization_details),
        (vars(ses_v2), "handle_request", ses_identities.handle_request),
        (vars(iam_actions), "extract_resource_arn", user_credentials.resource_arn),
        (handlers._ACTION_HANDLERS, "CreateStack", execution_role.create_stack),
        (handlers._ACTION_HANDLERS, "UpdateStack", execution_role.update_stack),
        (vars(stacks), "_provision_resource", execution_role.provision),
        (vars(stacks), "_update_resource", execution_role.update),
        (vars(stacks), "_update_resource", custom_resources.make_anew),
        (vars(stacks), "_delete_resource", execution_role.delete),
        (vars(engine), "_constraint_error", parameters.describe),
        (vars(engine), "_check_parameter_constraints", parameters.check_constraints),
        (vars(handlers), "_resolve_parameters", parameters.resolve),
        (vars(changesets), "_resolve_parameters", parameters.resolve),
        (vars(handlers), "_evaluate_conditions", references.evaluate_conditions),
        (vars(changesets), "_evaluate_conditions", references.evaluate_conditions),
        (vars(stacks), "_evaluate_conditions", references.evaluate_conditions),
        (vars(handlers), "validate_template_support", references.validate),
        (vars(changesets), "validate_template_support", references.validate),
        (vars(stacks), "_resolve_stack_outputs", references.resolve_outputs),
        (vars(stacks), "_provision_resource", policy_documents.provision),
        (vars(stacks), "_update_resource", policy_documents.update),
        (vars(provisioners), "_zip_inline", inline_code.zip_inline),
    ):
        table[name] = partial(patch, table[name])
    iam._IAM_HANDLERS.update(user_credentials.actions())
    types["AWS::IAM::Group"] = groups.GROUP
    types["AWS::SecretsManager::RotationSchedule"] = rotation.SCHEDULE
    types["AWS::SecretsManager::ResourcePolicy"] = secret_values.RESOURCE_POLICY
    lambda_runtime._PYTHON_WORKER_SCRIPT = HASTE + lambda_runtime._PYTHON_WORKER_SCRIPT
