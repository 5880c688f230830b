"""Wishes by the API that are somebody's: what they become, and why others become nothing."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.doorways.responding import Reply
from app.core.doorways.wishing import respond_to_wish, wished_start
from app.core.gate_events import VoteCast
from app.core.hearing.catalogue import catalogue
from app.core.hearing.findings import RequestsJudged
from app.core.state import Orchestration
from tests.core.test_doorways import asked, gated
from tests.core.test_doorways_doing import forked
from tests.core.told import COMMIT, START

APPROVE = {"task": "sign_off", "option": "approve"}


def wished(verb: str, **wish: Any) -> RequestsJudged:
    """Say that somebody wished for this, and that much is known of them."""
    said = asked("", source="page")
    return replace(said, asked=replace(said.asked, verb=verb, wish={**wish, "as": "ada"}))


def reply_to(judged: RequestsJudged, state: Orchestration | None) -> Reply:
    return respond_to_wish(judged, state, START)


@pytest.mark.parametrize("inputs", [{}, {"commit": "0" * 12}])
def test_a_vote_about_a_fork_names_the_commit_by_any_door(inputs: dict[str, Any]) -> None:
    """Its author may have pushed since somebody looked."""
    refused = reply_to(wished("approve", **APPROVE, inputs=inputs), forked())

    assert refused.events == []
    assert "vote-for-another-plan" in refused.text


def test_a_vote_is_what_was_wished() -> None:
    """With its form, whose values may be of any kind, at the commit that it names."""
    inputs = {"commit": COMMIT[:9], "share": 0.5}
    [(_, event)] = reply_to(wished("approve", **APPROVE, inputs=inputs), forked()).events

    assert isinstance(event, VoteCast)
    assert (event.vote.sha, event.vote.source) == (COMMIT, "page")
    assert event.vote.inputs == {"share": "0.5"}


def test_nobody_votes_where_nobody_is_asked() -> None:
    """Neither at another task, nor in what is gone."""
    elsewhere = reply_to(wished("approve", task="deploy", option="approve"), gated())
    nowhere = reply_to(wished("approve", **APPROVE), None)

    assert (elsewhere.events, nowhere.events) == ([], [])
    assert "Nobody is asked at deploy" in elsewhere.text


def test_what_is_not_there_any_more_is_not_started() -> None:
    """It was when the wish was written down."""
    reply = Reply()
    begun = wished_start(
        wished("start", repository="acme/release", definition="x"), catalogue([], []), reply
    )

    assert begun is None
    assert "definition-unknown" in reply.text
