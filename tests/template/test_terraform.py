"""The Terraform example: it hands over what the template takes, and reads back nothing that is secret.

Its files are parsed, and its provider's calls are made in its place, as written in
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/cloudformation/stack.go. No package index
has Terraform, so it runs itself where it is installed and TERRAFORM_PLUGINS names a folder with its provider.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import pytest
from botocore.exceptions import ClientError

from tests.deploy.local_aws import TEMPLATES, DeploymentFailed, LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.shapes import Client
    from tests.template.resolving import Json

EXAMPLE = Path(__file__).parents[2] / "examples" / "terraform"
OPTIONS = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False)
SECRET = 'aws_cloudformation_stack.mailer.outputs["SecretArn"]'
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}


def parsed(name: str) -> Json:
    with (EXAMPLE / f"{name}.tf").open() as file:
        return hcl2.load(file, serialization_options=OPTIONS)


def blocks(file: str, *kinds: str) -> Json:
    """Give the blocks of a kind by their names, such as all variables."""
    found: Json = {}
    for one in parsed(file)[kinds[0]]:
        for kind in kinds[1:]:
            one = one.get(kind, {})  # noqa: PLW2901 - one step further in
        found |= one
    return found


VARIABLES = blocks("variables", "variable")
STACK = blocks("main", "resource", "aws_cloudformation_stack")["mailer"]


def variable_of(value: str) -> str:
    """Name the variable that a parameter is made of, which is a list if it is joined."""
    name: str
    (name,) = re.findall(r"var\.(\w+)", value)
    is_list = VARIABLES[name]["type"] == "${list(string)}"
    assert value == (f'${{join(",", var.{name})}}' if is_list else f"${{var.{name}}}")
    return name


def sent(**values: str | list[str]) -> dict[str, str]:
    """The parameters that Terraform sends for values of the variables."""
    parameters = {}
    for parameter, value in STACK["parameters"].items():
        name = variable_of(value)
        given = values.get(name, VARIABLES[name].get("default"))
        parameters[parameter] = ",".join(given) if isinstance(given, list) else str(given)
    return parameters


def test_the_templates_parameters_alone_are_handed_over(rendered: Json) -> None:
    assert set(STACK["parameters"]) == set(rendered["Parameters"])


def test_a_variable_has_the_parameters_default(rendered: Json) -> None:
    for name, value in STACK["parameters"].items():
        variable, parameter = VARIABLES[variable_of(value)], rendered["Parameters"][name]
        assert ("default" in variable) == ("Default" in parameter)
        assert str(variable.get("default") or "") == parameter.get("Default", "")


def test_every_variable_is_used_and_there_are_no_others() -> None:
    used = {name for file in EXAMPLE.glob("*.tf") for name in re.findall(r"\bvar\.(\w+)", file.read_text())}
    assert used == set(VARIABLES)
    assert set(re.findall(r"-var '?(\w+)=", (EXAMPLE / "README.md").read_text())) <= used


def test_terraform_refuses_in_the_words_of_the_template(rendered: Json) -> None:
    (precondition,) = STACK["lifecycle"][0]["precondition"]
    rule = rendered["Rules"]["Origin"]["Assertions"][0]["AssertDescription"]
    assert precondition["error_message"] == f"{rule}."
    (validation,) = VARIABLES["from_addresses"]["validation"]
    refusal = f"FromAddresses {rendered['Parameters']['FromAddresses']['ConstraintDescription']}"
    assert refusal.startswith(validation["error_message"].removesuffix("."))
    assert [name for name, one in VARIABLES.items() if "validation" in one] == ["from_addresses"]


def test_only_outputs_of_the_template_are_read(rendered: Json) -> None:
    text = "".join(file.read_text() for file in EXAMPLE.glob("*.tf"))
    assert set(re.findall(r'\.outputs\["(\w+)"\]', text)) == set(rendered["Outputs"])


def test_the_stack_is_made_from_the_uploaded_file() -> None:
    uploaded = blocks("main", "resource", "aws_s3_object")["template"]
    assert uploaded["source"] == "${local.template}"
    assert "filemd5(local.template)" in uploaded["key"]
    assert STACK["template_url"].endswith("/${aws_s3_object.template.bucket}/${aws_s3_object.template.key}")
    assert "template_body" not in STACK


def apply(aws: LocalAws, text: str, **values: str | list[str]) -> dict[str, str]:
    """Create or update the stack as Terraform does."""
    own: dict[str, str | list[str]] = {
        "identity": "example.com",
        "from_addresses": ["noreply@example.com"],
        "allowed_cidrs": ["203.0.113.0/24"],
    }
    parameters = sent(**own | values)
    name = VARIABLES["stack_name"]["default"]
    return aws.create(name, text, parameters, capabilities=STACK["capabilities"], tags={"team": "mail"})


@pytest.fixture
def outputs(aws: LocalAws, text: str) -> Iterator[dict[str, str]]:
    yield apply(aws, text)
    aws.wait_for_rotations()
    aws.destroy(VARIABLES["stack_name"]["default"])


@pytest.fixture
def reader(aws: LocalAws, outputs: dict[str, str]) -> Iterator[Client]:
    """Secrets Manager with the rights that the reader's policy gives, for a stack without a key of its own."""
    document = blocks("main", "data", "aws_iam_policy_document")["reader"]
    (statement,) = document["statement"]
    assert statement["resources"] == [f"${{{SECRET}}}"]
    allowed = {"Effect": "Allow", "Action": statement["actions"], "Resource": outputs["SecretArn"]}
    iam, name = aws.client("iam"), "reader"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy(allowed))
    yield aws.acting_as(role, "secretsmanager")
    iam.delete_role_policy(RoleName=name, PolicyName=name)
    iam.delete_role(RoleName=name)


