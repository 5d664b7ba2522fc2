"""What the construct costs, as one table: `make bench`.

Ratios are taken within one run against the floor: the same resources, written by hand as bare L1s, by somebody who asks
the CDK for nothing twice. The CDK's own validation is left out of both. Times are the least of several repetitions, which
alternate; what else the machine does only adds.
"""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

os.environ["CDK_VALIDATION"] = "false"

import aws_cdk as cdk
from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template
from jsii._kernel.providers.process import _NodeProcess

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from ses_secure_user.policy import policy_document
from ses_secure_user.restrictions import restrict

PACKAGE = Path(__file__).parents[1] / "ses_secure_user"
PLACE = cdk.Environment(account="111122223333", region="eu-west-1")
RUNTIME_HAS = "import functools, json, logging, re, traceback, warnings"
MEMORY = (
    "handler._client('iam', 1), handler._client('secretsmanager', 5); "
    "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
)
REPETITIONS = {1: 12, 10: 8, 50: 6}

Make = Callable[[cdk.Stack, int], None]


class Figure(NamedTuple):
    """A row of the table."""

    what: str
    measured: str
    target: str = ""
    met: bool = True


def properties(number: int) -> dict[str, Any]:
    address = f"sender{number}@example.com"
    return {"identity": "example.com", "from_address": address, "allowed_cidrs": [f"203.0.113.{number}"]}


def construct(stack: cdk.Stack, count: int) -> None:
    for number in range(count):
        SecureSesSmtpUser(stack, f"User{number}", **properties(number))


def floor(stack: cdk.Stack, count: int) -> None:
    """The same resources around the same issuer, each property a constant or a reference that was asked for once."""
    function_arn = CredentialIssuer(stack, "SesSecureUserIssuer").function_arn
    partition = Aws.PARTITION
    access = iam.CfnManagedPolicy(stack, "Access", policy_document={}, roles=["role"])
    users = [
        _bare(stack, f"User{number}", properties(number), function_arn, partition, access) for number in range(count)
    ]
    access.policy_document = {
        "Statement": [{"Resource": [user for user, _ in users]}, {"Resource": [one for _, one in users]}]
    }


def _bare(  # noqa: PLR0913, PLR0917 - what is asked for once is handed in
    stack: cdk.Stack, name: str, chosen: dict[str, Any], function_arn: str, partition: str, access: iam.CfnManagedPolicy
) -> tuple[str, str]:
    document = policy_document(
        restrict(**chosen), partition=partition, region=PLACE.region or "", account=PLACE.account or ""
    )
    policy = iam.CfnManagedPolicy(stack, f"{name}Policy", policy_document=document).ref
    group = iam.CfnGroup(stack, f"{name}Group", managed_policy_arns=[policy]).ref
    user = iam.CfnUser(stack, f"{name}User", groups=[group], permissions_boundary=policy)
    user_name = user.ref
    tags = [cdk.CfnTag(key=f"tag{number}", value=user_name) for number in range(5)]
    secret = secretsmanager.CfnSecret(stack, f"{name}Secret", description="SES SMTP login", tags=tags).ref
    login = {"ServiceToken": function_arn, "ServiceTimeout": 900, "UserName": user_name, "SecretId": secret}
    credential = cdk.CfnResource(
        stack, f"{name}Credential", type="Custom::SesSmtpCredential", properties=login | {"Port": 465, "Host": "host"}
    )
    credential.add_resource_dependency(access)
    secretsmanager.CfnRotationSchedule(
        stack,
        f"{name}Rotation",
        secret_id=secret,
        rotation_lambda_arn=function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": "rate(30 days)"},
    ).add_resource_dependency(credential)
    return user.attr_arn, secret


def synthesized(make: Make, count: int, folder: str) -> cdk.Stack:
    app = cdk.App(analytics_reporting=False, outdir=folder)
    stack = cdk.Stack(app, "Stack", env=PLACE)
    make(stack, count)
    app.synth()
    return stack


def seconds(make: Make, count: int) -> float:
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        synthesized(make, count, folder)
        return time.perf_counter() - started


