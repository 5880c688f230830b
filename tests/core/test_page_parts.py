"""The parts of a page: sentences taken apart, pictures, bars, and the journal in words."""

from dataclasses import replace

import pytest

from app.core.events import (
    CalendarTold,
    DispatchDelayed,
    Event,
    OrchestrationRequested,
    OutputsReported,
    PauseRequested,
    RetryRequested,
    SeatQueued,
    SkipRequested,
)
from app.core.gate_events import GateId, VoteCast, VotesWithdrawn
from app.core.state import Vote
from app.core.telling.markdown import code, foreign, link, plain, prose
from app.core.telling.page.delays import Delay, PutOff, delay_of
from app.core.telling.page.journal import event_in_words, name_of_event
from app.core.telling.page.picture import columns_of, distances, lay_out
from app.core.telling.page.sentences import Line, Piece, lines, sentence, text_of
from app.core.values import Holder, LockKey, TaskName
from tests.core.hostile import NASTY
from tests.kit.build import REQUESTED, START, begun, ended, later, plan, running, seen
from tests.kit.chance import DRAWS, Chance

RUN = "https://github.com/acme/api/actions/runs/7"


# --- sentences ------------------------------------------------------------------------


def test_a_sentence_is_taken_apart() -> None:
    """Words, code, links and what is strong, as plain text."""
    said = sentence(f"**sign_off** waits, see {link('its page', RUN)} or `/why` \\*now\\*")

    assert said == (
        Piece(text="sign_off", is_strong=True),
        Piece(text=" waits, see "),
        Piece(text="its page", url=RUN),
        Piece(text=" or "),
        Piece(text="/why", is_code=True),
        Piece(text=" *now*"),
    )


@pytest.mark.parametrize("words", NASTY)
def test_what_strangers_say_stays_what_it_is(words: str) -> None:
    """Taken apart again it is one piece of text, without a link or a mark."""
    shown = text_of(sentence(plain(words)))

    assert [each for each in sentence(plain(words)) if each.url or each.is_strong] == []
    assert [each for each in sentence(code(words)) if not each.is_code] == []
    assert "\u200b" not in shown


def test_code_that_no_code_span_holds_is_read_too() -> None:
    """Backticks and bars come through as they are."""
    assert sentence(code("a`b|c")) == (Piece(text="a`b|c", is_code=True),)
    assert text_of(sentence(prose("set `ticket` & go"))) == "set ticket & go"


def test_an_address_that_may_not_stand_is_no_link() -> None:
    """Neither behind words nor by itself; one that may is a link both times."""
    assert sentence("[here](javascript:alert)") == (Piece(text="here"),)
    assert sentence(f"<{RUN}>") == (Piece(text=RUN, url=RUN),)
    assert sentence('<https://a.test/">') == (Piece(text='https://a.test/"'),)


def test_a_list_of_two_levels_is_taken_apart() -> None:
    """What is indented stands under the line before it; empty lines are left out."""
    found = lines(["", "- **a** waits", "  - answer with `/approve`", "- b", "and so on"])

    assert [text_of(each.says) for each in found] == ["a waits", "b", "and so on"]
    assert found[0].under == (
        (Piece(text="answer with "), Piece(text="/approve", is_code=True)),
    )
    assert lines(["  - alone"]) == (Line(says=(Piece(text="  - alone"),)),)


def test_quotations_are_not_for_pages() -> None:
    """A report of a workflow run is shown as it is written, not as a sentence of ours."""
    assert text_of(sentence(foreign("# Title"))) == "> # Title"


# --- pictures -------------------------------------------------------------------------


def test_whatever_is_needed_stands_further_left() -> None:
    """Each task stands behind the last of what it needs."""
    needs = {"deploy": ["test", "build"], "build": [], "test": ["build"], "notes": []}

    assert columns_of(needs) == {"deploy": 2, "build": 0, "test": 1, "notes": 0}
    assert lay_out({}, ()).boxes == ()


