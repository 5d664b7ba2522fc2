"""Findings of cdk-nag's rule packs and of checkov, by default and with the opt-ins for regulated accounts.

The tables hold the findings of a synthesis with the packs as plugins. docs/accounts-with-rules.md shows them.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk.assertions import Template
from constructs import IConstruct

from tests.cases.shapes import SHAPES, STRICT, made
from tests.construct.checkov import Report, checked
from tests.summary import LINES

PACKS: dict[str, Callable[[IConstruct], cdk_nag.NagPack]] = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "NIST.800-53.R4": cdk_nag.NIST80053R4Checks,
    "NIST.800-53.R5": cdk_nag.NIST80053R5Checks,
    "PCI.DSS.3.2.1": cdk_nag.PCIDSS321Checks,
}

OPT_INS = {
    "CloudWatchLogGroupEncrypted": "`CredentialIssuer(encryption_key=…)`",
    "LambdaConcurrency": "`CredentialIssuer(reserved_concurrent_executions=…)`",
    "LambdaDLQ": "`CredentialIssuer(dead_letter_queue=…)`",
    "LambdaInsideVPC": "`CredentialIssuer(vpc=…)`",
    "SecretsManagerUsingKMSKey": "`SecureSesSmtpUser(encryption_key=…)`",
}
DEFAULTS = {
    "AwsSolutions": set(),
    "HIPAA.Security": set(OPT_INS),
    "NIST.800-53.R4": {"CloudWatchLogGroupEncrypted", "LambdaInsideVPC"},
    "NIST.800-53.R5": set(OPT_INS),
    "PCI.DSS.3.2.1": {"CloudWatchLogGroupEncrypted", "LambdaInsideVPC", "SecretsManagerUsingKMSKey"},
}

PAGE = (Path(__file__).parents[2] / "docs" / "accounts-with-rules.md").read_text(encoding="utf-8")

Finding = tuple[str, str, str, str | None]


def findings(shape: str, folder: Path, *packs: str) -> list[Finding]:
    """Return the findings of the packs for a shape."""
    make, env = SHAPES[shape]
    app = cdk.App(analytics_reporting=False, context=STRICT, outdir=str(folder))
    make(cdk.Stack(app, "Stack", env=env))
    return found_in(app, *packs)


def found_in(app: cdk.App, *packs: str) -> list[Finding]:
    """Synthesize with the packs, and return the pack, rule, construct and acknowledgment of each finding."""
    folder = Path(app.outdir)
    cdk.Validations.of(app).add_plugins(*(PACKS[name](app) for name in packs))
    with suppress(RuntimeError):  # a synthesis with findings fails after it has written them
        app.synth()
    report = folder / "validation-report.json"
    reports = json.loads(report.read_text(encoding="utf-8"))["pluginReports"] if report.exists() else []
    return [
        (pack["pluginName"], re.sub(r"^.*?-", "", one["ruleName"], count=1), where["constructPath"], one.get("reason"))
        for pack in reports
        for one in (*pack["violations"], *pack.get("suppressedViolations", ()))
        for where in one["violatingConstructs"]
    ]


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_finds_only_what_the_opt_ins_resolve(pack: str, tmp_path: Path) -> None:
    found = findings("minimal", tmp_path, pack)
    assert Counter(rule for _, rule, _, _ in found) == Counter(DEFAULTS[pack])
    assert [one for one in found if one[3]] == []
    LINES["rule packs"].append(f"{pack}: {len(found)} findings by default, 0 suppressions")


def test_with_the_opt_ins_only_an_acknowledged_finding_is_left(tmp_path: Path) -> None:
    found = findings("regulated", tmp_path, *PACKS)
    reason = "Lambda attaches the function to its VPC with this role, and its code is denied the same actions"
    assert found == [("AwsSolutions", "IAM5[Resource::*]", "Stack/Issuer/Basics", reason)]
    LINES["rule packs"].extend(
        f"with the opt-ins: {rule} on {where}, acknowledged: {why}" for _, rule, where, why in found
    )


def test_the_alarms_have_no_findings(tmp_path: Path) -> None:
    assert findings("watched", tmp_path, "AwsSolutions") == []


def example() -> cdk.Stack:
    """Return the stack of the first example in the document."""
    block, *_ = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(compile(block, "accounts-with-rules.md", "exec"), names)  # noqa: S102 - our own document
    made_there: cdk.Stack = names["stack"]
    return made_there


def test_the_documents_example_has_no_findings() -> None:
    found = found_in(cast("cdk.App", example().node.root), *PACKS)
    assert [one[:3] for one in found] == [("AwsSolutions", "IAM5[Resource::*]", "Mail/SesSecureUserIssuer/Basics")]
    assert all(reason for *_, reason in found)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    stacks = {"minimal": made("minimal"), "regulated": made("regulated"), "example": example()}
    templates = {name: json.dumps(Template.from_stack(stack).to_json()) for name, stack in stacks.items()}
    return checked(templates, tmp_path_factory.mktemp("checkov"))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("minimal", {"CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_149", "CKV_AWS_158"}),
        ("regulated", {"CKV_AWS_111"}),
        ("example", {"CKV_AWS_111"}),
    ],
)
def test_checkov_finds_only_what_the_opt_ins_resolve(
    reports: dict[str, Report], shape: str, expected: set[str]
) -> None:
    """With the opt-ins, the acknowledged finding is left: Lambda manages network interfaces with the role."""
    assert reports[shape].failed == expected
    assert reports[shape].passed
    LINES["rule packs"].append(
        f"checkov, {shape}: {reports[shape].passed} passed, {', '.join(sorted(expected))} failed"
    )


@pytest.mark.parametrize("pack", PACKS)
def test_the_document_shows_the_table(pack: str) -> None:
    rules = "<br>".join(f"{rule}: {OPT_INS[rule]}" for rule in sorted(DEFAULTS[pack])) or "none"
    assert f"| {pack} | {rules} |" in PAGE
