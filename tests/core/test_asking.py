"""Wishes that people have: each is an event with who and why, or lacks something."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    CommandGiven,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SkipRequested,
)
from app.core.hearing.asking import (
    WISHES,
    AskedWrongly,
    checked_login,
    event_asked_for,
    moment_asked_for,
    orchestration_meant,
    person_of,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WHO = {"actor": "mona"}


@pytest.mark.parametrize(
    ("verb", "more", "event"),
    [
        ("cancel", {"reason": "no"}, CancelRequested(at=NOW, by="operator mona", reason="no")),
        ("pause", {}, PauseRequested(at=NOW, by="operator mona", reason="")),
        ("resume", {}, ResumeRequested(at=NOW, by="operator mona")),
        ("retry", {}, RetryRequested(at=NOW, task=None, by="operator mona")),
        ("retry", {"task": "build"}, RetryRequested(at=NOW, task="build", by="operator mona")),
        (
            "skip",
            {"task": "build", "reason": "no"},
            SkipRequested(at=NOW, task="build", by="operator mona", reason="no"),
        ),
        (
            "rollback",
            {"reason": "no"},
            RollBackRequested(at=NOW, by="operator mona", reason="no"),
        ),
        (
            "approve",
            {
                "task": "sign", "option": "ship", "inputs": {"ticket": "CHG-1"}, "leg": 5,
                "override": True, "reason": "they sleep",
            },
            ApprovalDecided(
                at=NOW, task="sign", leg="", option="ship", by="operator mona",
                reason="they sleep", inputs={"ticket": "CHG-1"},
            ),
        ),
        (
            "command",
            {"name": "promote", "arguments": None},
            CommandGiven(at=NOW, name="promote", by="operator mona", arguments={}),
        ),
    ],
)  # fmt: skip
def test_a_wish_is_an_event(verb: str, more: dict[str, Any], event: Any) -> None:
    """It says who asks, and why where that is told."""
    assert event_asked_for(f"signalbox/{verb}", {**WHO, **more}, NOW) == event


@pytest.mark.parametrize("verb", sorted(WISHES))
def test_nobody_asks_anonymously(verb: str) -> None:
    """Every wish has somebody who has it."""
    given = {"task": "x", "reason": "y", "option": "z", "name": "n"}
    with pytest.raises(AskedWrongly, match="actor"):
        event_asked_for(f"signalbox/{verb}", given, NOW)


@pytest.mark.parametrize(
    ("verb", "lacks"), [("skip", "task"), ("approve", "task"), ("command", "name")]
)
def test_what_is_needed_is_asked_for(verb: str, lacks: str) -> None:
    """Without it nobody knows what is meant."""
    given = {**WHO, "override": True, "reason": "they sleep"}
    with pytest.raises(AskedWrongly, match=lacks):
        event_asked_for(f"signalbox/{verb}", given, NOW)


@pytest.mark.parametrize(
    ("more", "lacks"),
    [({}, "override"), ({"override": "yes"}, "override"), ({"override": True}, "reason")],
)
def test_an_operator_overrides_in_so_many_words(more: dict[str, Any], lacks: str) -> None:
    """Not to say who votes must not be the stronger way to vote."""
    given = {**WHO, "task": "sign", "option": "ship", **more}
    with pytest.raises(AskedWrongly, match=lacks):
        event_asked_for("signalbox/approve", given, NOW)


def test_a_wish_may_be_that_of_an_account() -> None:
    """Then it is theirs, and not the operator's who has brought it."""
    wish = {**WHO, "as": "@ada", "reason": "no"}

    assert person_of(wish) == "ada"
    assert person_of(WHO) == ""
    assert event_asked_for("signalbox/cancel", wish, NOW) == CancelRequested(
        at=NOW, by="ada", reason="no"
    )


@pytest.mark.parametrize("login", ["../../orgs", "\ud800", "a" * 101, "mona lisa", "[bot]"])
def test_what_can_be_no_account_is_refused(login: str) -> None:
    """GitHub is asked about nobody of such a name."""
    with pytest.raises(AskedWrongly, match="no account"):
        event_asked_for("signalbox/cancel", {"as": login}, NOW)


@pytest.mark.parametrize("login", ["mona", "renovate[bot]", "mona-lisa_acme"])
def test_bots_and_managed_users_are_accounts(login: str) -> None:
    """Whether they have a role is another question."""
    assert checked_login(login) == login


def test_to_skip_needs_a_reason() -> None:
    """Whoever reads the journal later wants to know why."""
    with pytest.raises(AskedWrongly, match="reason"):
        event_asked_for("signalbox/skip", {**WHO, "task": "x", "reason": " "}, NOW)


def test_other_deliveries_are_no_wishes() -> None:
    """Neither GitHub's events nor our own other ones."""
    assert event_asked_for("push", WHO, NOW) is None
    assert event_asked_for("signalbox/report", WHO, NOW) is None


def test_a_wish_is_about_an_orchestration() -> None:
    """One that names none is refused."""
    assert orchestration_meant({"orchestration": "abc"}) == "abc"
    for payload in ({}, {"orchestration": 5}, {"orchestration": ""}):
        with pytest.raises(AskedWrongly):
            orchestration_meant(payload)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24T12:00Z", datetime(2026, 12, 24, 12, tzinfo=UTC)),
        ("2026-12-24T12:00", datetime(2026, 12, 24, 12, tzinfo=UTC)),
        ("2026-12-24T13:00+01:00", datetime(2026, 12, 24, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_one_of_utc(text: str, moment: datetime) -> None:
    """A zone may be named; where none is, it is UTC."""
    assert moment_asked_for({"until": text}, "until") == moment


@pytest.mark.parametrize("value", ["soon", "", 7, None, "0001-01-01T00:00+14:00"])
def test_what_is_no_moment_is_refused_with_an_example(value: Any) -> None:
    """A word, nothing at all, or a time before the first year."""
    with pytest.raises(AskedWrongly, match="2026-12-24T12:00Z"):
        moment_asked_for({"until": value}, "until")
