"""`revoke` on a deployed login: the leaked key is deleted, the current login works, and a run can be repeated."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from local_aws.aws import LocalAws
from local_aws.ses.password import smtp_password
from ses_secure_user.cli.account.login_secret import Login as StoredLogin
from ses_secure_user.cli.revoke.leak import Standing, State
from ses_secure_user.cli.revoke.revoked_claims import Revoked, revoked_claims
from ses_secure_user.cli.verify.postbox import Reply
from tests.cli.command import Command, deployed, evidence, verdicts

ROOT = Path(__file__).parents[2]
ANYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}}

Login = dict[str, Any]


@pytest.fixture
def command(aws: LocalAws, request: pytest.FixtureRequest) -> Iterator[Command]:
    """Deploy a login for one test. Rotations finish while the command waits."""
    name = "".join(word.title() for word in re.findall(r"[a-z]+", request.node.originalname))[:40]
    with deployed(aws, name) as made:
        made.meanwhile = lambda _: aws.wait_for_rotations()
        yield made
        aws.smtp_up()


def revoke(command: Command, *arguments: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Run the command, and return its JSON with the exit code. Check that no output contains a key, password or
    account."""
    done = command.run("revoke", *arguments, "--json", **options)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert command.aws.leaked_in(done.output) == []
    return {**json.loads(done.stdout), "exit": done.exit_code}


def login(command: Command, label: str = "AWSCURRENT") -> Login:
    return command.aws.value(command.secret, label)


def works(command: Command, one: Login) -> bool:
    return command.aws.login(one["username"], one["password"])


def end(one: Login) -> str:
    return str(one["username"][-4:])


def test_the_current_key_is_deleted_in_two_runs(command: Command) -> None:
    leaked = login(command)

    shown = revoke(command, command.secret)
    assert (shown["exit"], verdicts(shown)) == (2, {"leaked-key": "not proved"})
    assert login(command) == leaked, "nothing was changed"
    assert shown["key"] == f"…{end(leaked)}: active, the current login"
    assert shown["worth"] == "mail as noreply@example.com from 203.0.113.0/24, nothing else"
    assert shown["plan"] == [
        "rotate the secret: another login becomes current, and the leaked one still works",
        "wait until all applications have read the current login, and run this command again",
        "rotate again: the key is then in no login, and is deleted",
    ]

    first = revoke(command, command.secret, "--yes")
    assert (first["exit"], verdicts(first)) == (2, {"leaked-key": "not proved"})
    again = f"ses-secure-user revoke {first['secret']} --key {end(leaked)} --yes"
    assert evidence(first, "leaked-key").endswith(f"after all applications have read the current login, run {again}")
    second = login(command)
    assert second != leaked
    assert works(command, leaked)

    last = revoke(command, *again.split()[2:])
    assert (last["exit"], set(verdicts(last).values())) == (0, {"proved"})
    assert verdicts(last).keys() == {"leaked-key", "leaked-login", "current-login"}
    assert not works(command, leaked)
    assert works(command, second)
    assert works(command, login(command))

    before = command.aws.keys(command.user)
    repeated = revoke(command, *again.split()[2:])
    assert (repeated["exit"], repeated["plan"]) == (0, [])
    assert command.aws.keys(command.user) == before, "a deleted key needs no rotation"


def test_with_a_wait_one_run_deletes_the_key(command: Command) -> None:
    leaked = login(command)
    report = revoke(command, leaked["username"], "--yes", "--wait", "60")
    assert report["exit"] == 0, report
    assert command.secret.endswith(report["secret"][-6:]) or report["secret"] in command.secret
    (waited,) = (one for one in command.slept if one > 1000)
    assert 3500 < waited <= 3700, "one hour after the new login was created"
    assert not works(command, leaked)
    assert works(command, login(command))


