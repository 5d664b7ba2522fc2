"""The template: its resources equal the construct's, and cfn-lint and checkov accept it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from syrupy.extensions.json import JSONSnapshotExtension

import ses_secure_user
from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from ses_secure_user.restrictions.rows import ROWS, Row
from ses_secure_user.template import code
from ses_secure_user.template.parameters import GROUPS
from tests.construct.checkov import checked
from tests.summary import LINES
from tests.template.resolving import Json, Resolver

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0123abcd-0000-1111-2222-333344445555"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
REQUIRED = {"Identity": "example.com", "FromAddresses": "noreply@example.com"}
ORIGINS: list[dict[str, str]] = [
    {"AllowedCidrs": "203.0.113.0/24,2001:db8::/48"},
    {"AllowedVpcEndpoints": "vpce-0123456789abcdef0,vpce-11111111"},
    {"AllowedCidrs": "203.0.113.7/32", "AllowedVpcEndpoints": "vpce-0123456789abcdef0"},
    {"AllowedVpcs": "vpc-0123456789abcdef0"},
    {"AllowedVpcEndpoints": "vpce-0123456789abcdef0", "AllowedVpcs": "vpc-0123456789abcdef0"},
]
OPTIONS: list[dict[str, str]] = [
    {"AllowedRecipients": "*@example.net,person@example.org", "SandboxRecipient": "person@example.org"},
    {
        "ConfigurationSet": "transactional",
        "FromDisplayName": "Example Shop",
        "ValidUntil": "2099-01-31T00:00:00Z",
        "SesRegion": "us-east-1",
        "SmtpHost": "email-smtp-fips.us-east-1.amazonaws.com",
    },
    {"SmtpPort": "587", "RotationDays": "7", "UserName": "mailer", "UserPath": "/mail/", "SecretName": "mail/login"},
    {"EncryptionKey": KEY, "AlarmTopic": TOPIC},
]
SETS = [
    REQUIRED
    | origin
    | {name: value for option, on in zip(OPTIONS, chosen, strict=True) if on for name, value in option.items()}
    for origin in ORIGINS
    for chosen in product([False, True], repeat=len(OPTIONS))
]
ADDED = ("Code", "Handler", "Networks", "Restrictions")
"""The parts in which the template differs from the construct."""


PARAMETERS = {one.restricts: one.name for group in GROUPS.values() for one in group if one.restricts}


def _restricted(row: Row, text: str) -> Any:  # noqa: ANN401 - a text, or a list
    if row.spell:
        return datetime.fromisoformat(text)
    return text if row.is_single else text.split(",")


def restricted(given: dict[str, str]) -> dict[str, Any]:
    """Return the restrictions that parameters set."""
    return {
        row.prop: _restricted(row, given[PARAMETERS[row.prop]]) for row in ROWS if PARAMETERS.get(row.prop) in given
    }


def constructed(given: dict[str, str]) -> Json:
    """Return the resources of the construct for the properties that parameters set."""
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    topic = sns.Topic.from_topic_arn(stack, "Topic", TOPIC) if "AlarmTopic" in given else None
    SecureSesSmtpUser(
        stack,
        "Mailer",
        **restricted(given),
        ses_region=given.get("SesRegion"),
        smtp_host=given.get("SmtpHost"),
        smtp_port=int(given.get("SmtpPort", "465")),
        rotation_interval=cdk.Duration.days(int(given.get("RotationDays", "30"))),
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY) if "EncryptionKey" in given else None,
        user_name=given.get("UserName"),
        user_path=given.get("UserPath"),
        secret_name=given.get("SecretName"),
        issuer=CredentialIssuer(stack, "Issuer", alarm_topic=topic),
    )
    return dict(Template.from_stack(stack).to_json())


def comparable(resources: Json) -> Json:
    """Return resources in a form that can be compared, without differences that do not matter."""
    return {_undigested(name): _comparable(one) for name, one in resources.items()}


def _comparable(part: Any, name: str = "") -> Any:  # noqa: ANN401 - any part of a template
    if isinstance(part, dict):
        return {key: _comparable(one, key) for key, one in part.items() if key not in ADDED}
    if isinstance(part, list):
        return sorted((_comparable(one) for one in part), key=str)
    text = _undigested(str(part))
    return [text] if name in {"Resource", "NotResource"} or ":" in name or name == "DependsOn" else text


def _undigested(text: str) -> str:
    """Remove the digest of a login, which does not depend on parameters, and the hash of the path from ids."""
    return re.sub(r"[0-9A-F]{15}\b", "", text)


@pytest.mark.parametrize("given", SETS, ids=lambda given: "+".join(name for name in given if name not in REQUIRED))
def test_its_resources_equal_the_constructs(given: dict[str, str], rendered: Json) -> None:
    made = Resolver(rendered, given).resources()

    expected = Resolver(constructed(given), {}).resources()

    assert comparable(made) == comparable(expected)


def test_all_senders_are_allowed_and_the_first_is_a_resource(rendered: Json) -> None:
    given = REQUIRED | ORIGINS[0] | {"FromAddresses": "a@example.com,b@example.com"}

    made = Resolver(rendered, given).resources()

    (policy,) = (one for name, one in made.items() if name.startswith("MailerPolicy"))
    allowed = policy["Properties"]["PolicyDocument"]["Statement"][0]
    assert allowed["Condition"]["StringEquals"]["ses:FromAddress"] == ["a@example.com", "b@example.com"]
    assert [arn.rpartition(":")[2] for arn in allowed["Resource"]] == ["identity/example.com", "identity/a@example.com"]


def test_it_is_ascii(text: str) -> None:
    """GetTemplate returns question marks for other characters, which Terraform treats as a change.

    See https://github.com/hashicorp/terraform-provider-aws/issues/10121.
    """
    assert text.isascii()


def test_it_is_the_same_to_the_byte(text: str) -> None:
    command = [sys.executable, "-m", "ses_secure_user", "template"]

    printed = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "1"}, capture_output=True, check=True)

    assert printed.stdout == text.encode()
    assert printed.stderr == b""


def test_it_needs_no_asset_and_no_bootstrap(text: str, rendered: Json) -> None:
    (function,) = (one for one in rendered["Resources"].values() if one["Type"] == "AWS::Lambda::Function")

    assert function["Properties"]["Code"] == {"ZipFile": code()}
    assert "cdk" not in text.replace(json.dumps(code(), ensure_ascii=False), "")


def test_it_names_its_version(rendered: Json) -> None:
    assert ses_secure_user.__version__ in rendered["Description"]


def test_it_is_as_recorded(rendered: Json, snapshot: SnapshotAssertion) -> None:
    """The snapshot does not contain the code, which equals the modules."""
    shown = json.loads(json.dumps(rendered).replace(json.dumps(code()), '"CODE"'))
    assert shown == snapshot(extension_class=JSONSnapshotExtension)


def test_the_console_shows_every_parameter(rendered: Json) -> None:
    groups = rendered["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(rendered["Parameters"])
    assert {one.name for group in GROUPS.values() for one in group} == set(rendered["Parameters"])


def test_cfn_lint_finds_nothing(text: str) -> None:
    matches = lint(text, config=ManualArgs(regions=["us-east-1", "eu-west-1"]))
    assert [f"{match.rule.id} {match.message}" for match in matches] == []


def test_checkov_finds_only_what_the_opt_ins_resolve(text: str, tmp_path: Path) -> None:
    """The findings are those of the construct without opt-ins, except that a parameter sets the key."""
    report = checked({"template": text}, tmp_path)["template"]

    assert report.passed
    assert report.failed <= {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_149", "CKV_AWS_158"}
    LINES["template"].append(f"checkov: {report.passed} passed, {', '.join(sorted(report.failed))} failed")
