"""`revoke` on a deployed login: the leaked key ends, the current login works, and what was cut off is repeated."""

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
    """A login of one's own; while the command waits, a rotation that was begun comes to its end."""
    name = "".join(word.title() for word in re.findall(r"[a-z]+", request.node.originalname))[:40]
    with deployed(aws, name) as made:
        made.meanwhile = lambda _: aws.wait_for_rotations()
        yield made
        aws.smtp_up()


def revoke(command: Command, *arguments: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Run the command and give its JSON, with the exit code beside. No output tells a key, a password or an account."""
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


def test_the_current_key_is_ended_in_two_runs(command: Command) -> None:
    leaked = login(command)

    shown = revoke(command, command.secret)
    assert (shown["exit"], verdicts(shown)) == (2, {"leaked-key": "not proved"})
    assert login(command) == leaked, "nothing was done"
    assert shown["key"] == f"…{end(leaked)}: active, the current login"
    assert shown["worth"] == "mail as noreply@example.com from 203.0.113.0/24, nothing else"
    assert shown["plan"] == [
        "rotate the secret: another login becomes current, and the leaked one goes on working",
        "wait until all applications have read the current login, and run this again",
        "rotate once more: once the key is no login's, it is deleted",
    ]

    first = revoke(command, command.secret, "--yes")
    assert (first["exit"], verdicts(first)) == (2, {"leaked-key": "not proved"})
    again = f"ses-secure-user revoke {first['secret']} --key {end(leaked)} --yes"
    assert evidence(first, "leaked-key").endswith(f"once all applications have read the current login: {again}")
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
    assert command.aws.keys(command.user) == before, "a key that is deleted needs no rotation"


def test_with_a_wait_one_run_does_it(command: Command) -> None:
    leaked = login(command)
    report = revoke(command, leaked["username"], "--yes", "--wait", "60")
    assert report["exit"] == 0, report
    assert command.secret.endswith(report["secret"][-6:]) or report["secret"] in command.secret
    (waited,) = (one for one in command.slept if one > 1000)
    assert 3500 < waited <= 3700, "an hour since the new login was made"
    assert not works(command, leaked)
    assert works(command, login(command))


def test_a_run_that_was_interrupted_waits_for_the_rest(command: Command) -> None:
    leaked = login(command)

    def interrupted(seconds: float) -> None:
        command.aws.wait_for_rotations()
        if seconds > 1000:
            raise KeyboardInterrupt

    command.meanwhile = interrupted
    report = revoke(command, command.secret, "--yes", "--wait", "60")
    assert report["exit"] == 2
    assert report["error"].startswith("interrupted; to go on: ses-secure-user revoke ")
    again = report["error"].partition("ses-secure-user revoke ")[2].split()
    assert works(command, leaked)

    command.meanwhile = lambda _: command.aws.wait_for_rotations()
    command.now = datetime.now(UTC) + timedelta(minutes=50)
    command.slept.clear()
    report = revoke(command, *again, "--wait", "60")
    assert report["exit"] == 0
    assert [500 < one < 700 for one in command.slept if one > 100] == [True], command.slept
    assert not works(command, leaked)


def test_the_previous_key_is_ended_by_one_rotation(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.rotate(command.secret)
    report = revoke(command, leaked["username"], "--yes")
    assert report["exit"] == 0
    assert report["key"] == f"…{end(leaked)}: active, the previous login, which works until the next rotation"
    assert report["plan"] == ["rotate the secret: once the key is no login's, it is deleted"]
    assert not works(command, leaked)


def test_a_key_that_no_login_uses_is_deleted(aws: LocalAws, command: Command) -> None:
    """A rotation would wait for it, since another event may be about to use it."""
    current = login(command)
    stray = aws.client("iam").create_access_key(UserName=command.user)["AccessKey"]["AccessKeyId"]
    for options in ((), ("--yes",)):
        report = revoke(command, stray, *options)
        assert report["key"] == f"…{stray[-4:]}: active, neither the current login nor the previous one"
        assert report["plan"] == ["deactivate the key and delete it: from then on SES refuses its login"]
    assert (report["exit"], verdicts(report)) == (0, {"leaked-key": "proved", "current-login": "proved"})
    assert aws.keys(command.user) == [current["username"]]
    assert login(command) == current, "nobody has to read another one"


def test_now_ends_the_login_before_there_is_another(aws: LocalAws, command: Command) -> None:
    leaked, seen = login(command), []

    def look(_: float) -> None:
        seen.append(works(command, leaked))
        aws.wait_for_rotations()

    command.meanwhile = look
    report = revoke(command, command.secret, "--now", "--yes")
    assert report["exit"] == 0, report
    assert [one.partition(":")[0] for one in report["plan"]] == [
        "deactivate the key and delete it",
        "rotate the secret",
    ]
    assert report["plan"][0].endswith("and senders fail until they have read the next one")
    assert True not in seen
    assert leaked["username"] not in aws.keys(command.user)
    assert works(command, login(command))


def test_now_spares_the_current_login_of_another_key(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.rotate(command.secret)
    current = login(command)
    report = revoke(command, leaked["username"], "--now", "--yes")
    assert report["exit"] == 0
    assert login(command) == current
    assert aws.keys(command.user) == [current["username"]]


def test_a_run_cut_off_after_the_deletion_is_repeated(aws: LocalAws, command: Command) -> None:
    leaked = login(command)
    aws.client("iam").delete_access_key(UserName=command.user, AccessKeyId=leaked["username"])
    shown = revoke(command, command.secret)
    assert (shown["exit"], shown["plan"]) == (
        1,
        ["rotate the secret: another login becomes current, since this one has no key"],
    )
    assert "is not active, and rotate the secret" in evidence(shown, "current-login")
    report = revoke(command, command.secret, "--yes")
    assert report["exit"] == 0
    assert works(command, login(command))


def test_a_key_that_somebody_deactivated_is_ended_too(aws: LocalAws, command: Command) -> None:
    """AWS's first step by hand: the rotation after it deletes the key."""
    leaked = login(command)
    aws.client("iam").update_access_key(UserName=command.user, AccessKeyId=leaked["username"], Status="Inactive")
    report = revoke(command, leaked["username"], "--yes")
    assert report["exit"] == 0
    assert report["key"].startswith(f"…{end(leaked)}: deactivated, the current login")
    assert aws.keys(command.user) == [login(command)["username"]]


@contextmanager
def by_hand(aws: LocalAws) -> Iterator[Login]:
    """A user whom somebody made, with a key that sends as anybody."""
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
    """Neither by its id, nor where its login was pasted into the secret."""
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
        f"the key …{end(foreign)} is the IAM user by-hand's, which is not one of SecureSesSmtpUser: nothing was done."
        " Deactivate it (aws iam update-access-key --user-name by-hand --access-key-id KEY-ID --status Inactive), see"
        " which senders fail, and delete it (aws iam delete-access-key --user-name by-hand --access-key-id KEY-ID)"
    )
    assert pasted["error"] == f"{alone['error']}; and rotate the secret, which holds its login"


