"""Stories about alerts: told once when their condition holds, by an event or the clock."""

from typing import Any

from app.core.commands import Notify, SetTimer
from app.core.events import OrchestrationRequested, Surface, SurfaceWritten
from tests.kit import build
from tests.kit.build import later, plan
from tests.kit.stage import Stage

LATE = 'orchestration.age > duration("12h")'


def alert(when: str, to: str = "acme/sre", *via: str) -> dict[str, Any]:
    return {"when": when, "notify": to, "via": list(via or ("webhook",))}


def alerted(*alerts: dict[str, Any], **whole: Any) -> Stage:
    """Begin an orchestration with alerts."""
    return Stage.of(plan("build", whole={"alerts": list(alerts), **whole}))


def told(stage: Stage) -> list[tuple[str, str, str]]:
    """Return whom we told what about, by which way."""
    return [(each.about, each.via, each.to) for each in stage.asked(Notify)]


def whole_timers(stage: Stage) -> list[SetTimer]:
    """Return the timers that were set for the whole."""
    return [each for each in stage.asked(SetTimer) if each.task is None]


def test_an_alert_about_time_is_told_by_the_clock_and_once() -> None:
    """It is looked at every quarter of an hour, and never again once it was told."""
    stage = alerted(alert(LATE, "acme/sre", "issue", "webhook"))
    stage.wait(hours=12)
    before = told(stage)
    stage.wait(minutes=15)
    due = whole_timers(stage)[-1].due
    stage.wait(days=2)

    assert before == []
    assert told(stage) == [
        ("alert/1", "issue", "acme/sre"),
        ("alert/1", "webhook", "acme/sre"),
    ]
    assert due == later(days=7)


def test_the_text_says_what_holds_and_what_is_under_way() -> None:
    """The condition as it was written, and what it hangs on."""
    stage = alerted(alert(LATE))
    stage.wait(hours=13)

    assert [each.text for each in stage.asked(Notify)] == [
        '`orchestration.age > duration("12h")` holds. It goes on since '
        "2026-11-23 09:00 UTC: build asked for; GitHub has not answered yet. "
        "`/cancel REASON` ends the whole."
    ]


def test_an_alert_about_what_is_known_is_told_at_once() -> None:
    """Every decision looks at it; the clock need not."""
    stage = alerted(alert("actor == 'mona'"), alert("actor == 'nobody'"))

    assert told(stage) == [("alert/1", "webhook", "acme/sre")]
    assert [each.due for each in whole_timers(stage)] == [later(days=7)]


def test_an_alert_without_a_value_is_not_told() -> None:
    """It may have one later: the others are told, and it is looked at again."""
    stage = alerted(alert("event.severity > 3"), alert(LATE))
    stage.wait(hours=13)

    assert told(stage) == [("alert/2", "webhook", "acme/sre")]


def test_an_alert_that_the_end_comes_before_is_not_told() -> None:
    """What has ended needs no help, and sets no timer."""
    stage = alerted(alert(LATE))
    stage.tell(build.accepted("build"))
    stage.tell(build.ended("build", at=later(hours=13)))
    stage.wait(days=1)

    assert stage.end == ("success", "")
    assert told(stage) == []


def test_without_alerts_the_whole_has_only_the_timer_of_its_end() -> None:
    """What nobody wants to be told of costs nothing."""
    stage = Stage.of(plan("build"))
    stage.wait(days=1)

    assert [each.due for each in whole_timers(stage)] == [later(days=7)]


def test_what_has_not_been_requested_alerts_nobody() -> None:
    """Before its first event nothing is looked at, whatever comes."""
    known = plan("build", whole={"alerts": [alert("true")]})
    written = SurfaceWritten(at=later(), surface=Surface.CHECK, remote_id=7, digest="d")
    early = build.after(known, written)
    begun = build.after(early, OrchestrationRequested(at=later(hours=2), by="mona"))

    assert early.commands == ()
    assert [each.key for each in build.asked(begun, Notify)] == ["notify/alert/1/webhook"]
