"""What the documents say of the template is so: its parameters in the console's order, its outputs, the commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.deploy.local_aws import LocalAws
    from tests.template.resolving import Json

DOCUMENT = (Path(__file__).parents[2] / "docs" / "without-the-cdk.md").read_text()


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


def test_the_command_deploys_a_stack(aws: LocalAws, text: str) -> None:
    """It has the parameters and the capability."""
    command = re.search(r"^\$ aws cloudformation deploy(?:.*\\\n)*.*", DOCUMENT, re.MULTILINE)
    assert command
    parameters = dict(re.findall(r"\b([A-Z]\w+)=(\S+)", command[0]))
    here = {"SmtpHost": aws.smtp_host, "SmtpPort": str(aws.smtp_port())}
    assert aws.create("Documented", text, parameters | here, capabilities=re.findall(r"CAPABILITY_\w+", command[0]))
    aws.wait_for_rotations()
    aws.destroy("Documented")
