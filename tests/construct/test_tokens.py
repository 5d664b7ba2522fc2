"""Values that are only known at deployment: they pass every check and are used in the template."""

import json

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

from ses_secure_user import LeakAlarm, SendsAlarm
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import restrict
from tests.construct.users import resources, topic, user


def policies(stack: cdk.Stack) -> str:
    return json.dumps(resources(stack, "AWS::IAM::ManagedPolicy"))


def test_restrictions_known_at_deployment_pass() -> None:
    stack = cdk.Stack()
    text = cdk.CfnParameter(stack, "Text").value_as_string
    listed = cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list
    one_by_one = restrict(
        identity=[text],
        from_address=[text, "noreply@example.com"],
        allowed_cidrs=["203.0.113.0/24", text],
        allowed_vpc_endpoints=[text],
        allowed_vpcs=[text],
        allowed_recipients=[text],
        feedback_address=text,
        configuration_set=text,
        sandbox_recipients=[text],
    )

    assert one_by_one["allowed_cidrs"] == ("203.0.113.0/24", text)

    whole = restrict(
        identity=text,
        from_address=listed,
        allowed_cidrs=listed,
        allowed_vpc_endpoints=listed,
        allowed_recipients=listed,
    )

    lists = ("allowed_cidrs", "from_address", "allowed_vpc_endpoints", "allowed_recipients")
    assert {whole[prop] for prop in lists} == {tuple(listed)}
    resolved = stack.resolve(policy_document(whole, partition="aws", region="eu-west-1", account="111122223333"))
    assert resolved["Statement"][0]["Condition"]["IpAddress"] == {"aws:SourceIp": {"Ref": "List"}}


def test_properties_known_at_deployment_pass(stack: cdk.Stack) -> None:
    text, listed = cdk.CfnParameter(stack, "Text"), cdk.CfnParameter(stack, "List", type="CommaDelimitedList")

    made = user(
        stack,
        identity=text.value_as_string,
        from_address=listed.value_as_list,
        allowed_cidrs=listed.value_as_list,
        ses_region=text.value_as_string,
        smtp_host=text.value_as_string,
        smtp_port=cdk.Token.as_number(text),
        user_name=text.value_as_string,
        secret_name=text.value_as_string,
    )

    (credential,) = resources(stack, "Custom::SesSmtpCredential")
    assert credential["Port"] == {"Ref": "Text"}
    (deployed,) = resources(stack, "AWS::IAM::User")
    assert {"Key": "ses-secure-user:port", "Value": {"Ref": "Text"}} in deployed["Tags"]
    assert stack.resolve(made.from_address) == {"Fn::Select": [0, {"Ref": "List"}]}
    assert '"aws:SourceIp": {"Ref": "List"}' in policies(stack)


def test_a_limit_and_a_set_known_at_deployment_pass(app: cdk.App) -> None:
    anywhere = cdk.Stack(app, "Anywhere")
    limit = cdk.CfnParameter(anywhere, "Limit", type="Number")
    name = cdk.CfnParameter(anywhere, "Set")
    made = user(anywhere, configuration_set=name.value_as_string)

    SendsAlarm(anywhere, "Sends", user=made, per_hour=limit.value_as_number, topic=topic(anywhere))  # type: ignore[arg-type]
    LeakAlarm(anywhere, "Leak", topic=sns.Topic(anywhere, "Leaks"))

    assert resources(anywhere, "AWS::CloudWatch::Alarm")[0]["Threshold"] == {"Ref": "Limit"}
    assert resources(anywhere, "AWS::SES::ConfigurationSetEventDestination")[0]["ConfigurationSetName"] == {
        "Ref": "Set"
    }