@pytest.mark.parametrize("options", [("--yes",), ("--yes", "--now")], ids=["yes", "now"])
def test_a_user_with_copied_tags_is_not_touched(aws: LocalAws, command: Command, options: tuple[str, ...]) -> None:
    """The secret that its tags name must name the user too."""
    iam = aws.client("iam")
    with by_hand(aws) as foreign:
        iam.tag_user(UserName="by-hand", Tags=iam.get_user(UserName=command.user)["User"]["Tags"])
        report = revoke(command, foreign["username"], *options)
        assert aws.keys("by-hand") == [foreign["username"]]
        assert works(command, foreign)
    assert report["exit"] == 2
    assert "is the IAM user by-hand's, which is not one of SecureSesSmtpUser: nothing was done" in report["error"]


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
    assert kept["key"].endswith("active, perhaps a login that applications hold, as its secret is gone")
    assert "is marked for deletion: --now deletes the key all the same" in evidence(kept, "leaked-key")
    assert (ended["exit"], verdicts(ended)) == (0, {"leaked-key": "proved"})
    assert aws.keys(command.user) == []


def test_a_login_that_is_never_rotated(aws: LocalAws) -> None:
    with deployed(aws, "NeverRotatedNorRevoked", rotation_interval=None) as command:
        kept = revoke(command, command.secret, "--yes")
        ended = revoke(command, command.secret, "--yes", "--now")
        keys = aws.keys(command.user)
    assert (kept["exit"], kept["plan"]) == (2, [])
    assert "since the secret has no rotation: --now deletes the key all the same" in evidence(kept, "leaked-key")
    assert (ended["exit"], keys) == (1, [])
    assert verdicts(ended) == {"leaked-key": "proved", "leaked-login": "not proved", "current-login": "broken"}
    assert "is not active, and the secret has no rotation: deploy the stack" in evidence(ended, "current-login")


