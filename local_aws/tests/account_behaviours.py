"""Behaviors of AWS that the proof of a login needs and ministack lacks: simulations, identities and credentials."""

import json
from typing import Any
from uuid import uuid4

import boto3

from local_aws.aws import ACCOUNT, REGION, LocalAws
from local_aws.tests.behaviours import function, new_secret, new_user

IDENTITY = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.net"
OTHER = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.org"
ACTION = "ses:SendRawEmail"


def document(effect: str = "Allow", **elements: Any) -> str:  # noqa: ANN401 - any element of a statement
    statement = {"Effect": effect, "Action": ACTION, "Resource": IDENTITY} | elements
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


FROM_ADDRESS = document(Condition={"StringEquals": {"ses:FromAddress": "a@example.net"}})


def sender(aws: LocalAws, policy: str) -> tuple[str, str]:
    """Create a user with a policy, and return its name and ARN."""
    name = new_user(aws)
    aws.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    return name, aws.client("iam").get_user(UserName=name)["User"]["Arn"]


def context(address: str) -> list[dict[str, Any]]:
    return [{"ContextKeyName": "ses:FromAddress", "ContextKeyType": "string", "ContextKeyValues": [address]}]


def simulated(aws: LocalAws, user: str, **request: Any) -> dict[str, str]:  # noqa: ANN401 - of any simulation
    """Return the decision about each resource."""
    request = {
        "ActionNames": [ACTION],
        "ResourceArns": [IDENTITY],
        "ContextEntries": context("a@example.net"),
    } | request
    answer = aws.client("iam").simulate_principal_policy(PolicySourceArn=user, **request)
    (result,) = answer["EvaluationResults"]
    return {one["EvalResourceName"]: one["EvalResourceDecision"] for one in result.get("ResourceSpecificResults", [])}


def a_simulation_knows_the_context(aws: LocalAws) -> bool:
    _, user = sender(aws, FROM_ADDRESS)
    allowed = simulated(aws, user)
    denied = simulated(aws, user, ContextEntries=context("b@example.net"))
    return (allowed, denied) == ({IDENTITY: "allowed"}, {IDENTITY: "implicitDeny"})


def a_simulation_knows_the_boundary(aws: LocalAws) -> bool:
    name, user = sender(aws, document())
    boundary = aws.client("iam").create_policy(PolicyName=uuid4().hex, PolicyDocument=document("Deny"))["Policy"]["Arn"]
    aws.client("iam").put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    return simulated(aws, user) == {IDENTITY: "explicitDeny"}


def a_simulation_judges_every_resource(aws: LocalAws) -> bool:
    _, user = sender(aws, document())
    found = simulated(aws, user, ResourceArns=[IDENTITY, OTHER])
    return found == {IDENTITY: "allowed", OTHER: "implicitDeny"}


def a_simulation_takes_a_resource_policy(aws: LocalAws) -> bool:
    _, user = sender(aws, document(Resource=OTHER))
    policy = document(Principal={"AWS": user})
    return simulated(aws, user, ResourcePolicy=policy) == {IDENTITY: "allowed"}


def a_simulation_takes_further_policies(aws: LocalAws) -> bool:
    _, user = sender(aws, document(Resource=OTHER))
    return simulated(aws, user, PolicyInputList=[document()]) == {IDENTITY: "allowed"}


def a_simulation_names_the_keys_it_misses(aws: LocalAws) -> bool:
    _, user = sender(aws, FROM_ADDRESS)
    answer = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=user, ActionNames=[ACTION], ResourceArns=[IDENTITY]
    )
    return bool(answer["EvaluationResults"][0]["MissingContextValues"] == ["ses:FromAddress"])


def a_simulation_names_the_keys_of_every_policy(aws: LocalAws) -> bool:
    """Return True if keys and variables of all statements in the user's and the resource's policies are named."""
    iam = aws.client("iam")
    mail = json.loads(document(Condition={"StringLike": {"aws:UserAgent": "${aws:username}"}}))["Statement"][0]
    storage = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Null": {"s3:prefix": "true"}}}
    _, user = sender(aws, json.dumps({"Version": "2012-10-17", "Statement": [mail, storage]}))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=user,
        ActionNames=[ACTION],
        ResourceArns=[IDENTITY],
        ResourcePolicy=document(Principal={"AWS": user}, Condition={"Bool": {"aws:SecureTransport": "true"}}),
        ContextEntries=[{"ContextKeyName": "AWS:useragent", "ContextKeyType": "string", "ContextKeyValues": ["x"]}],
    )
    (result,) = answer["EvaluationResults"]
    named = ["aws:SecureTransport", "aws:username", "s3:prefix"]
    of_resource = result["ResourceSpecificResults"][0]["MissingContextValues"]
    return bool(result["MissingContextValues"] == of_resource == named)


def a_simulation_of_given_policies_knows_the_context(aws: LocalAws) -> bool:
    decisions = [
        aws.client("iam").simulate_custom_policy(
            PolicyInputList=[FROM_ADDRESS],
            ActionNames=[ACTION],
            ResourceArns=[IDENTITY],
            ContextEntries=context(address),
        )["EvaluationResults"][0]["EvalDecision"]
        for address in ("a@example.net", "b@example.net")
    ]
    return decisions == ["allowed", "implicitDeny"]