def test_a_long_chain_is_laid_out() -> None:
    """However long it is: nothing is nested."""
    needs = {str(at): [str(at + 1)] for at in range(3_000)} | {"3000": []}

    assert columns_of(needs)["0"] == 3_000


def test_an_arrow_goes_round_what_stands_between() -> None:
    """The arrow from build to deploy passes the column of test without touching its box."""
    arrows = [("build", "test"), ("test", "deploy"), ("build", "deploy")]
    found = lay_out({"build": 0, "test": 1, "deploy": 2}, arrows)
    boxes = {box.key: box for box in found.boxes}
    [around] = [way.path for way in found.ways if way.arrow == ("build", "deploy")]
    lane = int(around.split("H")[0].split()[-1])

    assert boxes["build"].x < boxes["test"].x < boxes["deploy"].x < found.width
    assert not boxes["test"].y <= lane <= boxes["test"].y + 52
    assert not any(way.is_back for way in found.ways)


def test_few_arrows_cross() -> None:
    """Two that go straight on are put opposite of what leads to them."""
    columns = {"a": 0, "b": 0, "to_b": 1, "to_a": 1}
    found = lay_out(columns, [("a", "to_a"), ("b", "to_b")])
    y = {box.key: box.y for box in found.boxes}

    assert (y["a"] < y["b"]) == (y["to_a"] < y["to_b"])


def test_what_leads_back_goes_beneath_all() -> None:
    """Also to itself; and there is room for it."""
    arrows = [("draft", "review"), ("review", "draft"), ("review", "review")]
    found = lay_out(distances("draft", arrows, ["draft", "review"]), arrows)
    backs = [way for way in found.ways if way.is_back]
    straight = lay_out({"draft": 0, "review": 1}, arrows[:1])

    assert [way.arrow for way in backs] == arrows[1:]
    assert found.height == straight.height + 24
    assert found.width > straight.width


def test_ends_stand_behind_all_that_lead_to_them() -> None:
    """However soon they could be reached."""
    arrows = [("draft", "gone"), ("draft", "review"), ("review", "gone")]

    assert distances("draft", arrows, ["draft", "gone", "review"]) == {
        "draft": 0,
        "gone": 2,
        "review": 1,
    }


def test_what_nothing_leads_to_stands_last() -> None:
    """A state that only people could reach has a place all the same."""
    found = distances("a", [("a", "b"), ("b", "a")], ["a", "b", "lost"])

    assert found == {"a": 0, "b": 1, "lost": 2}


# --- delays ---------------------------------------------------------------------------


def test_a_delay_by_a_rate_limit_says_until_when() -> None:
    """With what GitHub said in brackets."""
    put_off = PutOff(
        key="dispatch/deploy/1", until=later(minutes=65), why="GitHub's rate limit: none left"
    )

    assert delay_of(put_off, START) == Delay(
        what="dispatching deploy",
        says="delayed until 2026-11-23 10:05 UTC by GitHub's rate limit (none left)",
    )


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("write/check", "the check"),
        ("write/comment", "the comment on the pull request"),
        ("dispatch/build/linux/2", "dispatching build linux 2"),
        ("notify/alert 1/comment", "a notice about alert 1 comment"),
        ("ask-seat/lock/holder", "ask-seat/lock/holder"),
    ],
)
def test_what_is_delayed_is_named(key: str, what: str) -> None:
    """What nobody has words for by its key."""
    why = "GitHub's rate limit"
    found = delay_of(PutOff(key=key, until=later(minutes=5), why=why), START)

    assert (found.what, found.says) == (what, f"delayed until 2026-11-23 09:05 UTC by {why}")


