"""The examples, which synthesize offline without changes, and the Python blocks, links and pictures of the
documents."""

import json
import re
import shutil
import smtplib
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

import pytest

from local_aws.aws import UNPACKED
from ses_secure_user import __version__
from ses_secure_user.functions.issuer import deployment, handler, lifecycle, logins, patience, smtp
from ses_secure_user.issuing.function_settings import EVENT_AGE_SECONDS, FUNCTION_SECONDS, SERVICE_TIMEOUT_SECONDS
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import restrict

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/app.py"))
PLACEHOLDER = f"https://example.invalid/ses_secure_user-{__version__}-py3-none-any.whl"
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md", ROOT / "README.md", ROOT / "SECURITY.md"]
BLOCKS = [
    pytest.param(block, id=f"{document.stem}-{number}")
    for document in DOCUMENTS
    if document.name != "README.md"  # test_readme.py tests it
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
]

MACHINE = "AWS::StepFunctions::StateMachine"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables of a new virtual environment with the packages in requirements.txt, and without AWS
    credentials.

    `make` installs these packages once, into `.venv/deploy`. The new environment is put before it. The CDK CLI and
    Node.js are those of the tests.
    """
    deploy, fresh = Path(sys.prefix, "deploy"), tmp_path_factory.mktemp("fresh")
    ran(str(deploy / "bin" / "python"), "-m", "venv", "--without-pip", str(fresh))
    (installed,), (own,) = (list(one.glob("lib/python*/site-packages")) for one in (deploy, fresh))
    (own / "deploy.pth").write_text(f"{installed}\n", encoding="utf-8")
    return {
        "VIRTUAL_ENV": str(fresh),
        "PATH": f"{fresh / 'bin'}:{deploy / 'bin'}:{Path(sys.prefix, 'bin')}:/usr/bin:/bin",
        "HOME": str(tmp_path_factory.mktemp("home")),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": UNPACKED,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT))
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def assemblies(environment: dict[str, str], wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Synthesize each example with the CDK CLI, in a copy of its folder and with the wheel, and return the
    assemblies."""
    made = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp("copies") / name
        shutil.copytree(ROOT / "examples" / name, folder)
        requirements = folder / "requirements.txt"
        requirements.write_text(
            requirements.read_text(encoding="utf-8").replace(PLACEHOLDER, wheel.as_uri()), encoding="utf-8"
        )
        pip = ("pip", "--python", environment["VIRTUAL_ENV"], "install", "--quiet", "--no-index", "--no-compile")
        ran(*pip, "--requirement", str(requirements), cwd=folder, env=environment)
        ran("cdk", "synth", "--quiet", "--no-notices", cwd=folder, env=environment)
        made[name] = folder / "cdk.out"
    return made


