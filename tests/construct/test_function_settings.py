"""The settings of the Lambda function."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs

from ses_secure_user import CredentialIssuer
from tests.construct.users import function, grants, refused_issuer, resources, warnings


def letters(stack: cdk.Stack) -> sqs.Queue:
    return sqs.Queue(stack, "Letters", encryption_master_key=kms.Key(stack, "Key"))


def test_dead_letters_go_to_the_queue(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", dead_letter_queue=letters(stack))

    assert "DeadLetterConfig" in function(stack)
    assert {"sqs:SendMessage", "kms:GenerateDataKey"} <= grants(stack).keys()


def test_the_queues_key_can_be_used_only_through_the_queue(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", dead_letter_queue=letters(stack))

    (basics,) = resources(stack, "AWS::IAM::ManagedPolicy")
    (use,) = (one for one in basics["PolicyDocument"]["Statement"] if "kms:Decrypt" in one["Action"])
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}


def test_a_fifo_queue_is_refused(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Letters", fifo=True)

    assert refused_issuer(stack, dead_letter_queue=queue) == (
        "`dead_letter_queue` must be a standard queue, because Lambda sends to no other, got FIFO;"
        " write one such as sqs.Queue(self, …) without fifo"
    )


def test_tracing_concurrency_and_runtime_are_the_functions(stack: cdk.Stack) -> None:
    CredentialIssuer(
        stack,
        "Issuer",
        tracing=lambda_.Tracing.ACTIVE,
        reserved_concurrent_executions=10,
        runtime=lambda_.Runtime.PYTHON_3_13,
    )

    made = function(stack)
    assert (made["TracingConfig"], made["ReservedConcurrentExecutions"]) == ({"Mode": "Active"}, 10)
    assert made["Runtime"] == "python3.13"
    assert grants(stack)["xray:PutTraceSegments"] == '["*"]'


def test_low_concurrency_draws_a_warning(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", reserved_concurrent_executions=1)

    assert ["ses-secure-user:lowConcurrency" in text for text in warnings(stack)] == [True]


@pytest.mark.parametrize("limit", [0, "10", True])
def test_a_limit_that_is_not_a_number_is_refused(stack: cdk.Stack, limit: object) -> None:
    assert refused_issuer(stack, reserved_concurrent_executions=limit) == (
        f"`reserved_concurrent_executions` must be a whole number, at least 1, got {limit!r}; leave it out for no limit"
    )


@pytest.mark.parametrize("runtime", [lambda_.Runtime.NODEJS_22_X, lambda_.Runtime.PYTHON_3_10])
def test_another_language_or_an_old_version_is_refused(stack: cdk.Stack, runtime: lambda_.Runtime) -> None:
    assert refused_issuer(stack, runtime=runtime) == (
        f"`runtime` must be Python 3.11 or later, got {runtime.name}; write one such as Runtime.PYTHON_3_14"
    )