def test_a_rotation_that_was_turned_off_is_turned_on(aws: LocalAws, command: Command) -> None:
    secrets = aws.client("secretsmanager")
    secrets.cancel_rotate_secret(SecretId=command.secret)
    report = revoke(command, command.secret, "--yes", "--wait", "0")
    assert report["exit"] == 0
    assert report["plan"][0].startswith("rotate the secret, which turns its rotation on again: ")
    assert secrets.describe_secret(SecretId=command.secret)["RotationEnabled"]


def test_a_rotation_that_fails_says_so_and_is_taken_up(aws: LocalAws, command: Command) -> None:
    """While one is not complete, Secrets Manager refuses another and tries that one again."""
    leaked = login(command)
    aws.smtp_down()
    failed = revoke(command, command.secret, "--yes", "--wait", "0")
    aws.smtp_up()
    assert failed["exit"] == 2
    assert failed["error"].startswith("after 15 minutes the rotation has not ended: the reason is in the log group")
    assert failed["error"].endswith(f"--key {end(leaked)} --yes")
    assert login(command) == leaked
    report = revoke(command, command.secret, "--key", end(leaked), "--yes", "--wait", "0")
    assert report["exit"] == 0, report
    assert not works(command, leaked)


def test_a_key_that_a_rotation_is_issuing(aws: LocalAws, command: Command) -> None:
    """It would become current only now: the rotation is waited for."""
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
    assert waited["error"].startswith("after 15 minutes the rotation under way has not ended: --now deletes the key")
    ended = revoke(command, key, "--yes", "--now")
    secrets.update_secret_version_stage(SecretId=command.secret, VersionStage="AWSPENDING", RemoveFromVersionId=token)
    assert ended["exit"] == 0
    assert ended["key"] == f"…{key[-4:]}: active, the login of a rotation that is under way"
    assert aws.keys(command.user) == [current["username"]]


@pytest.mark.parametrize(("refused_after", "verdict"), [(0, "proved"), (20, "proved"), (99, "broken")])
def test_a_deleted_key_is_tried_while_iam_spreads_it(refused_after: int, verdict: str) -> None:
    """SES may go on accepting it for some time: three minutes of that are waited for, and then told."""
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


def test_the_endpoint_need_not_be_reached_to_end_a_login(aws: LocalAws, command: Command) -> None:
    """Nor is it by an administrator in many networks: what SES says is then not proved."""
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
    """The actions that the documentation tells to allow."""
    text = (
        (ROOT / "docs" / "rotation.md")
        .read_text(encoding="utf-8")
        .partition("## Revoke a login")[2]
        .partition("\n## ")[0]
    )
    return set(re.findall(r"`((?:iam|secretsmanager|lambda|kms):\w+)`", text))


def test_the_documented_rights_suffice_and_all_are_needed(command: Command) -> None:
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
        "not known: these credentials may not read the user's policy",
    )


def as_operator(command: Command, actions: set[str], *named: str) -> dict[str, Any]:
    """Run it with these rights alone."""
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
        ((UNKNOWN,), "no IAM user of this account has the key …MPLE: it was deleted, or is another account's;"),
        (("nothing",), "there is no secret nothing in us-east-1"),
        (("SECRET", "--key", "ZZZZ"), "no key of the user or the secret ends in ZZZZ: there are …"),
    ],
    ids=["temporary", "unknown", "no secret", "no such end"],
)
def test_what_is_no_leak_is_said(shared: Command, arguments: tuple[str, ...], said: str) -> None:
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
    assert "nothing was done: say --yes" in done.stdout
    assert shared.aws.leaked_in(done.output) == []


@pytest.fixture(scope="module")
def shared(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "NothingIsDone") as made:
        before = aws.keys(made.user)
        yield made
        assert aws.keys(made.user) == before
