"""The local AWS for the tests and the demo: start, deployment and inspection."""

import json
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple
from unittest.mock import patch
from urllib.parse import quote

import boto3
from aws_cdk import App
from botocore.exceptions import ClientError

from local_aws.cloudformation.assembly import ACCOUNT, choose, publish, unlock, unpublish
from local_aws.cloudformation.stacks import DeploymentFailed, Stacks
from local_aws.inventory import inventory, log_lines
from local_aws.process import SMTP, emulator
from local_aws.ses.names import names, resolver
from local_aws.ses.password import smtp_password
from local_aws.shapes import Anything, Client, Json
from local_aws.waiting import wait_for

__all__ = ["ACCOUNT", "REGION", "DeploymentFailed", "Key", "LocalAws", "local_aws"]

REGION = "us-east-1"
REGIONS = (REGION, "eu-west-1")
TEMPLATES = "templates"
UNPACKED = str(Path.home() / ".cache" / "aws" / "jsii" / "package-cache")
"""The cache in which jsii keeps the unpacked CDK, which takes ten seconds to unpack. It is the default on Linux."""
UNFINISHED = "A previous rotation isn't complete"


class Key(NamedTuple):
    """An access key and the passwords derived from it, which must not leak."""

    access_key_id: str
    secret_access_key: str
    smtp_passwords: dict[str, str]


@contextmanager
def local_aws(*options: str) -> Iterator["LocalAws"]:
    """Run a local AWS. ``--unpatched`` runs ministack without patches."""
    with TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Without `in_place_of_ses`, SES's names do not resolve.
        with patch.object(socket, "getaddrinfo", resolver({})), emulator(folder, *options) as url:
            aws = LocalAws(folder, url)
            try:
                yield aws
            finally:
                aws.close()


@contextmanager
def verified_aws() -> Iterator["LocalAws"]:
    """Run a local AWS with two verified domains."""
    with local_aws() as running:
        for identity in ("example.com", "example.org"):
            running.client("sesv2").create_email_identity(EmailIdentity=identity)
        yield running