def ran(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a command, which must succeed, and return its output."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def resources(template: Path) -> dict[str, Json]:
    return dict(json.loads(template.read_text(encoding="utf-8"))["Resources"])


def named(found: dict[str, Json], type_name: str) -> dict[str, Json]:
    """Return the properties of the resources of a type, by logical id."""
    return {name: one.get("Properties", {}) for name, one in found.items() if one["Type"] == type_name}


def only(found: dict[str, Json], type_name: str) -> Json:
    (properties,) = named(found, type_name).values()
    return properties


def guard(found: dict[str, Json]) -> dict[str, Json]:
    """Return the statements of the user's policy, by statement id."""
    (boundary,) = (one["PermissionsBoundary"]["Ref"] for one in named(found, "AWS::IAM::User").values())
    return {one["Sid"]: one for one in found[boundary]["Properties"]["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_describes_its_deployment(name: str) -> None:
    text = (ROOT / "examples" / name / "app.py").read_text(encoding="utf-8").partition('"""\n\n')[0]
    assert "    pip install --requirement requirements.txt\n    npm ci --ignore-scripts\n    npx cdk deploy" in text


@pytest.mark.parametrize("file", ["cdk.json", "package.json", "package-lock.json"])
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_deployed_as_app_py_is(name: str, file: str) -> None:
    """It uses the same strict settings and the same version of the CDK CLI."""
    assert (ROOT / "examples" / name / file).read_text(encoding="utf-8") == (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_an_example_requires_the_tested_versions(name: str) -> None:
    """It is synthesized with the packages in requirements.txt, so it must require all of them."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = re.findall(r"^[\w-]+", "\n".join(asked), re.MULTILINE)
    tested = dict(
        re.findall(r"^([\w-]+)(==\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    lines = re.findall(
        r"^([\w-]+)(.*)$", (ROOT / "examples" / name / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    own = {"ses-secure-user": f" @ {PLACEHOLDER}"}
    assert dict(lines) == {each: tested[each] for each in names} | own


@pytest.mark.parametrize("name", NAMES)
def test_an_example_marks_the_placeholder_for_an_address(name: str) -> None:
    """The package is not published, so the address is a placeholder, and a comment says so."""
    text = (ROOT / "examples" / name / "requirements.txt").read_text(encoding="utf-8")
    told, _, rest = text.partition(f"ses-secure-user @ {PLACEHOLDER}\n")
    assert "# PLACEHOLDER: " in told.rpartition("\n\n")[2]
    assert rest == ""


def test_an_example_imports_the_package_from_the_wheel(
    assemblies: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    del assemblies  # they install the wheel
    program = "import ses_secure_user, sys; print(ses_secure_user.__file__.startswith(sys.prefix))"
    assert ran("python", "-c", program, cwd=tmp_path, env=environment) == "True\n"
    program = "import importlib.util as u; print([name for name in ('boto3', 'moto', 'pytest') if u.find_spec(name)])"
    assert ran("python", "-c", program, cwd=tmp_path, env=environment) == "[]\n"


def test_one_user_sends_as_one_address_from_one_network(assemblies: dict[str, Path]) -> None:
    statements = guard(resources(assemblies["one_user"] / "OneUser.template.json"))
    assert statements["SendFromNetworks"]["Condition"] == {
        "StringEquals": {"ses:FromAddress": "noreply@example.com"},
        "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
    }
    assert statements["DenyOtherOrigins"]["Condition"] == {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


def test_the_operator_gets_a_mail_when_the_function_fails(assemblies: dict[str, Path]) -> None:
    found = resources(assemblies["one_user"] / "OneUser.template.json")
    alarm = only(found, "AWS::CloudWatch::Alarm")
    subscription = only(found, "AWS::SNS::Subscription")
    assert alarm["AlarmActions"] == [subscription["TopicArn"]]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operator@example.com")
    (function,) = named(found, "AWS::Lambda::Function")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]


def test_the_service_sends_through_the_allowed_address(assemblies: dict[str, Path]) -> None:
    found = resources(assemblies["ecs_service"] / "EcsService.template.json")
    statements = guard(found)
    (address,) = named(found, "AWS::EC2::EIP")
    public = {"Fn::Join": ["", [{"Fn::GetAtt": [address, "PublicIp"]}, "/32"]]}
    assert statements["SendFromNetworks"]["Condition"]["IpAddress"] == {"aws:SourceIp": public}
    assert statements["DenyOtherOrigins"]["Condition"] == {"NotIpAddress": {"aws:SourceIp": public}}
    assert only(found, "AWS::EC2::NatGateway")["AllocationId"] == {"Fn::GetAtt": [address, "AllocationId"]}
    network = only(found, "AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert all("Private" in subnet["Ref"] for subnet in network["Subnets"])


def test_the_service_starts_after_the_secret_has_a_login(assemblies: dict[str, Path]) -> None:
    """It refers to the attribute of the custom resource. Only its execution role may read the secret."""
    found = resources(assemblies["ecs_service"] / "EcsService.template.json")
    task = only(found, "AWS::ECS::TaskDefinition")
    (container,) = task["ContainerDefinitions"]
    (credential,) = named(found, "Custom::SesSmtpCredential")
    arn = {"Fn::GetAtt": [credential, "SecretArn"]}
    assert {one["Name"]: one["ValueFrom"]["Fn::Join"][1] for one in container["Secrets"]} == {
        "SMTP_USERNAME": [arn, ":username::"],
        "SMTP_PASSWORD": [arn, ":password::"],
    }
    assert {one["Name"] for one in container["Environment"]} == {"SMTP_HOST", "SMTP_PORT"}
    readers = {
        json.dumps(one["Roles"]): statement["Resource"]
        for one in named(found, "AWS::IAM::Policy").values()
        for statement in one["PolicyDocument"]["Statement"]
        if "secretsmanager:GetSecretValue" in statement["Action"]
    }
    (executor,) = (name for name in named(found, "AWS::IAM::Role") if "ExecutionRole" in name)
    assert readers == {json.dumps([{"Ref": executor}]): arn}


def test_each_rotation_replaces_all_tasks(assemblies: dict[str, Path]) -> None:
    """A state machine with no other permissions replaces them."""
    found = resources(assemblies["ecs_service"] / "EcsService.template.json")
    assert named(found, "AWS::Scheduler::Schedule") == {}
    (credential,), (machine,) = (named(found, name) for name in ("Custom::SesSmtpCredential", MACHINE))
    rule = only(found, "AWS::Events::Rule")
    assert rule["State"] == "ENABLED"
    assert rule["EventPattern"]["resources"] == [{"Fn::GetAtt": [credential, "SecretArn"]}]
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Ref": machine}
    (cluster,), (service,) = named(found, "AWS::ECS::Cluster"), named(found, "AWS::ECS::Service")
    filled = {"AWS::Partition": "aws", cluster: "CLUSTER"}
    parts = only(found, MACHINE)["DefinitionString"]["Fn::Join"][1]
    texts = [one if isinstance(one, str) else filled.get(str(one.get("Ref")), "SERVICE") for one in parts]
    assert [one for one in parts if isinstance(one, dict) and "Fn::GetAtt" in one] == [
        {"Fn::GetAtt": [service, "Name"]}
    ]
    (update,) = json.loads("".join(texts))["States"].values()
    assert update["Resource"] == "arn:aws:states:::aws-sdk:ecs:updateService"
    assert update["Parameters"] == {"Cluster": "CLUSTER", "Service": "SERVICE", "ForceNewDeployment": True}
    assert update["End"] is True
    (role,) = (one["RoleArn"]["Fn::GetAtt"][0] for one in named(found, MACHINE).values())
    allowed = [
        (statement["Action"], statement["Resource"])
        for one in named(found, "AWS::IAM::Policy").values()
        if one["Roles"] == [{"Ref": role}]
        for statement in one["PolicyDocument"]["Statement"]
    ]
    assert allowed == [("ecs:UpdateService", {"Ref": service})]


def test_a_task_ends_when_ses_refuses_its_login(assemblies: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    found = resources(assemblies["ecs_service"] / "EcsService.template.json")
    (container,) = only(found, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    python, option, program = container["Command"]
    assert (python, option) == ("python", "-c")
    for name, value in {"SMTP_HOST": "h", "SMTP_PORT": "465", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "p"}.items():
        monkeypatch.setenv(name, value)
    smtp = mock.MagicMock()
    session = smtp.return_value.__enter__.return_value
    smtp.return_value.__exit__.return_value = False
    session.login.side_effect = [None, smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid")]
    monkeypatch.setattr(smtplib, "SMTP_SSL", smtp)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        exec(compile(program, "app.py", "exec"), {})  # noqa: S102 - an example of this repository
    assert session.login.call_args_list == [mock.call("u", "p")] * 2
    assert all(call.kwargs["context"].check_hostname for call in smtp.call_args_list)


@pytest.mark.parametrize(
    ("stage", "account", "domain", "network"),
    [
        ("Test", "222233334444", "test.example.com", "198.51.100.0/24"),
        ("Production", "333344445555", "example.com", "203.0.113.0/24"),
    ],
)
def test_a_stage_has_one_function_for_all_its_stacks(
    assemblies: dict[str, Path], stage: str, account: str, domain: str, network: str
) -> None:
    """The function is in the account of the stage, like the stacks."""
    assembly = assemblies["pipeline"] / f"assembly-Pipeline-{stage}"
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"].values()
    stacks = {one["properties"]["stackName"]: one for one in manifest if one["type"] == "aws:cloudformation:stack"}
    assert set(stacks) == {f"{stage}-Issuer", f"{stage}-Orders", f"{stage}-Alerts"}
    assert {one["environment"] for one in stacks.values()} == {f"aws://{account}/eu-west-1"}
    found = {name: resources(assembly / one["properties"]["templateFile"]) for name, one in stacks.items()}
    functions = {name: len(named(one, "AWS::Lambda::Function")) for name, one in found.items()}
    assert functions == {f"{stage}-Issuer": 1, f"{stage}-Orders": 0, f"{stage}-Alerts": 0}
    for application in ("Orders", "Alerts"):
        users = found[f"{stage}-{application}"]
        token = only(users, "Custom::SesSmtpCredential")["ServiceToken"]
        assert token["Fn::ImportValue"].startswith(f"{stage}-Issuer:")
        assert guard(users)["SendFromNetworks"]["Condition"] == {
            "StringEquals": {"ses:FromAddress": f"{application.lower()}@{domain}"},
            "IpAddress": {"aws:SourceIp": network},
        }


def test_the_pipeline_requires_approval_for_production(assemblies: dict[str, Path]) -> None:
    """It deploys to the test stage first, and waits for a manual approval."""
    found = resources(assemblies["pipeline"] / "Pipeline.template.json")
    stages = {one["Name"]: one["Actions"] for one in only(found, "AWS::CodePipeline::Pipeline")["Stages"]}
    assert list(stages) == ["Source", "Build", "UpdatePipeline", "Assets", "Test", "Production"]
    first = min(stages["Production"], key=lambda action: int(action["RunOrder"]))
    assert first["ActionTypeId"]["Provider"] == "Manual"
    assert [one for one in stages["Production"] if one["RunOrder"] == first["RunOrder"]] == [first]


def test_the_pipeline_synthesizes_this_example(assemblies: dict[str, Path]) -> None:
    """CodeBuild gets the root of the repository, so the test creates one from the folder."""
    project = next(
        one
        for one in named(
            resources(assemblies["pipeline"] / "Pipeline.template.json"), "AWS::CodeBuild::Project"
        ).values()
        if "Synth" in json.dumps(one["Description"])
    )
    phases = json.loads(project["Source"]["BuildSpec"])["phases"]
    assert phases["install"]["commands"] == ["pip install --requirement requirements.txt", "npm ci --ignore-scripts"]
    assert phases["install"]["runtime-versions"].keys() == {"python", "nodejs"}
    assert phases["build"]["commands"] == ["npx cdk synth"]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_python_block_of_the_documents_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "document", "exec"), {"__name__": "__main__"})  # noqa: S102 - a document of this repository


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.name))
def test_the_links_of_a_document_exist(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", document.read_text(encoding="utf-8"))
    targets = [(document.parent / path if path else document, anchor) for path, anchor in links]
    assert [(path, anchor) for path, anchor in targets if anchor not in anchors(path)] == []


def anchors(path: Path) -> set[str]:
    """Return the anchors of a file: an empty one for the file, and one for each heading."""
    if not path.exists():
        return set()
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {"", *(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)}


def test_the_design_shows_the_policy_of_the_first_example() -> None:
    (block,) = re.findall(
        r"^```json\n(.*?)^```", (ROOT / "docs" / "design.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    restrictions = restrict(
        identity="example.com", from_address="noreply@example.com", allowed_cidrs=["203.0.113.0/24"]
    )
    document = policy_document(restrictions, partition="aws", region="eu-west-1", account="111122223333")
    shortened = json.dumps(document["Statement"]).replace("arn:aws:ses:eu-west-1:111122223333", "…")
    assert json.loads(block) == json.loads(shortened)


def test_the_design_shows_the_times_of_the_code() -> None:
    table = (
        (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("\n### Times\n")[2].partition("\n## ")[0]
    )
    assert [int(seconds) for seconds in re.findall(r"\d+", table)] == [
        smtp.TEST_SECONDS,
        smtp.UNREACHABLE_SECONDS,
        patience.CONSISTENCY_SECONDS,
        lifecycle.LIST_SECONDS,
        lifecycle.UNANSWERED_SECONDS,
        logins.GRACE_SECONDS,
        FUNCTION_SECONDS,
        handler.WORK_MARGIN_SECONDS,
        deployment.ANSWER_MARGIN_SECONDS,
        SERVICE_TIMEOUT_SECONDS,
        EVENT_AGE_SECONDS,
    ]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").glob("*.svg")), ids=lambda picture: str(picture.name))
def test_a_picture_stands_alone_and_is_small(picture: Path) -> None:
    """It has a title and a description for screen readers, and supports both themes."""
    text = picture.read_text(encoding="utf-8")
    root = ET.fromstring(text)  # noqa: S314 - a picture of this repository
    assert [child.tag.partition("}")[2] for child in root][:2] == ["title", "desc"]
    assert re.findall(r"(?:href|src|@import|url\((?!#))", text) == []
    assert "(prefers-color-scheme: dark)" in text
    assert len(text) < 12_000
