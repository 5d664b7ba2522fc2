"""The cost of the construct, as one table: `make bench`.

Synthesis is compared with a floor in the same run: the same template, written by hand as L1s with the fewest jsii calls.
Both are measured without the CDK's own validation. A time is the minimum of several repetitions, because other work on
the machine only adds to it. A ratio is the median of neighboring pairs, because that work varies. A missed target is
reported, and does not fail the run.
"""

import functools
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

os.environ["CDK_VALIDATION"] = "false"

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secretsmanager
from jsii._kernel.providers.process import _NodeProcess

from local_aws.aws import local_aws
from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.functions.issuer.contract import PROPERTIES, TAGS, Declaration
from ses_secure_user.template import template as cloudformation_template
from tests.lifecycle.account import DAY
from tests.lifecycle.cloudformation import STEPS
from tests.lifecycle.faults import ANSWER, LOGIN
from tests.lifecycle.scenes import BASE, stage

PACKAGE = Path(__file__).parents[1] / "ses_secure_user"
ISSUER, LIFECYCLE = PACKAGE / "functions" / "issuer", PACKAGE.parent / "tests" / "lifecycle"
PLACE = cdk.Environment(account="111122223333", region="eu-west-1")
HOST = "email-smtp.eu-west-1.amazonaws.com"
REPETITIONS = {1: 12, 10: 12, 50: 15}
USERS_PER_ACCESS_POLICY = 23

RUNTIME = "import json, logging, os, sys, time, traceback"
"""What Lambda's own bootstrap has imported before the handler (aws/aws-lambda-python-runtime-interface-client)."""

