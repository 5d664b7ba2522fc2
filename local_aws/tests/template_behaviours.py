"""Templates and parameters that CloudFormation refuses. Each function returns True if the local AWS refuses them
too."""

import json
from itertools import count

from local_aws.aws import REGION, DeploymentFailed, LocalAws
from local_aws.shapes import Anything, Json

_numbers = count()
HANDLE: Json = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


def made(aws: LocalAws, template: Json, **parameters: str) -> dict[str, str]:
    """Create a stack from a template with one additional resource, and return its outputs."""
    return aws.create(f"Template{next(_numbers)}", json.dumps({"Resources": {"Handle": HANDLE}} | template), parameters)


def refusal(aws: LocalAws, template: Json, **parameters: str) -> str:
    """Return the reason why a stack is refused, or an empty text."""
    try:
        made(aws, template, **parameters)
    except DeploymentFailed as refused:
        return str(refused)
    return ""


def word(**attributes: Anything) -> Json:
    return {"Parameters": {"Word": {"Type": "String"} | attributes}}


def output(value: Anything, **sections: Json) -> Json:
    return sections | {"Outputs": {"Value": {"Value": value}}}


def an_unknown_parameter_is_refused(aws: LocalAws) -> bool:
    return "Parameters: [Other] do not exist in the template" in refusal(aws, word(), Word="one", Other="two")


def a_parameter_without_a_value_is_named(aws: LocalAws) -> bool:
    return "Parameters: [Word] must have values" in refusal(aws, word())


def a_constraint_is_described(aws: LocalAws) -> bool:
    described = word(AllowedPattern="[a-z]+", ConstraintDescription="must be small letters")
    return "Parameter Word failed to satisfy constraint: must be small letters" in refusal(aws, described, Word="ONE")


def allowed_values_are_described(aws: LocalAws) -> bool:
    described = word(AllowedValues=["one", "two"], ConstraintDescription="must be one or two")
    return "Parameter Word failed to satisfy constraint: must be one or two" in refusal(aws, described, Word="three")


def each_member_of_a_list_is_an_allowed_value(aws: LocalAws) -> bool:
    listed = word(Type="CommaDelimitedList", AllowedValues=["one", "two"])
    return not refusal(aws, listed, Word="two,one") and bool(refusal(aws, listed, Word="two,three"))


def a_number_has_digits(aws: LocalAws) -> bool:
    return not refusal(aws, word(Type="Number"), Word="1.5") and bool(refusal(aws, word(Type="Number"), Word="nan"))


def a_pattern_is_one_of_java(aws: LocalAws) -> bool:
    digits, nested = word(AllowedPattern=r"\d"), word(AllowedPattern="[a[]")
    return not refusal(aws, digits, Word="3") and bool(
        refusal(aws, digits, Word="٣") and refusal(aws, nested, Word="a")
    )


def a_default_keeps_its_constraints(aws: LocalAws) -> bool:
    return bool(refusal(aws, word(AllowedPattern="[a-z]+", Default=""), Word="one"))


def a_constraint_is_for_one_type(aws: LocalAws) -> bool:
    return bool(refusal(aws, word(Type="Number", AllowedPattern="[0-9]+"), Word="1"))


def a_parameter_has_known_attributes(aws: LocalAws) -> bool:
    return "Invalid template parameter property 'Pattern'" in refusal(aws, word(Pattern="[a-z]+"), Word="one")


def a_condition_knows_the_region(aws: LocalAws) -> bool:
    here = {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, REGION]}}
    return made(aws, output({"Fn::If": ["Here", "yes", "no"]}, Conditions=here)) == {"Value": "yes"}


def a_condition_compares_a_part_of_a_parameter(aws: LocalAws) -> bool:
    second = {"Fn::Select": [1, {"Fn::Split": [",", {"Fn::Join": ["", [{"Ref": "Word"}, ","]]}]}]}
    template = output({"Fn::If": ["One", "one", "two"]}, Conditions={"One": {"Fn::Equals": [second, ""]}}, **word())
    return [made(aws, template, Word=words)["Value"] for words in ("a", "a,b")] == ["one", "two"]