def simulating_one_user_can_be_allowed(aws: LocalAws) -> bool:
    _, user = sender(aws, document())
    iam = _iam_with(aws, document(Action=["iam:SimulatePrincipalPolicy", "iam:GetAccessKeyLastUsed"], Resource=user))
    decision = iam.simulate_principal_policy(PolicySourceArn=user, ActionNames=[ACTION])
    iam.close()
    return bool(decision["EvaluationResults"])


def a_user_is_allowed_by_its_path(aws: LocalAws) -> bool:
    """See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html."""
    name = uuid4().hex
    aws.client("iam").create_user(UserName=name, Path="/mail/")
    allowed = _iam_with(aws, document(Action="iam:ListAccessKeys", Resource=f"arn:aws:iam::{ACCOUNT}:user/mail/{name}"))
    listed = allowed.list_access_keys(UserName=name)["AccessKeyMetadata"]
    allowed.close()
    return bool(listed == [])


def _iam_with(aws: LocalAws, policy: str) -> Any:  # noqa: ANN401 - a client
    """Return a client of IAM for a user with one policy."""
    name = new_user(aws)
    aws.client("iam").put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    key = aws.client("iam").create_access_key(UserName=name)["AccessKey"]
    session: Any = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    return session.client("iam", endpoint_url=aws.env["AWS_ENDPOINT_URL"])


def a_paused_account_says_so(aws: LocalAws) -> bool:
    ses = aws.client("sesv2", "eu-west-1")
    ses.put_account_sending_attributes(SendingEnabled=False)
    paused = ses.get_account()["SendingEnabled"]
    ses.put_account_sending_attributes(SendingEnabled=True)
    return (paused, ses.get_account()["SendingEnabled"]) == (False, True)


def an_identity_has_policies_and_a_default_set(aws: LocalAws) -> bool:
    ses = aws.client("sesv2", "eu-west-1")
    ses.create_email_identity(EmailIdentity="example.net")
    ses.create_email_identity_policy(EmailIdentity="example.net", PolicyName="one", Policy=document())
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.net", ConfigurationSetName="set")
    found = ses.get_email_identity(EmailIdentity="example.net")
    ses.delete_email_identity_policy(EmailIdentity="example.net", PolicyName="one")
    without = ses.get_email_identity(EmailIdentity="example.net")
    ses.delete_email_identity(EmailIdentity="example.net")
    told = found.get("Policies"), found.get("ConfigurationSetName"), without.get("Policies")
    return told == ({"one": document()}, "set", {})


def other_credentials_are_listed(aws: LocalAws) -> bool:
    iam, name = aws.client("iam"), new_user(aws)
    iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")
    iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody="ssh-rsa AAAA")
    iam.upload_signing_certificate(UserName=name, CertificateBody="-")
    listed = (
        iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"],
        iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"],
        iam.list_signing_certificates(UserName=name)["Certificates"],
    )
    return [len(one) for one in listed] == [1, 1, 1]


def the_accounts_details_tell_boundaries(aws: LocalAws) -> bool:
    iam, name = aws.client("iam"), new_user(aws)
    boundary = iam.create_policy(PolicyName=uuid4().hex, PolicyDocument=document())["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    users = iam.get_account_authorization_details(Filter=["User"])["UserDetailList"]
    found = next(one for one in users if one["UserName"] == name)
    return bool(found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") == boundary)


def the_next_rotation_has_a_date_until_it_is_cancelled(aws: LocalAws) -> bool:
    secret, api = new_secret(aws), aws.client("secretsmanager")
    rules = {"ScheduleExpression": "rate(30 days)"}
    rotate = {"SecretId": secret, "RotationLambdaARN": function(aws), "RotationRules": rules}
    api.rotate_secret(**rotate, RotateImmediately=False)
    before = api.describe_secret(SecretId=secret)
    api.cancel_rotate_secret(SecretId=secret)
    after = api.describe_secret(SecretId=secret)
    aws.wait_for_rotations()
    told = "NextRotationDate" in before, "NextRotationDate" in after, after["RotationEnabled"], after["RotationRules"]
    return told == (True, False, False, rules)


ACCOUNT_BEHAVIOURS = (
    a_simulation_knows_the_context,
    a_simulation_knows_the_boundary,
    a_simulation_judges_every_resource,
    a_simulation_takes_a_resource_policy,
    a_simulation_takes_further_policies,
    a_simulation_names_the_keys_it_misses,
    a_simulation_names_the_keys_of_every_policy,
    a_simulation_of_given_policies_knows_the_context,
    simulating_one_user_can_be_allowed,
    a_user_is_allowed_by_its_path,
    a_paused_account_says_so,
    an_identity_has_policies_and_a_default_set,
    other_credentials_are_listed,
    the_accounts_details_tell_boundaries,
    the_next_rotation_has_a_date_until_it_is_cancelled,
)