def synthesis(count: int) -> Figure:
    rounds = [(seconds(construct, count), seconds(floor, count)) for _ in range(REPETITIONS[count])]
    ours, bare = (min(times) for times in zip(*rounds, strict=True))
    users = "1 user" if count == 1 else f"{count} users"
    text = f"{ours:.2f} s, {ours / bare:.2f} times the floor"
    largest = count == max(REPETITIONS)
    return Figure(f"synthesis of {users}", text, "1.2 times" if largest else "", not largest or ours / bare <= 1.2)


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
        one, two = (
            Template.from_stack(synthesized(construct, count, f"{folder}/{count}")).to_json() for count in (1, 2)
        )
        asset = next(Path(folder, "1").glob("asset.*"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in asset.rglob("*.py"):
                archive.write(path, path.relative_to(asset))
    resources = len(two["Resources"]) - len(one["Resources"])
    functions = sum(it["Type"] == "AWS::Lambda::Function" for it in two["Resources"].values())
    size, zipped = len(json.dumps(two)) - len(json.dumps(one)), len(packed.getvalue())
    return [
        Figure(
            "calls to the CDK per further user",
            f"{calls_per_user(construct):.0f}, the floor {calls_per_user(floor):.0f}",
        ),
        Figure("resources per further user", str(resources), "6", resources <= 6),
        Figure("functions in a stack of two users", str(functions), "1", functions == 1),
        Figure("template per further user", f"{size:,} bytes"),
        Figure("the function's code, zipped", f"{zipped:,} bytes", "20,000", zipped < 20_000),
    ]


def importing() -> Figure:
    """How long the handler takes to import in a fresh interpreter that has what Lambda's runtime has loaded before."""

    def fresh(code: str) -> float:
        command = [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); {RUNTIME_HAS}; {code}",
        ]
        started = time.perf_counter()
        subprocess.run(command, check=True)
        return time.perf_counter() - started

    rounds = [(fresh("import issuer.handler"), fresh("pass")) for _ in range(15)]
    ours, bare = (min(times) for times in zip(*rounds, strict=True))
    milliseconds = (ours - bare) * 1000
    return Figure("import of the handler, without the SDK", f"{milliseconds:.0f} ms", "30 ms", milliseconds < 30)


def running() -> list[Figure]:
    """AWS calls and memory of the real handler, on moto, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "tests.bench", "handler"], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure("AWS calls of a first issue", str(told["issue"])),
        Figure("AWS calls of a rotation's four steps", str(told["rotation"])),
        Figure("peak memory of the handler with the SDK", f"{told['memory'] / 1024:.0f} MB"),
    ]


def handle() -> None:
    """Print what `running` asks for: the world of the life cycle's tests counts the calls; the SDK alone is measured."""
    from tests.lifecycle.scenes import BASE, stage  # noqa: PLC0415 - imports moto, which nothing else here needs
    from tests.lifecycle.world import ANSWER, LOGIN  # noqa: PLC0415 - the same

    with stage() as on:
        created = on.stack.create(BASE).points
        token = on.rotation.begin()
        steps = [
            on.rotation.step(step, token).points for step in ("createSecret", "setSecret", "testSecret", "finishSecret")
        ]
    script = f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); import issuer.handler as handler; {MEMORY}"
    env = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": PLACE.region or ""}
    alone = subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True, env=env)
    rotation = [point for points in steps for point in points]
    told = {"issue": created, "rotation": rotation}
    calls = {what: sum(point not in {LOGIN, ANSWER} for point in points) for what, points in told.items()}
    print(json.dumps(calls | {"memory": int(alone.stdout)}))


def main() -> None:
    figures = [*map(synthesis, REPETITIONS), *template(), importing(), *running()]
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, aws-cdk-lib {version('aws-cdk-lib')}\n")
    width, measured = (max(len(str(row[column])) for row in figures) for column in (0, 1))
    for row in figures:
        verdict = f"target {row.target}{'' if row.met else ': missed'}" if row.target else ""
        print(f"{row.what:{width}}  {row.measured:{measured}}  {verdict}".rstrip())


if __name__ == "__main__":
    handle() if sys.argv[1:] == ["handler"] else main()