ISSUE = """
import json, sys, types
import issuer.handler
context = types.SimpleNamespace(log_group_name="/issuer", get_remaining_time_in_millis=lambda: 600_000)
issuer.handler.handler(json.load(sys.stdin), context)
try:  # of this process alone
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
except FileNotFoundError:  # macOS, which counts bytes
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

Json = dict[str, Any]
Make = Callable[[cdk.Stack, int], None]


class Figure(NamedTuple):
    """A row of the table."""

    what: str
    measured: str
    target: str = ""
    met: bool = True


# Synthesis


def construct(stack: cdk.Stack, count: int) -> None:
    for number in range(count):
        SecureSesSmtpUser(
            stack,
            f"User{number}",
            identity="example.com",
            from_address=f"sender{number}@example.com",
            allowed_cidrs=[f"203.0.113.{number}"],
        )


def floor(stack: cdk.Stack, count: int) -> None:
    role, function_arn, invocable = _floor_issuer(stack)
    for first in range(0, count, USERS_PER_ACCESS_POLICY):
        numbers = range(first, min(count, first + USERS_PER_ACCESS_POLICY))
        users = {number: _floor_user(stack, number) for number in numbers}
        access = iam.CfnManagedPolicy(stack, f"Access{first}", policy_document=_access(users), roles=[role])
        for resource in invocable:
            access.add_resource_dependency(resource)
        for number, (user_name, _, secret) in users.items():
            _floor_credential(stack, number, user_name, secret, function_arn).add_resource_dependency(access)


def _floor_issuer(stack: cdk.Stack) -> tuple[str, str, list[cdk.CfnResource]]:
    log_group = logs.CfnLogGroup(stack, "IssuerLogs", retention_in_days=365)
    log_group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.CfnRole(stack, "IssuerRole", assume_role_policy_document=_document(trust))
    role_name = role.ref
    writing = _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attr_arn])
    basics = iam.CfnManagedPolicy(stack, "IssuerBasics", policy_document=_document(writing), roles=[role_name])
    exclude = ["**", "!issuer", "!issuer/*.py"]
    code = assets.Asset(
        stack, "IssuerCode", path=str(PACKAGE / "functions"), exclude=exclude, ignore_mode=cdk.IgnoreMode.GIT
    )
    function = lambda_.CfnFunction(
        stack,
        "IssuerFunction",
        description="Issues, renews and revokes SES SMTP credentials",
        code={"s3Bucket": code.s3_bucket_name, "s3Key": code.s3_object_key},
        handler="issuer.handler.handler",
        runtime="python3.14",
        architectures=["arm64"],
        memory_size=256,
        timeout=600,
        role=role.attr_arn,
        logging_config={
            "logFormat": "JSON",
            "applicationLogLevel": "INFO",
            "systemLogLevel": "WARN",
            "logGroup": log_group.ref,
        },
    )
    function.add_resource_dependency(basics)
    function_arn = function.attr_arn
    invocation = lambda_.CfnEventInvokeConfig(
        stack,
        "IssuerInvocation",
        function_name=function.ref,
        qualifier="$LATEST",
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=300,
    )
    permission = lambda_.CfnPermission(
        stack,
        "IssuerPermission",
        action="lambda:InvokeFunction",
        function_name=function_arn,
        principal="secretsmanager.amazonaws.com",
        source_account=PLACE.account,
    )
    return role_name, function_arn, [invocation, permission]


def _floor_user(stack: cdk.Stack, number: int) -> tuple[str, str, str]:
    document = _restrictions(f"sender{number}@example.com", f"203.0.113.{number}/32")
    policy = iam.CfnManagedPolicy(stack, f"Policy{number}", policy_document=document).ref
    group = iam.CfnGroup(stack, f"Group{number}", managed_policy_arns=[policy]).ref
    secret = secretsmanager.CfnSecret(stack, f"Secret{number}", description="An SES SMTP login").ref
    tags = {"secret": secret, "region": PLACE.region, "host": HOST, "port": "465"}
    user = iam.CfnUser(
        stack,
        f"User{number}",
        groups=[group],
        permissions_boundary=policy,
        tags=[{"key": f"ses-secure-user:{name}", "value": value} for name, value in tags.items()],
    )
    return user.ref, user.attr_arn, secret


def _floor_credential(stack: cdk.Stack, number: int, user_name: str, secret: str, function_arn: str) -> cdk.CfnResource:
    properties = {
        "ServiceToken": function_arn,
        "ServiceTimeout": 900,
        "UserName": user_name,
        "SecretId": secret,
        "Region": PLACE.region,
        "Host": HOST,
        "Port": "465",
    }
    credential = cdk.CfnResource(stack, f"Credential{number}", type="Custom::SesSmtpCredential", properties=properties)
    rotation = secretsmanager.CfnRotationSchedule(
        stack,
        f"Rotation{number}",
        secret_id=secret,
        rotation_lambda_arn=function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": "rate(30 days)"},
    )
    rotation.add_resource_dependency(credential)
    for one in (credential, rotation):
        one.add_override("DeletionPolicy", "Delete")
    return credential


def _restrictions(sender: str, network: str) -> Json:
    action = "ses:SendRawEmail"
    resources = [f"arn:aws:ses:{PLACE.region}:{PLACE.account}:identity/{name}" for name in ("example.com", sender)]
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    allowed = {"StringEquals": {"ses:FromAddress": sender}, "IpAddress": {"aws:SourceIp": network}}
    other_sender, elsewhere = {"ses:FromAddress": sender}, {"aws:SourceIp": network}
    return _document(
        {"Sid": "SendFromNetworks", "Effect": "Allow", "Action": action, "Resource": resources, "Condition": allowed},
        {"Sid": "DenyOtherActions", "Effect": "Deny", "NotAction": action, "Resource": "*"},
        {"Sid": "DenyOtherResources", "Effect": "Deny", "Action": action, "NotResource": resources},
        {"Sid": "DenyOtherSenders", **deny, "Condition": {"StringNotEquals": other_sender}},
        {"Sid": "DenyOtherOrigins", **deny, "Condition": {"NotIpAddress": elsewhere}},
    )


def _access(users: dict[int, tuple[str, str, str]]) -> Json:
    on_users = ["CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "ListUserTags"]
    on_secrets = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "TagResource", "UpdateSecretVersionStage"]
    own_tags = {"aws:TagKeys": ["ses-secure-user:created:*", "ses-secure-user:revoked:*"]}
    return _document(
        _allow([f"iam:{name}" for name in on_users], [arn for _, arn, _ in users.values()]),
        _allow([f"secretsmanager:{name}" for name in on_secrets], [secret for *_, secret in users.values()])
        | {"Condition": {"ForAllValues:StringLike": own_tags}},
    )


def _allow(actions: list[str], resources: list[str]) -> Json:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def synthesize(make: Make, count: int, folder: str) -> Json:
    app = cdk.App(analytics_reporting=False, outdir=folder)
    make(cdk.Stack(app, "Stack", env=PLACE), count)
    app.synth()
    template: Json = json.loads(Path(folder, "Stack.template.json").read_text(encoding="utf-8"))
    return template


def seconds(make: Make, count: int) -> float:
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        synthesize(make, count, folder)
        return time.perf_counter() - started


def synthesis(count: int) -> Figure:
    times: dict[Make, list[float]] = {construct: [], floor: []}
    for number in range(REPETITIONS[count]):
        for make in (construct, floor) if number % 2 else (floor, construct):
            times[make].append(seconds(make, count))
    ratio = median(ours / bare for ours, bare in zip(times[construct], times[floor], strict=True))
    users = "1 user" if count == 1 else f"{count} users"
    text = f"{min(times[construct]):.3f} s, {ratio:.2f} times the floor's {min(times[floor]):.3f} s"
    return Figure(f"synthesis of {users}", text, "at most 1.15", ratio <= 1.15)


def check_floor(count: int) -> None:
    """Make sure that the floor is no less than what it stands for: the same template but for the names."""
    with TemporaryDirectory() as folder:
        ours, bare = (_nameless(synthesize(make, count, f"{folder}/{make.__name__}")) for make in (construct, floor))
    if ours != bare:
        sys.exit(f"the floor is another template: {(ours - bare).total()} resources of {ours.total()} differ")


def _nameless(template: Json) -> Counter[str]:
    """Its resources, each logical id replaced by what is behind it."""
    resources = template["Resources"]

    @functools.cache
    def digest(name: str) -> str:
        text = json.dumps(resources[name], sort_keys=True)
        text = re.sub(r"\w+", lambda word: digest(word[0]) if word[0] in resources else word[0], text)
        return hashlib.sha256(text.encode()).hexdigest()

    return Counter(map(digest, resources))


def calls_per_user(make: Make) -> float:
    """The calls to the CDK's process that one more user costs."""
    counts, send = Counter[int](), _NodeProcess.send
    for count in (10, 20):

        def counted(self: Any, *arguments: Any, count: int = count) -> Any:  # noqa: ANN401 - as jsii has it
            counts[count] += 1
            return send(self, *arguments)

        _NodeProcess.send = counted  # type: ignore[assignment,method-assign]
        seconds(make, count)
    _NodeProcess.send = send  # type: ignore[method-assign]
    return (counts[20] - counts[10]) / 10