def test_a_run_after_an_interruption_waits_for_the_rest(command: Command) -> None:
    leaked = login(command)

    def interrupted(seconds: float) -> None:
        command.aws.wait_for_rotations()
        if seconds > 1000:
            raise KeyboardInterrupt

    command.meanwhile = interrupted
    report = revoke(command, command.secret, "--yes", "--wait", "60")
    assert report["exit"] == 2
    assert report["error"].startswith("interrupted; to continue, run ses-secure-user revoke ")
    again = report["error"].partition("ses-secure-user revoke ")[2].split()
    assert works(command, leaked)

    command.meanwhile = lambda _: command.aws.wait_for_rotations()
    command.now = datetime.now(UTC) + timedelta(minutes=50)
    command.slept.clear()
    report = revoke(command, *again, "--wait", "60")
    assert report["exit"] == 0
    assert [500 < one < 700 for one in command.slept if one > 100] == [True], command.slept
    assert not works(command, leaked)


def test_the_previous_key_is_deleted_by_one_rotation(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.rotate(command.secret)
    report = revoke(command, leaked["username"], "--yes")
    assert report["exit"] == 0
    assert report["key"] == f"…{end(leaked)}: active, the previous login, which works until the next rotation"
    assert report["plan"] == ["rotate the secret: the key is then in no login, and is deleted"]
    assert not works(command, leaked)


def test_a_key_without_a_login_is_deleted(aws: LocalAws, command: Command) -> None:
    """A rotation would keep it for a while, because another event may be about to use it."""
    current = login(command)
    stray = aws.client("iam").create_access_key(UserName=command.user)["AccessKey"]["AccessKeyId"]
    for options in ((), ("--yes",)):
        report = revoke(command, stray, *options)
        assert report["key"] == f"…{stray[-4:]}: active, neither the current nor the previous login"
        assert report["plan"] == ["deactivate and delete the key: SES then refuses its login"]
    assert (report["exit"], verdicts(report)) == (0, {"leaked-key": "proved", "current-login": "proved"})
    assert aws.keys(command.user) == [current["username"]]
    assert login(command) == current, "no application has to read another login"


def test_now_ends_the_login_before_another_is_issued(aws: LocalAws, command: Command) -> None:
    leaked, seen = login(command), []

    def look(_: float) -> None:
        seen.append(works(command, leaked))
        aws.wait_for_rotations()

    command.meanwhile = look
    report = revoke(command, command.secret, "--now", "--yes")
    assert report["exit"] == 0, report
    assert [one.partition(":")[0] for one in report["plan"]] == [
        "deactivate and delete the key",
        "rotate the secret",
    ]
    assert report["plan"][0].endswith("and senders fail until they read the next login")
    assert True not in seen
    assert leaked["username"] not in aws.keys(command.user)
    assert works(command, login(command))


def test_now_keeps_the_current_login_with_another_key(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.rotate(command.secret)
    current = login(command)
    report = revoke(command, leaked["username"], "--now", "--yes")
    assert report["exit"] == 0
    assert login(command) == current
    assert aws.keys(command.user) == [current["username"]]


def test_a_run_interrupted_after_the_deletion_is_repeated(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.client("iam").delete_access_key(UserName=command.user, AccessKeyId=leaked["username"])
    shown = revoke(command, command.secret)
    assert (shown["exit"], shown["plan"]) == (
        1,
        ["rotate the secret: another login becomes current, because the key of this one does not exist"],
    )
    assert "is not active; rotate the secret" in evidence(shown, "current-login")
    report = revoke(command, command.secret, "--yes")
    assert report["exit"] == 0
    assert works(command, login(command))


def test_a_key_deactivated_by_hand_is_deleted(aws: LocalAws, command: Command) -> None:
    """AWS recommends to deactivate a key first. The next rotation deletes it."""
    leaked = login(command)
    aws.client("iam").update_access_key(UserName=command.user, AccessKeyId=leaked["username"], Status="Inactive")
    report = revoke(command, leaked["username"], "--yes")
    assert report["exit"] == 0
    assert report["key"].startswith(f"…{end(leaked)}: deactivated, the current login")
    assert aws.keys(command.user) == [login(command)["username"]]


@contextmanager
def by_hand(aws: LocalAws) -> Iterator[Login]:
    """Create a user by hand, with a key that can send as anyone."""
    iam = aws.client("iam")
    iam.create_user(UserName="by-hand")
    iam.put_user_policy(UserName="by-hand", PolicyName="Anything", PolicyDocument=json.dumps(ANYTHING))
    key = iam.create_access_key(UserName="by-hand")["AccessKey"]
    yield {
        "username": key["AccessKeyId"],
        "password": smtp_password(key["SecretAccessKey"], "us-east-1"),
    }
    iam.delete_access_key(UserName="by-hand", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="by-hand", PolicyName="Anything")
    iam.delete_user(UserName="by-hand")


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--now")], ids=["yes", "now"])
def test_a_key_of_another_user_is_not_touched(aws: LocalAws, command: Command, options: tuple[str, ...]) -> None:
    """Neither if it is named by its id, nor if its login was stored in the secret."""
    current = login(command)
    with by_hand(aws) as foreign:
        alone = revoke(command, foreign["username"], *options)
        text = json.dumps(current | foreign)
        aws.client("secretsmanager").put_secret_value(SecretId=command.secret, SecretString=text)
        pasted = revoke(command, command.secret, *options)
        assert works(command, foreign)
        assert works(command, current)
    assert alone["exit"] == pasted["exit"] == 2
    assert alone["error"] == (
        f"the key …{end(foreign)} belongs to the IAM user by-hand, which was not created by SecureSesSmtpUser: nothing was"
        " changed. Deactivate it (aws iam update-access-key --user-name by-hand --access-key-id KEY-ID --status Inactive),"
        " check which senders fail, and delete it (aws iam delete-access-key --user-name by-hand --access-key-id KEY-ID)"
    )
    assert pasted["error"] == f"{alone['error']}; then rotate the secret, which holds its login"


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--now")], ids=["yes", "now"])
def test_a_user_with_copied_tags_is_not_touched(aws: LocalAws, command: Command, options: tuple[str, ...]) -> None:
    """The secret that its tags name must also name the user."""
    iam = aws.client("iam")
    with by_hand(aws) as foreign:
        iam.tag_user(UserName="by-hand", Tags=iam.get_user(UserName=command.user)["User"]["Tags"])
        report = revoke(command, foreign["username"], *options)
        assert aws.keys("by-hand") == [foreign["username"]]
        assert works(command, foreign)
    assert report["exit"] == 2
    assert (
        "belongs to the IAM user by-hand, which was not created by SecureSesSmtpUser: nothing was changed"
        in report["error"]
    )


def test_a_key_whose_secret_is_deleted(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    secrets = aws.client("secretsmanager")
    secrets.delete_secret(SecretId=command.secret, RecoveryWindowInDays=7)
    try:
        kept = revoke(command, leaked["username"], "--yes")
        assert works(command, leaked)
        ended = revoke(command, leaked["username"], "--yes", "--now")
    finally:
        secrets.restore_secret(SecretId=command.secret)
    assert (kept["exit"], kept["plan"]) == (2, [])
    assert kept["key"].endswith(
        "active, possibly a login that applications still use, because its secret does not exist"
    )
    assert "is scheduled for deletion: use --now to delete the key anyway" in evidence(kept, "leaked-key")
    assert (ended["exit"], verdicts(ended)) == (0, {"leaked-key": "proved"})
    assert aws.keys(command.user) == []


def test_a_login_that_is_never_rotated(aws: LocalAws) -> None:
    with deployed(aws, "NeverRotatedNorRevoked", rotation_interval=None) as command:
        kept = revoke(command, command.secret, "--yes")
        ended = revoke(command, command.secret, "--yes", "--now")
        keys = aws.keys(command.user)
    assert (kept["exit"], kept["plan"]) == (2, [])
    assert "because the secret has no rotation function: use --now to delete the key anyway" in evidence(
        kept, "leaked-key"
    )
    assert (ended["exit"], keys) == (1, [])
    assert verdicts(ended) == {"leaked-key": "proved", "leaked-login": "not proved", "current-login": "broken"}
    assert "is not active; the secret has no rotation function, so deploy the stack" in evidence(ended, "current-login")


def test_a_rotation_that_was_turned_off_is_turned_on_again(aws: LocalAws, command: Command) -> None:
    secrets = aws.client("secretsmanager")
    secrets.cancel_rotate_secret(SecretId=command.secret)
    report = revoke(command, command.secret, "--yes", "--wait", "0")
    assert report["exit"] == 0
    assert report["plan"][0].startswith("rotate the secret, which turns its rotation on again: ")
    assert secrets.describe_secret(SecretId=command.secret)["RotationEnabled"]


def test_a_failed_rotation_is_reported_and_continued(aws: LocalAws, command: Command) -> None:
    """While a rotation is not complete, Secrets Manager refuses another and retries the first."""
    leaked = login(command)
    aws.smtp_down()
    failed = revoke(command, command.secret, "--yes", "--wait", "0")
    aws.smtp_up()
    assert failed["exit"] == 2
    assert failed["error"].startswith("after 15 minutes the rotation has not finished: see the log group")
    assert failed["error"].endswith(f"--key {end(leaked)} --yes")
    assert login(command) == leaked
    report = revoke(command, command.secret, "--key", end(leaked), "--yes", "--wait", "0")
    assert report["exit"] == 0, report
    assert not works(command, leaked)


def test_a_key_of_a_rotation_in_progress(aws: LocalAws, command: Command) -> None:
    """It is about to become current, so the command waits for the rotation."""
    secrets, current = aws.client("secretsmanager"), login(command)
    key = aws.client("iam").create_access_key(UserName=command.user)["AccessKey"]["AccessKeyId"]
    token = "7" * 36
    secrets.put_secret_value(
        SecretId=command.secret,
        ClientRequestToken=token,
        SecretString=json.dumps(current | {"username": key}),
        VersionStages=["AWSPENDING"],
    )
    waited = revoke(command, key, "--yes")
    assert waited["exit"] == 2
    assert waited["error"].startswith(
        "after 15 minutes the rotation in progress has not finished: use --now to delete the key"
    )
    ended = revoke(command, key, "--yes", "--now")
    secrets.update_secret_version_stage(SecretId=command.secret, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    assert ended["exit"] == 0
    assert ended["key"] == f"…{key[-4:]}: active, the login of a rotation in progress"
    assert aws.keys(command.user) == [current["username"]]


@pytest.mark.parametrize(("refused_after", "verdict"), [(0, "proved"), (20, "proved"), (99, "broken")])
def test_a_deleted_key_is_tested_until_it_is_refused(refused_after: int, verdict: str) -> None:
    """SES may accept it for some time after the deletion. The command waits for three minutes."""
    slept: list[float] = []

    def log_in(one: StoredLogin) -> Reply:
        accepted = one.key_id == "current" or len(slept) < refused_after
        return Reply(235 if accepted else 535, "", "AUTH")

    leak = mock.Mock(login=StoredLogin("leaked", "-", {}), unrenewable="")
    state = State(None, Standing.NEITHER, None, None, StoredLogin("current", "-", {}), current_works=True)
    revoked = Revoked(leak, state, mock.Mock(log_in=log_in), slept.append, "")

    (finding,) = (one.judge(revoked) for one in revoked_claims(revoked) if one.name == "leaked-login")

    assert finding.verdict == verdict
    assert sum(slept) == min(refused_after * 5, 180)


def test_a_login_ends_without_access_to_the_endpoint(aws: LocalAws, command: Command) -> None:
    """Many administrators cannot reach it. The claims that SES judges are then not proved."""
    leaked = login(command)
    aws.rotate(command.secret)

    def offline(_: float) -> None:
        aws.wait_for_rotations()
        aws.smtp_down()

    command.meanwhile = offline
    report = revoke(command, leaked["username"], "--yes")
    assert report["exit"] == 2
    assert verdicts(report) == {"leaked-key": "proved", "leaked-login": "not proved", "current-login": "not proved"}
    assert "cannot be reached" in evidence(report, "current-login")


def rights() -> set[str]:
    """Return the actions that the documentation lists."""
    text = (
        (ROOT / "docs" / "rotation.md")
        .read_text(encoding="utf-8")
        .partition("## Revoke a login")[2]
        .partition("\n## ")[0]
    )
    return set(re.findall(r"`((?:iam|secretsmanager|lambda|kms):\w+)`", text))


def test_the_documented_permissions_are_exactly_those_needed(command: Command) -> None:
    needed = rights()
    assert needed >= {"iam:DeleteAccessKey", "secretsmanager:RotateSecret", "lambda:InvokeFunction"}
    leaked = login(command)
    reading = {"iam:GetPolicy", "iam:GetPolicyVersion"}
    for action in sorted(needed - reading - {"lambda:InvokeFunction", "kms:Decrypt"}):
        report = as_operator(command, needed - {action}, leaked["username"])
        assert report["exit"] == 2, f"without {action}"
        assert action.partition(":")[2] in report["error"], report
    assert leaked["username"] not in command.aws.keys(command.user), "the rotation is the last step"
    report = as_operator(command, needed, *report["error"].partition("ses-secure-user revoke ")[2].split()[:-1])
    assert report["exit"] == 0, report
    assert report["worth"].startswith("mail as noreply@example.com")
    report = as_operator(command, needed - reading, command.secret)
    assert (report["exit"], report["worth"]) == (
        0,
        "unknown: these credentials may not read the user's policy",
    )


def as_operator(command: Command, actions: set[str], *named: str) -> dict[str, Any]:
    """Run the command with only these permissions."""
    iam = command.aws.client("iam")
    iam.create_user(UserName="operator")
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="operator", PolicyName="Operator", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    try:
        return revoke(command, *named, "--now", "--yes", env=env)
    finally:
        iam.delete_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName="operator", PolicyName="Operator")
        iam.delete_user(UserName="operator")


UNKNOWN = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ASIAIOSFODNN7EXAMPLE",), "…MPLE is a key of temporary credentials, which SMTP does not accept"),
        ((UNKNOWN,), "no IAM user of this account has the key …MPLE: it was deleted or belongs to another account;"),
        (("nothing",), "there is no secret nothing in us-east-1"),
        (("SECRET", "--key", "ZZZZ"), "no key of the user or the secret ends in ZZZZ: the keys are …"),
    ],
    ids=["temporary", "unknown", "no secret", "no such end"],
)
def test_a_wrong_key_or_secret_is_an_error(shared: Command, arguments: tuple[str, ...], said: str) -> None:
    given = [shared.secret if one == "SECRET" else one for one in arguments]
    report = revoke(shared, *given, "--yes")
    assert (report["exit"], report["verdict"]) == (2, "not proved")
    assert report["error"].startswith(said)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a", "b"),
        ("a", "--now", "--wait", "1"),
        ("a", "--wait", "-1"),
        (UNKNOWN, "--key", "MPLE"),
        ("a", "--key", ""),
    ],
)
def test_wrong_usage_does_nothing(shared: Command, arguments: tuple[str, ...]) -> None:
    done = shared.run("revoke", *arguments, "--yes")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


def test_the_table_shows_plan_and_claims(shared: Command) -> None:
    done = shared.run("revoke", shared.secret)
    assert done.exit_code == 2
    assert "1. rotate the secret: another login becomes current" in done.stdout
    assert "nothing was changed: use --yes to run the steps" in done.stdout
    assert shared.aws.leaked_in(done.output) == []


@pytest.fixture(scope="module")
def shared(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "NothingIsDone") as made:
        before = aws.keys(made.user)
        yield made
        assert aws.keys(made.user) == before