def policy(statement: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def read_back(aws: LocalAws) -> str:
    """All that Terraform can come to know of a stack: what it keeps in its state, and the events it tells of."""
    api, name = aws.client("cloudformation"), VARIABLES["stack_name"]["default"]
    answers: list[Any] = [
        api.describe_stacks(StackName=name),
        api.get_template(StackName=name, TemplateStage="Original"),
        api.get_template_summary(StackName=name),
        api.describe_stack_resources(StackName=name),
        aws.events(name),
    ]
    return json.dumps(answers, default=str)


def test_what_terraform_reads_back_has_no_key_and_no_password(
    aws: LocalAws, text: str, outputs: dict[str, str]
) -> None:
    aws.rotate(outputs["SecretArn"])
    with pytest.raises(DeploymentFailed):
        apply(aws, text, allowed_cidrs=["203.0.113.1/24"])
    apply(aws, text, allowed_cidrs=["203.0.113.0/24", "198.51.100.7"])
    found = read_back(aws)
    assert len(aws.every_key_ever_made()) >= len(("the first", "the rotated"))
    assert outputs["SecretArn"] in found
    assert "198.51.100.7" in found
    assert aws.leaked_in(found) == []


def test_the_reader_reads_this_login_and_nothing_else(aws: LocalAws, outputs: dict[str, str], reader: Client) -> None:
    login = json.loads(reader.get_secret_value(SecretId=outputs["SecretArn"])["SecretString"])
    assert aws.login(login["username"], login["password"])
    secrets = aws.client("secretsmanager")
    other = secrets.create_secret(Name="other", SecretString="other")["ARN"]
    for call, secret in ((reader.get_secret_value, other), (reader.delete_secret, outputs["SecretArn"])):
        with pytest.raises(ClientError, match="not authorized"):
            call(SecretId=secret)
    secrets.delete_secret(SecretId=other, ForceDeleteWithoutRecovery=True)


def test_the_reader_decrypts_through_secrets_manager_alone() -> None:
    (dynamic,) = blocks("main", "data", "aws_iam_policy_document")["reader"]["dynamic"]
    (content,) = dynamic["statement"]["content"]
    assert (content["actions"], content["resources"]) == (["kms:Decrypt"], ["${statement.value}"])
    assert content["condition"] == [
        {
            "test": "StringEquals",
            "variable": "kms:ViaService",
            "values": ['secretsmanager.${split(":", statement.value)[3]}.amazonaws.com'],
        }
    ]


PROVIDER = """
provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  s3_use_path_style           = true
}
"""


class Terraform:
    """The example in a folder of its own, pointed at a local AWS."""

    def __init__(self, aws: LocalAws, text: str, folder: Path) -> None:
        self.aws, self.folder = aws, shutil.copytree(EXAMPLE, folder / "example")
        self.template = self.folder / "ses-secure-user.template.json"
        self.template.write_text(text)
        (self.folder / "provider.tf").write_text(PROVIDER)
        (self.folder / "settings").touch()
        own = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(self.folder / "settings"), "TF_IN_AUTOMATION": "1"}
        self._env = aws.env | own | {"PATH": os.environ["PATH"]}

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = ["terraform", command, *options, "-no-color"]
        return subprocess.run(
            arguments, cwd=self.folder, env=self._env, capture_output=True, text=True, check=False, timeout=300
        )

    def with_networks(self, command: str, *networks: str, approved: bool = False) -> subprocess.CompletedProcess[str]:
        values = {
            "template_bucket": TEMPLATES,
            "identity": "example.com",
            "from_addresses": json.dumps(["noreply@example.com"]),
            "allowed_cidrs": json.dumps(networks),
        }
        variables = [part for name, value in values.items() for part in ("-var", f"{name}={value}")]
        return self.run(command, *(["-auto-approve"] if approved else ["-detailed-exitcode"]), *variables)