def template() -> list[Figure]:
    with TemporaryDirectory() as folder:
        one, two = (synthesize(construct, count, f"{folder}/{count}") for count in (1, 2))
        asset = next(Path(folder, "1").glob("asset.*"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in asset.rglob("*.*"):
                archive.write(path, path.relative_to(asset))
        imports = importing(asset)
    resources = len(two["Resources"]) - len(one["Resources"])
    functions = sum(it["Type"] == "AWS::Lambda::Function" for it in two["Resources"].values())
    size, zipped = len(json.dumps(two)) - len(json.dumps(one)), len(packed.getvalue())
    alone = len(cloudformation_template().encode())
    sent = f"{calls_per_user(construct):.0f}, the floor {calls_per_user(floor):.0f}"
    return [
        Figure("calls to the CDK per further user", sent),
        Figure("resources per further user", str(resources), "at most 6", resources <= 6),
        Figure("functions in a stack of two users", str(functions), "1", functions == 1),
        Figure("template per further user", f"{size:,} bytes"),
        Figure("the template that needs no CDK", f"{alone:,} bytes"),
        Figure("the function's code, zipped", f"{zipped:,} bytes"),
        *imports,
    ]


# The function


def importing(asset: Path) -> list[Figure]:
    """How long the handler takes to import in fresh interpreters, from source alone: Lambda finds no bytecode."""
    clients = "import issuer.handler as it; it._client('iam', 5), it._client('iam', 1), it._client('secretsmanager', 5)"
    codes = {"bare": "", "runtime": RUNTIME, "handler": "import issuer.handler", "clients": clients}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(20):
        for name, code in codes.items():
            started = time.perf_counter()
            interpret(asset, code, {"AWS_DEFAULT_REGION": "eu-west-1"})
            times[name].append((time.perf_counter() - started) * 1000)
    least = {name: min(measured) for name, measured in times.items()}
    own, runtime, clients_too = (least[name] - least["bare"] for name in ("handler", "runtime", "clients"))
    more = own - runtime
    text = f"{more:.0f} ms, after {runtime:.0f} ms for what Lambda's runtime has by then"
    return [
        Figure("import of the handler, without boto3", text, "below 30 ms", more < 30),
        Figure("the same with boto3 and all clients made", f"{clients_too:.0f} ms"),
    ]


def interpret(asset: Path, code: str, env: dict[str, str], given: str = "") -> str:
    """Run code in a fresh interpreter that finds the function's code as Lambda does."""
    command = [sys.executable, "-IB", "-c", f"import sys; sys.path.insert(0, {str(asset)!r})\n{code}"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8", env=env, input=given).stdout


def memory() -> Figure:
    """The peak of a process that has served one Create event of a local AWS, the proving login and the answer too."""
    with local_aws() as aws:
        aws.client("s3").create_bucket(Bucket="answers")
        to = {"Bucket": "answers", "Key": "answer"}
        secret = aws.client("secretsmanager").create_secret(Name="login")["ARN"]
        wanted = Declaration(secret, "us-east-1", "email-smtp.us-east-1.amazonaws.com", "465")
        tags = [{"Key": key, "Value": text} for key, text in wanted.named(TAGS).items()]
        aws.client("iam").create_user(UserName="mailer", Tags=tags)
        event = {
            "RequestType": "Create",
            "ResponseURL": aws.client("s3").generate_presigned_url("put_object", Params=to),
            "ResourceProperties": {"UserName": "mailer", **wanted.named(PROPERTIES)},
            **{name: name for name in ("StackId", "RequestId", "LogicalResourceId")},
        }
        env = aws.env | {"AWS_DEFAULT_REGION": aws.env["AWS_REGION"], "SSL_CERT_FILE": str(aws.ca_file)}
        redirected = (Path(aws.env["PYTHONPATH"]) / "sitecustomize.py").read_text(
            encoding="utf-8"
        )  # not loaded by `interpret` itself
        kilobytes = int(interpret(PACKAGE / "functions", redirected + ISSUE, env, json.dumps(event)))
        answer = json.load(aws.client("s3").get_object(**to)["Body"])
    if answer["Status"] != "SUCCESS":
        sys.exit(f"nothing was issued: {answer}")
    return Figure("peak memory of the function's process, one issue", f"{kilobytes / 1024:.0f} MB")


def calls() -> list[Figure]:
    """The AWS calls of the real handler, as the world of the life cycle's tests counts them."""
    with stage() as on:
        assert on.stack.deploy(BASE)
        created = on.stack.delivery.points
        assert on.rotation.run().succeeded  # so that the next one has a key to delete
        on.world.pass_time(DAY)
        before = set(on.rotation.secret.versions)
        token = on.rotation.begin()
        steps = [on.rotation.step(step, token).points for step in STEPS]
        versions = len(set(on.rotation.secret.versions) - before)
    issue, *rotation = (sum(point not in {LOGIN, ANSWER} for point in points) for points in (created, *steps))
    each = " + ".join(map(str, rotation))
    return [
        Figure("AWS calls of an issue (a Create event)", str(issue), "at most 12", issue <= 12),
        Figure(
            "AWS calls of a rotation (its four steps)", f"{sum(rotation)} = {each}", "at most 20", sum(rotation) <= 20
        ),
        Figure("versions of the secret that a rotation makes", str(versions), "1", versions == 1),
        Figure("lines of the issuer", f"{lines(ISSUER):,}", "at most 1,100", lines(ISSUER) <= 1_100),
        Figure("lines of its tests", f"{lines(LIFECYCLE):,}", "at most 3,450", lines(LIFECYCLE) <= 3_450),
    ]


def lines(folder: Path) -> int:
    return sum(length(path) for path in folder.rglob("*.py") if "node_modules" not in path.parts)


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def house() -> list[Figure]:
    """How the code is laid out."""
    construct = PACKAGE / "secure_ses_smtp_user.py"
    imported = len(set(re.findall(r"^from (\.[\w.]+) import", construct.read_text(encoding="utf-8"), re.MULTILINE)))
    largest = max(PACKAGE.rglob("*.py"), key=length)
    tests = lines(PACKAGE.parent / "tests") / lines(PACKAGE)
    return [
        Figure("modules that the construct imports", str(imported), "at most 9", imported <= 9),
        Figure(
            "lines of the largest file", f"{length(largest)}, {largest.name}", "at most 300", length(largest) <= 300
        ),
        Figure("lines of the tests for a line of the package", f"{tests:.2f}", "at most 1.9", tests <= 1.9),
    ]


def main() -> None:
    check_floor(max(REPETITIONS))
    figures = [*map(synthesis, REPETITIONS), *template(), memory(), *calls(), *house()]
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, aws-cdk-lib {version('aws-cdk-lib')}\n")
    width, measured = (max(len(str(row[column])) for row in figures) for column in (0, 1))
    for row in figures:
        verdict = f"target {row.target}{'' if row.met else ': missed'}" if row.target else ""
        print(f"{row.what:{width}}  {row.measured:{measured}}  {verdict}".rstrip())


if __name__ == "__main__":
    main()
