"""Stories about payloads that are taken apart when somebody looks into them."""

import json

import pytest

from app.core.copying import replace
from app.core.hearing.unread import Unread
from app.core.planning import cause_of
from app.core.values import JsonObject
from app.github.webhooks import read
from tests.core.routed import covered, pushed

PAYLOAD = {"action": "completed", "check_run": {"id": 1}}


class Parser:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> JsonObject:
        self.count += 1
        return PAYLOAD


def test_nothing_is_taken_apart_before_somebody_looks() -> None:
    """To have it, and to show it, is not to look into it."""
    parser = Parser()
    shown = repr(Unread(parser))

    assert (shown, parser.count) == ("Unread()", 0)


def test_whoever_looks_sees_the_whole_and_it_is_taken_apart_once() -> None:
    """By name, one after the other, and as a whole."""
    parser = Parser()
    unread = Unread(parser)

    assert unread["action"] == "completed"
    assert unread.get("nothing") is None
    assert "check_run" in unread
    assert (list(unread), len(unread)) == (list(PAYLOAD), 2)
    assert dict(unread) == unread == PAYLOAD == Unread(parser)
    assert unread != {"action": "completed"}
    assert parser.count == 2  # once by each of the two


def test_it_is_not_written_as_if_it_were_empty() -> None:
    """What writes JSON refuses it, rather than to see an empty dictionary."""
    with pytest.raises(TypeError):
        json.dumps(Unread(Parser()))


def test_a_cause_holds_a_plain_dictionary() -> None:
    """What expressions see of an event and what is kept of it is all that was delivered."""
    heard = read("push", pushed())
    unread = replace(heard, payload=Unread(pushed))
    event = cause_of(unread, covered()).event

    assert type(event) is dict
    assert event == pushed()