def an_alternative_has_two_conditions(aws: LocalAws) -> bool:
    return bool(refusal(aws, {"Conditions": {"Only": {"Fn::Or": [{"Fn::Equals": ["a", "a"]}]}}}))


def an_alternative_in_a_rule_has_two_conditions(aws: LocalAws) -> bool:
    rule = {"Assertions": [{"Assert": {"Fn::Or": [{"Fn::Equals": ["a", "a"]}]}}]}
    return bool(refusal(aws, {"Rules": {"Only": rule}}))


def a_condition_refers_to_no_resource(aws: LocalAws) -> bool:
    return bool(refusal(aws, {"Conditions": {"Is": {"Fn::Equals": [{"Ref": "Handle"}, "a"]}}}))


def a_reference_leads_somewhere(aws: LocalAws) -> bool:
    return "Unresolved resource dependencies [Nothing]" in refusal(aws, output({"Ref": "Nothing"}))


def an_attribute_is_of_a_resource(aws: LocalAws) -> bool:
    return bool(refusal(aws, output({"Fn::GetAtt": ["Nothing", "Arn"]})))


def a_dependency_leads_somewhere(aws: LocalAws) -> bool:
    return bool(refusal(aws, {"Resources": {"Handle": HANDLE | {"DependsOn": "Nothing"}}}))


def a_choice_has_a_condition(aws: LocalAws) -> bool:
    return bool(refusal(aws, output({"Fn::If": ["Unknown", "yes", "no"]})))


def a_resource_that_is_not_made_is_not_referred_to(aws: LocalAws) -> bool:
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    resources = {"Handle": HANDLE | {"Condition": "Never"}, "Other": HANDLE | {"DependsOn": "Handle"}}
    chosen, plain = {"Fn::If": ["Never", {"Ref": "Handle"}, "none"]}, {"Ref": "Handle"}
    values = (output(value, Conditions=never, Resources=resources) for value in (chosen, plain))
    return made(aws, next(values)) == {"Value": "none"} and bool(refusal(aws, next(values)))


def an_output_has_a_value(aws: LocalAws) -> bool:
    return bool(refusal(aws, output({"Ref": "AWS::NoValue"})))


def a_policy_has_no_empty_part(aws: LocalAws) -> bool:
    whole, empty = ({"IpAddress": networks} for networks in ({"aws:SourceIp": "203.0.113.7"}, {}))
    return not refusal(aws, policy(Condition=whole)) and bool(refusal(aws, policy(Condition=empty)))


def a_policy_is_no_longer_than_the_quota(aws: LocalAws) -> bool:
    return "Cannot exceed quota for PolicySize: 6144" in refusal(aws, policy(Resource=["*" * 6100]))


def policy(**parts: Anything) -> Json:
    statement = {"Effect": "Deny", "Action": "ses:*", "Resource": "*"} | parts
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Resources": {"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}}}


def inline_code_is_the_file_index(aws: LocalAws) -> bool:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    properties = {
        "Code": {"ZipFile": "def handler(event, context):\n    return event"},
        "Handler": "other.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.14",
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
    }
    name = made(aws, output({"Ref": "Function"}, Resources=resources))["Value"]
    return "other" in str(aws.invoke(name, {}).get("errorMessage"))


TEMPLATE_BEHAVIOURS = (
    an_unknown_parameter_is_refused,
    a_parameter_without_a_value_is_named,
    a_constraint_is_described,
    allowed_values_are_described,
    each_member_of_a_list_is_an_allowed_value,
    a_number_has_digits,
    a_pattern_is_one_of_java,
    a_default_keeps_its_constraints,
    a_constraint_is_for_one_type,
    a_parameter_has_known_attributes,
    a_condition_knows_the_region,
    a_condition_compares_a_part_of_a_parameter,
    an_alternative_has_two_conditions,
    an_alternative_in_a_rule_has_two_conditions,
    a_condition_refers_to_no_resource,
    a_reference_leads_somewhere,
    an_attribute_is_of_a_resource,
    a_dependency_leads_somewhere,
    a_choice_has_a_condition,
    a_resource_that_is_not_made_is_not_referred_to,
    an_output_has_a_value,
    a_policy_has_no_empty_part,
    a_policy_is_no_longer_than_the_quota,
    inline_code_is_the_file_index,
)