class LocalAws:
    """The running local AWS. Its account is ``000000000000``, and its first region is ``us-east-1``."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._clients: dict[tuple[str, str], Client] = {}
        self._stacks: dict[str, Stacks] = {}
        self._smtp = dict(SMTP)
        self._entries: defaultdict[str, list[Json]] = defaultdict(list)
        self._read_to = 0
        self.ca_file = folder / "ca.pem"
        self.env = _environment(folder, url)

    def client(self, service: str, region: str = REGION) -> Client:
        """Return a boto3 client of a service, with the credentials of the account's root user."""
        if (service, region) not in self._clients:
            session: Anything = boto3.Session("test", "test", region_name=region)
            self._clients[service, region] = session.client(service, endpoint_url=self._url)
        return self._clients[service, region]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def cdk(self, *arguments: str, app: App | Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the real CDK CLI on an app, which is synthesized first, or on a cloud assembly."""
        command = ["cdk", *arguments, "--no-notices", *(("--app", str(_assembly(app))) if app else ())]
        return subprocess.run(
            command, env=self.env, cwd=self._folder, capture_output=True, encoding="utf-8", check=False
        )

    def bootstrap(self) -> None:
        """Bootstrap the account for the CDK CLI, once."""
        if (self._folder / "bootstrapped").exists():
            return
        unpublish(self.client("s3"), self.client("ssm"))
        done = self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        if done.returncode:
            raise DeploymentFailed(done.stderr)
        unlock(self.client("s3"))
        (self._folder / "bootstrapped").touch()

    def deploy(
        self, app: App | Path, stack: str | None = None, *, region: str = REGION, role: str | None = None
    ) -> dict[str, str]:
        """Deploy one stack of an app without the CLI, and return its outputs.

        Args:
            app: The app, or the folder of its cloud assembly.
            stack: The name of the stack. Default: the only stack of the app.
            region: The region. Default: the first one.
            role: The ARN of CloudFormation's execution role. Default: the account's root user.

        Raises:
            DeploymentFailed: The deployment failed. The message contains the reasons in the stack's events.
        """
        folder = _assembly(app)
        publish(folder, self.client("s3", region), self.client("ssm", region))
        name, template = choose(folder, stack, region)
        return self._in(region).deploy(name, role, TemplateURL=f"{self._url}/{template}")

    def create(  # noqa: PLR0913 - the parameters of CreateStack
        self,
        stack: str,
        body: str,
        parameters: Mapping[str, str],
        *,
        capabilities: Sequence[str] = ("CAPABILITY_NAMED_IAM",),
        tags: Mapping[str, str] | None = None,
        role: str | None = None,
        region: str = REGION,
    ) -> dict[str, str]:
        """Create or update a stack from the text of a template, without the CDK, and return its outputs.

        Raises:
            DeploymentFailed: The template or a parameter is refused, or the operation failed.
        """
        s3, key = self.client("s3"), f"{stack}.template.json"
        s3.create_bucket(Bucket=TEMPLATES)
        s3.put_object(Bucket=TEMPLATES, Key=key, Body=body.encode())
        return self._in(region).deploy(
            stack,
            role,
            TemplateURL=f"{self._url}/{TEMPLATES}/{key}",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=list(capabilities),
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )

    def asked_of(self, role: str) -> set[str]:
        """Return the actions that CloudFormation requested with a role, both allowed and denied."""
        return {entry["action"] for entry in self._journal("asked") if entry["role"] == role}

    def acting_as(self, role: str, service: str) -> Client:
        """Return a boto3 client of a service with the permissions of a role."""
        assumed = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        session: Anything = boto3.Session(
            assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], region_name=REGION
        )
        return session.client(service, endpoint_url=self._url)

    def destroy(self, stack: str, *, region: str = REGION) -> None:
        """Delete a stack, if it exists."""
        self._in(region).destroy(stack)

    def events(self, stack: str, *, region: str = REGION) -> list[Json]:
        """Return the events of a stack, which may be deleted, in chronological order."""
        return self._in(region).events(stack)

    def _in(self, region: str) -> Stacks:
        return self._stacks.setdefault(region, Stacks(self.client("cloudformation", region)))

    def invoke(self, function: str, event: Json, *, region: str = REGION) -> Anything:
        """Invoke a function, and return its response, or its error as Lambda reports it."""
        answer = self.client("lambda", region).invoke(FunctionName=function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read() or "null")

    def rotate(self, secret: str, expect: Literal["success", "failure"] = "success", *, region: str = REGION) -> Json:
        """Rotate a secret, wait for the rotation, and return its token and the step that failed."""
        self.wait_for_rotations()
        before = len(self._journal("rotation"))
        token = self._start_rotation(secret, region)
        end = wait_for(lambda: self._rotation(token, before), f"the rotation of {secret}")
        if (end["failed"] is None) != (expect == "success"):
            raise AssertionError(f"the rotation of {secret} should be a {expect}, failed step: {end['failed']}")
        return end

    def wait_for_rotations(self) -> None:
        """Wait until all rotations have ended, including tests of rotation schedules."""
        wait_for(lambda: len(self._journal("rotation begun")) == len(self._journal("rotation")), "all rotations")

    def _start_rotation(self, secret: str, region: str) -> str:
        api = self.client("secretsmanager", region)
        try:
            return str(api.rotate_secret(SecretId=secret)["VersionId"])
        except ClientError as error:
            if UNFINISHED not in str(error):
                raise
        versions: dict[str, list[str]] = api.describe_secret(SecretId=secret)["VersionIdsToStages"]
        return next(version for version, stages in versions.items() if "AWSPENDING" in stages)

    def _rotation(self, token: str, start: int) -> Json | None:
        return next((end for end in self._journal("rotation")[start:] if end["token"] == token), None)

    def _journal(self, kind: str) -> list[Json]:
        with (self._folder / "journal").open(encoding="utf-8") as journal:
            journal.seek(self._read_to)
            while (line := journal.readline()).endswith("\n"):
                entry = json.loads(line)
                self._entries[entry["kind"]].append(entry)
                self._read_to = journal.tell()
        return [*self._entries[kind]]

    def in_place_of_ses(self) -> AbstractContextManager[object]:
        """Resolve SES's names to the local endpoints within a context, in this process. `env` does so in other
        processes."""
        endpoints = json.loads((self._folder / "endpoints.json").read_text(encoding="utf-8"))
        return patch.object(socket, "getaddrinfo", resolver(endpoints))

    def login(self, username: str, password: str, *, region: str = REGION) -> bool:
        """Log in over verified TLS. Return True if the endpoint accepts the login."""
        with self._smtp_session(region) as smtp:
            try:
                smtp.login(username, password)
            except smtplib.SMTPAuthenticationError:
                return False
        return True

    def send(self, username: str, password: str, message: EmailMessage, return_path: str | None = None) -> str:
        """Send a mail in the first region, and return the response of the endpoint: 250, or code and text."""
        with self._smtp_session(REGION) as smtp:
            smtp.login(username, password)
            try:
                smtp.send_message(message, from_addr=return_path)
            except smtplib.SMTPDataError as error:
                text = error.smtp_error
                return f"{error.smtp_code} {text.decode() if isinstance(text, bytes) else text}"
        return "250"

    @contextmanager
    def _smtp_session(self, region: str) -> Iterator[smtplib.SMTP]:
        tls, host = ssl.create_default_context(cafile=str(self.ca_file)), names(region)[0]
        with (
            self.in_place_of_ses(),
            smtplib.SMTP_SSL(host, 465, local_hostname="localhost", timeout=10, context=tls) as smtp,
        ):
            yield smtp

    def smtp_down(self) -> None:
        """Let both endpoints close every new connection."""
        self._control(down=1)

    def smtp_up(self) -> None:
        """Let both endpoints serve connections again."""
        self._control(down=0)

    def refuse_first_logins(self, count: int) -> None:
        """Refuse the first logins of every new key, as during IAM's propagation."""
        self._control(refusals=count)

    def send_from(self, origin: str) -> None:
        """Let mail come from a public address or through a VPC endpoint."""
        self._control(origin=origin)

    def judge_at(self, time: str) -> None:
        """Set the time at which mail is judged, in IAM's format. An empty text stands for the present."""
        self._control(time=time)

    def refuse_logins(self, *, refused: bool) -> None:
        """Refuse all logins, as if SES checked the network at login."""
        self._control(no_login=refused)

    def throttle_mails(self, *, throttled: bool) -> None:
        """Refuse all mail temporarily, as if the send rate were exceeded."""
        self._control(throttled=throttled)

    def judge_simulator_in_sandbox(self, *, judged: bool) -> None:
        """Check SES's mailbox simulator as any other recipient in the sandbox."""
        self._control(strict_sandbox=judged)

    def mails(self) -> list[Json]:
        """Return all accepted mails, each with its text and origin."""
        return self._journal("mail")

    def _control(self, **settings: int | str) -> None:
        self._smtp |= settings
        draft = self._folder / "smtp.json.new"
        draft.write_text(json.dumps(self._smtp), encoding="utf-8")
        draft.replace(self._folder / "smtp.json")

    def value(self, secret: str, label: str = "AWSCURRENT") -> Json:
        """Return the value of a secret's version."""
        answer = self.client("secretsmanager").get_secret_value(SecretId=secret, VersionStage=label)
        return dict(json.loads(answer["SecretString"]))

    def keys(self, user: str) -> list[str]:
        """Return the ids of a user's access keys, the oldest first."""
        keys = self.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        return [key["AccessKeyId"] for key in keys]

    def wait_for_older_keys(self, user: str) -> None:
        """Wait until the next second, because on AWS no user gets two keys within one second."""
        keys = self.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        newest = max(key["CreateDate"].timestamp() for key in keys)
        wait_for(lambda: time.time() >= newest + 1, "the next second")

    def every_key_ever_made(self) -> list[Key]:
        """Return all access keys since the start, including deleted ones, to search for leaks."""
        return [
            Key(entry["id"], entry["secret"], {region: smtp_password(entry["secret"], region) for region in REGIONS})
            for entry in self._journal("key")
        ]

    def leaked_in(self, text: str) -> list[str]:
        """Return all key ids, secret access keys and passwords since the start that a text contains, also
        percent-encoded."""
        made = self.every_key_ever_made()
        secrets = [
            one for key in made for one in (key.access_key_id, key.secret_access_key, *key.smtp_passwords.values())
        ]
        return [secret for secret in secrets if secret in text or quote(secret, safe="") in text]

    def leftovers(self) -> set[str]:
        """Return the names of all resources that a deployment could leave behind."""
        return inventory(self.client, REGIONS)

    def logs(self) -> str:
        """Return all logs of the functions and the emulator."""
        lines = [(self._folder / "emulator.log").read_text(encoding="utf-8")]
        for region in REGIONS:
            lines += log_lines(self.client("logs", region))
        return "\n".join(lines)


def _assembly(app: App | Path) -> Path:
    return app if isinstance(app, Path) else Path(app.synth().directory)


def _environment(folder: Path, url: str) -> dict[str, str]:
    (folder / "empty").touch()
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_CONFIG_FILE": str(folder / "empty"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "empty"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_HOME": str(folder),
        "CDK_VALIDATION": "false",  # it takes seconds, and other tests validate the templates
        "CI": "true",
        "HOME": str(folder),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": UNPACKED,
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "python"),
    }