def test_what_is_delayed_by_something_else_says_by_what() -> None:
    """And what is due again says that, too."""
    put_off = PutOff(key="write/check", until=later(minutes=5), why="GitHub does not answer")
    again = delay_of(put_off, later(minutes=5))

    assert delay_of(put_off, START).says == (
        "delayed until 2026-11-23 09:05 UTC: GitHub does not answer"
    )
    assert again.says == "is about to be tried again; it was delayed: GitHub does not answer"


# --- the journal ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", DRAWS, ids=lambda kind: str(kind.__name__))
@pytest.mark.parametrize("high", [False, True])
def test_every_event_has_words(kind: type[Event], high: bool) -> None:
    """Whatever it is about: one line, without a sign of how it is stored."""
    state = begun(plan("build; test: build")).state
    chance = Chance(state, START, lambda low, top: top if high else low)
    event = DRAWS[kind](chance)
    said = event_in_words(event)

    assert said
    assert "\n" not in said
    assert not any(sign in said for sign in ("datetime", "=", "None", "{"))
    assert name_of_event(event).replace(" ", "") == kind.__name__.lower()


def word(event: Event) -> str:
    return event_in_words(event)


def test_words_name_who_what_and_why() -> None:
    """As people would say it."""
    where = seen("build/linux#2", "completed", "failure")
    vote = Vote(by="ada", option="approve", at=START, source="review", reason="fine")
    gate = GateId(task=TaskName("sign_off"), wave="canary")
    holder, lock = Holder(""), LockKey("organization/acme/train")
    delayed = DispatchDelayed(
        at=START, attempt=where.attempt, until=later(hours=1), message="GitHub's rate limit"
    )

    assert word(REQUESTED) == "requested by mona"
    assert word(OrchestrationRequested(at=START, by="")) == "requested"
    assert word(where) == "build (linux), attempt 2: the workflow run is completed: failure"
    assert word(running("build")) == "build: the workflow run is in progress"
    assert word(delayed) == (
        "build (linux), attempt 2: delayed until 2026-11-23 10:00 UTC by GitHub's rate limit"
    )
    assert word(VoteCast(at=START, gate=gate, vote=vote)).endswith(
        "approve by ada, by review: fine"
    )
    assert word(VotesWithdrawn(at=START, reference="review/1")) == (
        "what was said was withdrawn or changed"
    )
    assert word(RetryRequested(at=START, task=None, by="mona")) == (
        "the whole to be tried again by mona"
    )
    assert word(PauseRequested(at=START, by="", reason="")) == "paused"
    assert word(SkipRequested(at=START, task=TaskName("build"), by="mona", reason="known")) == (
        "build to be skipped by mona: known"
    )
    assert word(
        SeatQueued(at=START, holder=holder, lock=lock, position=2, ahead="train #1")
    ) == ("place 2 in the queue of train, behind train #1")
    assert word(SeatQueued(at=START, holder=holder, lock=lock, position=2, ahead="")) == (
        "place 2 in the queue of train"
    )


def test_words_about_calendars_and_reports() -> None:
    """Open or closed, until when and why; names of outputs, never their values."""
    told = CalendarTold(
        at=START,
        holder=Holder(""),
        calendar="freeze",
        is_open=False,
        opens_at=later(hours=1),
        why="holidays",
    )
    report = OutputsReported(
        at=START,
        attempt=ended("build").attempt,
        run_attempt=1,
        outputs={"image": "ghcr.io/secret"},
        summary="",
    )
    vote = Vote(by="ada", option="approve", at=START)
    gate = GateId(task=TaskName("sign_off"))

    assert word(told) == "the calendar freeze is closed until 2026-11-23 10:00 UTC: holidays"
    assert word(replace(told, opens_at=None, why="")) == "the calendar freeze is closed"
    assert word(replace(told, is_open=True)) == "the calendar freeze is open"
    assert word(report) == "build: reported image"
    assert word(replace(report, outputs={})) == "build: reported no outputs"
    assert word(VoteCast(at=START, gate=gate, vote=vote)).endswith("approve by ada")
