"""`verify` on a login as deployed: its claims and judges from each place, and its output."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_string
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from local_aws.aws import ACCOUNT, LocalAws
from tests.cli.command import ELSEWHERE, ENDPOINT, INSIDE, Command, deployed, evidence, verdicts

RESTRICTED: dict[str, Any] = {
    "identity": ["example.com", "example.net"],
    "from_address": ["noreply@example.com", "Billing@example.com"],
    "allowed_cidrs": ["203.0.113.0/25", "203.0.113.128/32", "2001:db8:1::/48"],
    "allowed_vpc_endpoints": [ENDPOINT],
    "allowed_vpcs": ["vpc-0123456789abcdef0"],
    "allowed_recipients": ["*@example.net"],
    "from_display_name": "Example Shop",
    "feedback_address": "bounces@example.com",
    "configuration_set": "transactional",
    "valid_until": datetime(2099, 1, 31, tzinfo=UTC),
}


@pytest.fixture(scope="module")
def restricted(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "Restricted", **RESTRICTED) as command:
        yield command


def by(report: dict[str, Any]) -> dict[str, list[str]]:
    return {one["name"]: one["by"] for one in report["claims"]}


def test_inside_ses_proves_the_sender_and_the_identity(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    report = plain.verify()
    assert (report["exit"], report["verdict"]) == (0, "proved")
    assert set(verdicts(report).values()) == {"proved", "observed"}
    judges = by(report)
    assert judges["login-current"] == judges["allowed-mail"] == judges["other-from"] == ["SES"]
    assert judges["other-identity"] == ["SES", "IAM"]
    assert "refused-from-here" not in judges
    assert evidence(report, "other-from").startswith("554 after DATA: no ses:SendRawEmail on identity/example.com")


def test_outside_ses_proves_the_networks_and_iam_the_rest(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    plain.address = ELSEWHERE
    report = plain.verify()
    plain.address = INSIDE
    assert (report["exit"], report["verdict"]) == (0, "proved")
    judges = by(report)
    assert judges["login-current"] == judges["refused-from-here"] == ["SES"]
    assert judges["allowed-mail"] == judges["other-from"] == judges["other-identity"] == ["IAM"]


def test_an_option_replaces_the_address_lookup(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    assert "refused-from-here" in plain.verdicts("--outside")
    aws.send_from(INSIDE)
    plain.address = "nowhere"
    assert "refused-from-here" not in plain.verdicts("--inside")
    plain.address = INSIDE


def test_mail_that_is_accepted_outside_is_broken(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    assert "refused-from-here" in plain.broken("--outside")


def test_the_inside_option_outside_is_broken(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    assert plain.broken("--inside") == {"allowed-mail"}


def test_all_mail_goes_to_the_simulator_and_is_marked(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    before = len(aws.mails())
    plain.verify()
    sent = [message_from_string(mail["text"]) for mail in aws.mails()[before:]]
    assert len(sent) == 2, "the allowed mail, and the one with another envelope"
    assert {mail["Auto-Submitted"] for mail in sent} == {"auto-generated"}
    assert {mail["X-SES-MESSAGE-TAGS"] for mail in sent} == {"ses-secure-user=verify"}
    (recipient,) = {mail["To"] for mail in sent}
    assert re.fullmatch(r"success\+[0-9a-f]{12}@simulator\.amazonses\.com", recipient)


def test_mails_are_sent_within_the_send_rate(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    plain.slept.clear()
    plain.verify()
    rate = aws.client("sesv2").get_account()["SendQuota"]["MaxSendRate"]
    assert plain.slept
    assert all(one >= 1 / rate for one in plain.slept)


def test_every_restriction_is_a_claim(aws: LocalAws, restricted: Command) -> None:
    aws.send_from(INSIDE)
    found = restricted.verdicts()
    assert set(found.values()) == {"proved", "observed"}
    assert {
        "other-display-name",
        "other-recipient",
        "other-time",
        "other-return-path",
        "network-203.0.113.0/25",
        "network-203.0.113.128/32",
        "network-2001:db8:1::/48",
        f"endpoint-{ENDPOINT}",
        "vpc-vpc-0123456789abcdef0",
    } <= found.keys()


def test_a_network_is_judged_by_its_edges_and_neighbors(aws: LocalAws, restricted: Command) -> None:
    """Neighbors that are allowed themselves are not tested."""
    aws.send_from(INSIDE)
    report = restricted.verify()
    assert evidence(report, "network-203.0.113.0/25") == (
        "203.0.113.0 allowed, 203.0.113.127 allowed, 203.0.112.255 denied"
    )
    assert evidence(report, "network-203.0.113.128/32") == "203.0.113.128 allowed, 203.0.113.129 denied"
    assert evidence(report, "network-2001:db8:1::/48") == (
        "2001:db8:1:: allowed, 2001:db8:1:ffff:ffff:ffff:ffff:ffff allowed,"
        " 2001:db8:0:ffff:ffff:ffff:ffff:ffff denied, 2001:db8:2:: denied"
    )


def test_without_a_recipient_to_mail_iam_judges_recipients(aws: LocalAws, restricted: Command) -> None:
    aws.send_from(INSIDE)
    before = len(aws.mails())
    report = restricted.verify()
    assert by(report)["allowed-mail"] == by(report)["other-recipient"] == ["IAM"]
    assert "--recipient" in evidence(report, "allowed-mail")
    assert len(aws.mails()) == before


def test_with_a_recipient_ses_judges_them(aws: LocalAws, restricted: Command) -> None:
    aws.send_from(INSIDE)
    report = restricted.verify("--recipient", "person@example.net")
    assert report["exit"] == 0
    judges = by(report)
    assert judges["allowed-mail"] == judges["other-recipient"] == judges["other-return-path"] == ["SES"]
    assert {message_from_string(mail["text"])["To"] for mail in aws.mails()[-1:]} == {"person@example.net"}


def test_a_simulator_among_the_allowed_recipients_is_mailed(aws: LocalAws) -> None:
    aws.send_from(INSIDE)
    with deployed(aws, "Simulator", allowed_recipients=["*@simulator.amazonses.com"]) as command:
        report = command.verify()
    assert report["exit"] == 0
    assert by(report)["allowed-mail"] == ["SES"]
    assert by(report)["other-recipient"] == ["IAM"]


def test_an_expired_login_is_refused_with_the_reason(aws: LocalAws) -> None:
    aws.send_from(INSIDE)
    with deployed(aws, "Trial", valid_until=datetime(2099, 1, 31, tzinfo=UTC)) as command:
        assert command.verdicts()["allowed-mail"] == "proved"
        aws.judge_at("2099-01-31T00:00:00Z")
        command.now = datetime(2099, 1, 31, tzinfo=UTC)
        report = command.verify()
        aws.judge_at("")
    assert (report["exit"], verdicts(report)["allowed-mail"]) == (1, "broken")
    assert evidence(report, "allowed-mail").endswith(": the login expired at 2099-01-31T00:00:00Z (`valid_until`)")


def test_through_an_endpoint_only_a_sent_mail_shows_the_place(aws: LocalAws) -> None:
    """Without a recipient, IAM judges the mail."""
    aws.send_from(ENDPOINT)
    properties = {"allowed_cidrs": [], "allowed_vpc_endpoints": [ENDPOINT]}
    with deployed(aws, "Endpoint", **properties, allowed_recipients=["*@example.net"]) as command:
        report, mailed = command.verify(), command.verify("--recipient", "person@example.net")
    assert report["judged from"] == "unknown: mail goes through a VPC endpoint"
    assert (report["exit"], by(report)["allowed-mail"]) == (0, ["IAM"])
    assert mailed["judged from"] == "inside: mail goes through a VPC endpoint"
    assert (mailed["exit"], by(mailed)["allowed-mail"]) == (0, ["SES"])


@pytest.mark.parametrize("origin", [ENDPOINT, ELSEWHERE])
def test_with_endpoints_ses_shows_if_mail_is_from_inside(aws: LocalAws, restricted: Command, origin: str) -> None:
    aws.send_from(origin)
    restricted.address = ELSEWHERE
    report = restricted.verify("--recipient", "person@example.net")
    restricted.address = INSIDE
    if origin == ENDPOINT:
        assert report["exit"] == 0
        assert by(report)["allowed-mail"] == ["SES"]
    else:
        assert report["exit"] == 2
        assert verdicts(report)["refused-from-here"] == "not proved"
        assert "use --inside or --outside" in evidence(report, "refused-from-here")


def test_the_stranger_is_never_an_allowed_address(aws: LocalAws) -> None:
    aws.send_from(INSIDE)
    senders = {"from_address": "stranger@example.com", "feedback_address": "stranger1@example.com"}
    with deployed(aws, "Stranger", **senders) as command:
        report = command.verify()
    assert report["exit"] == 0
    assert "mail as stranger2@example.com is refused" in {one["claim"] for one in report["claims"]}


def test_without_another_identity_iam_judges_it(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    ses = aws.client("sesv2")
    ses.delete_email_identity(EmailIdentity="example.org")
    report = plain.verify()
    ses.create_email_identity(EmailIdentity="example.org")
    assert by(report)["other-identity"] == ["IAM"]
    assert verdicts(report)["other-identity"] == "proved"


def test_after_a_rotation_both_logins_are_tested(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    aws.rotate(plain.secret)
    found = plain.verdicts()
    assert found["login-current"] == found["login-previous"] == found["keys"] == "proved"


def test_the_default_configuration_set_must_be_allowed(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    attributes = aws.client("sesv2").put_email_identity_configuration_set_attributes
    attributes(EmailIdentity="example.com", ConfigurationSetName="watched")
    report = plain.verify()
    attributes(EmailIdentity="example.com")
    assert report["exit"] == 1
    assert "`configuration_set` must be the identity's default configuration set" in evidence(report, "allowed-mail")


def test_undocumented_behavior_is_observed(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    report = plain.verify()
    assert {name for name, verdict in verdicts(report).items() if verdict == "observed"} == {
        "envelope",
        "from-case",
        "last-used",
    }
    assert evidence(report, "envelope").startswith("no: 250 after DATA")
    assert evidence(report, "from-case").startswith("yes: 554")
    aws.send_from(ELSEWHERE)
    assert evidence(plain.verify("--outside"), "login-outside").startswith("no: 235 after AUTH")


def test_a_login_that_is_refused_outside_proves_nothing(aws: LocalAws, plain: Command) -> None:
    aws.send_from(ELSEWHERE)
    aws.refuse_logins(refused=True)
    report = plain.verify("--outside")
    inside = plain.verify("--inside")
    aws.refuse_logins(refused=False)
    assert report["exit"] == 2
    assert verdicts(report)["login-current"] == verdicts(report)["refused-from-here"] == "not proved"
    assert evidence(report, "login-outside").startswith("possibly: 535")
    assert (inside["exit"], verdicts(inside)["login-current"]) == (1, "broken")


def test_no_output_contains_a_password_a_key_or_the_account(aws: LocalAws, plain: Command, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    texts = []
    for origin, option in ((INSIDE, "--inside"), (ELSEWHERE, "--outside"), (INSIDE, "--outside")):
        aws.send_from(origin)
        for form in ((), ("--json",)):
            done = plain.run("verify", plain.secret, option, *form, "--junit", str(junit))
            texts += [done.output, junit.read_text(encoding="utf-8")]
    assert [one for text in texts for one in aws.leaked_in(text)] == []
    assert [text for text in texts if ACCOUNT in text] == []
    assert all(plain.user in text for text in texts[::2])


def test_the_lines_name_login_policy_and_place(aws: LocalAws, plain: Command) -> None:
    aws.send_from(INSIDE)
    done = plain.run("verify", plain.secret)
    assert done.exit_code == 0
    assert f"user: {plain.user}" in done.stdout
    assert "policy: mail as noreply@example.com from 203.0.113.0/24" in done.stdout
    assert f"judged from: inside: {INSIDE} is in an allowed network" in done.stdout
    assert "\nrotated by: Plain-SesSecureUserIssuerFunction" in done.stdout
    assert "\n✓ mail as stranger@example.com is refused\n    SES: 554 after DATA" in done.stdout


def test_junit_has_a_test_case_for_each_claim(aws: LocalAws, plain: Command, tmp_path: Path) -> None:
    aws.send_from(INSIDE)
    junit = tmp_path / "junit.xml"
    done = plain.run("verify", plain.secret, "--outside", "--json", "--junit", str(junit))
    suite = ET.parse(junit).getroot()  # noqa: S314 - we have just written it
    claims = json.loads(done.stdout)["claims"]
    assert [case.get("classname") for case in suite] == [one["name"] for one in claims]
    failed = {case.get("classname") for case in suite if case.find("failure") is not None}
    assert failed == {one["name"] for one in claims if one["verdict"] == "broken"} == {"refused-from-here"}
    assert suite.attrib == {"name": "ses-secure-user verify", "tests": str(len(claims)), "failures": "1", "errors": "0"}