@pytest.mark.skipif("TERRAFORM_PLUGINS" not in os.environ, reason="TERRAFORM_PLUGINS names no folder with the provider")
def test_terraform_itself_applies_and_destroys_it(aws: LocalAws, text: str, tmp_path: Path) -> None:
    """Its state has no key and no password, and a second plan finds nothing to change."""
    before, terraform = aws.leftovers(), Terraform(aws, text, tmp_path)
    aws.client("s3").create_bucket(Bucket=TEMPLATES)
    assert terraform.run("fmt", "-check", "main.tf", "outputs.tf", "variables.tf", "versions.tf").returncode == 0
    assert terraform.run("init", f"-plugin-dir={os.environ['TERRAFORM_PLUGINS']}").returncode == 0
    networks = ("203.0.113.0/24", "198.51.100.7")

    applied = terraform.with_networks("apply", *networks, approved=True)
    assert applied.returncode == 0, applied.stderr
    assert terraform.with_networks("plan", *networks).returncode == 0
    outputs = {name: one["value"] for name, one in json.loads(terraform.run("output", "-json").stdout).items()}
    aws.wait_for_rotations()
    aws.wait_for_older_keys(outputs["user_name"])
    aws.rotate(outputs["secret_arn"])

    refused = terraform.with_networks("apply", "203.0.113.1/24", approved=True)
    assert "`allowed_cidrs` must hold networks without host bits" in refused.stderr.replace("\n", " ")
    assert terraform.with_networks("apply", networks[0], approved=True).returncode == 0
    terraform.template.write_text(text.replace("Issues, renews and revokes", "Looks after"))
    assert terraform.with_networks("apply", networks[0], approved=True).returncode == 0
    functions = aws.client("lambda").list_functions()["Functions"]
    assert [one["Description"] for one in functions] == ["Looks after SES SMTP credentials"]
    assert terraform.with_networks("plan", networks[0]).returncode == 0

    state = "".join(path.read_text() for path in terraform.folder.glob("terraform.tfstate*"))
    assert outputs["secret_arn"] in state
    assert aws.leaked_in(state) == []
    assert terraform.with_networks("destroy", networks[0], approved=True).returncode == 0
    assert aws.leftovers() == before
