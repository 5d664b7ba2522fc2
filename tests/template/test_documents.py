"""The documentation of the template: its parameters in the console's order, its outputs and its commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk.cloudformation_include import CfnInclude

from ses_secure_user.template import code

if TYPE_CHECKING:
    from local_aws.aws import LocalAws
    from tests.template.resolving import Json

DOCUMENT = (Path(__file__).parents[2] / "docs" / "without-the-cdk.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_table_has_the_parameters_in_the_consoles_order(rendered: Json) -> None:
    groups = rendered["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    rows = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`.*?) \|", section("Parameters"), re.MULTILINE)]
    assert [name for row in rows for name in row] == [name for group in groups for name in group["Parameters"]]


def test_numbers_have_the_defaults_and_bounds_of_the_table(rendered: Json) -> None:
    days, port = (rendered["Parameters"][name] for name in ("RotationDays", "SmtpPort"))
    assert f"| `RotationDays` | {days['Default']}; 2 to 999 |" in DOCUMENT
    assert f"| `SmtpPort` | {port['Default']};" in DOCUMENT


def test_the_outputs_are_named(rendered: Json) -> None:
    sentence = re.search(r"The outputs are (.*?)\.", section("Use it"))
    assert sentence
    assert set(re.findall(r"`(\w+)`", sentence[1])) == set(rendered["Outputs"])


def command(start: str) -> str:
    """Return a command of the document, with all its lines."""
    found = re.search(rf"^\$ ({re.escape(start)}(?:.*\\\n)*.*)", DOCUMENT, re.MULTILINE)
    assert found
    return found[1]


def test_the_template_is_included_in_an_app(aws: LocalAws, text: str, tmp_path: Path) -> None:
    """The test uses the parameters of the TypeScript snippet with the same class in Python."""
    (snippet,) = re.findall(r"```typescript\n(.*?)```", DOCUMENT, re.DOTALL)
    parameters = dict(re.findall(r"\b([A-Z]\w+): '([^']+)'", snippet))
    file = tmp_path / str(re.search(r"templateFile: '([^']+)'", snippet)[1])  # type: ignore[index]
    file.write_text(text, encoding="utf-8")
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Included")

    mailer = CfnInclude(stack, "Mailer", template_file=str(file), parameters=parameters)
    cdk.CfnOutput(stack, "Told", value=cdk.Token.as_string(mailer.get_output("SecretArn").value))

    value = aws.value(aws.deploy(app)["Told"])
    assert aws.login(value["username"], value["password"])
    aws.wait_for_rotations()


def test_the_command_deploys_a_stack(aws: LocalAws, text: str) -> None:
    """It has the parameters, the capability and a bucket for the template file."""
    deploy = command("aws cloudformation deploy")
    parameters = dict(re.findall(r"\b([A-Z]\w+)=(\S+)", deploy))
    capabilities = re.findall(r"CAPABILITY_\w+", deploy)

    assert "--s3-bucket BUCKET" in deploy
    assert re.findall(r"\S+\.json", deploy) == re.findall(r"\S+\.json", command("ses-secure-user template"))
    assert aws.create("Documented", text, parameters, capabilities=capabilities)
    aws.wait_for_rotations()
    aws.destroy("Documented")


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq")
def test_the_command_shows_the_functions_code(text: str) -> None:
    show = re.search(r"'(.*)'", command("jq"))
    assert show

    done = subprocess.run(["jq", "-r", show[1]], input=text, capture_output=True, encoding="utf-8", check=True)

    assert done.stdout.rstrip("\n") == code().rstrip("\n")
