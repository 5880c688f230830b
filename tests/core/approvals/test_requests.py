"""Commands in comments: which lines are said, what they ask for, and which gate they mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.approvals.reasons import Finding
from app.core.approvals.requests import (
    REQUESTS_MAX,
    ROLES,
    Aim,
    BadRequest,
    CancelRequest,
    FreezeRequest,
    OpenGate,
    OtherRequest,
    Request,
    RetryRequest,
    SkipRequest,
    StartRequest,
    VoteRequest,
    WhyRequest,
    aim,
    read_requests,
)
from app.core.approvals.visible import TEXT_LENGTH_MAX, said_lines


def requests(text: str) -> list[Request]:
    """Read a comment and forget the lines."""
    return [each.request for each in read_requests(text)]


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (
            '/orchestrate train train=7 note="a \\"b\\" c"',
            StartRequest(definition="train", inputs={"train": "7", "note": 'a "b" c'}),
        ),
        ("/approve", VoteRequest(is_approval=True)),
        ("  /approve  ", VoteRequest(is_approval=True)),
        (
            "/approve sign_off ship ticket=CHG-1",
            VoteRequest(
                is_approval=True, words=("sign_off", "ship"), inputs={"ticket": "CHG-1"}
            ),
        ),
        (
            "/approve sign_off because all is well",
            VoteRequest(is_approval=True, words=("sign_off",), reason="all is well"),
        ),
        (
            '/approve break-glass="the shop is down"',
            VoteRequest(is_approval=True, reason="the shop is down", is_break_glass=True),
        ),
        ("/approve break-glass=", VoteRequest(is_approval=True, is_break_glass=True)),
        (
            "/approve break-glass=fire because it burns",
            VoteRequest(is_approval=True, reason="fire it burns", is_break_glass=True),
        ),
        (
            "/reject sign_off x=y because no",
            VoteRequest(is_approval=False, words=("sign_off", "x=y", "because", "no")),
        ),
        ("/retry", RetryRequest()),
        ("/retry deploy please", RetryRequest(task="deploy")),
        ("/skip deploy it is broken", SkipRequest(task="deploy", reason="it is broken")),
        ("/cancel", CancelRequest()),
        ("/cancel wrong train", CancelRequest(reason="wrong train")),
        ("/why deploy", WhyRequest(task="deploy")),
        (
            "/freeze until 2026-12-20T08:00+01:00 because of the holidays",
            FreezeRequest(
                until=datetime(2026, 12, 20, 7, tzinfo=UTC), reason="of the holidays"
            ),
        ),
        (
            "/escalate now level=2",
            OtherRequest(name="escalate", words=("now",), arguments={"level": "2"}),
        ),
    ],
)
def test_a_line_asks_for_something(text: str, request_: Request) -> None:
    """The first word says what, the rest says the more of it."""
    assert requests(f"Hello,\n{text}\nthank you") == [request_]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/orchestrate", "command-incomplete"),
        ("/orchestrate one two", "command-incomplete"),
        ("/approve because", "command-incomplete"),
        ("/skip", "command-incomplete"),
        ("/skip deploy", "command-incomplete"),
        ("/freeze", "command-incomplete"),
        ("/freeze until 2026-12-20T08:00Z", "command-incomplete"),
        ("/freeze until because why", "command-incomplete"),
        ("/freeze from 2026-12-20T08:00Z because why", "command-incomplete"),
        ("/freeze until tomorrow because why", "command-bad-time"),
        ("/freeze until 2026-12-20T08:00 because why", "command-bad-time"),
        ("/freeze until 0001-01-01T00:00+14:00 because why", "command-bad-time"),
    ],
)
def test_a_command_that_is_not_whole_is_answered(text: str, code: str) -> None:
    """Nothing is guessed; the answer shows how to write it."""
    (found,) = requests(text)

    assert isinstance(found, BadRequest)
    assert found.finding.code == code


@pytest.mark.parametrize(
    "text",
    [
        "please /approve",
        "> /approve",
        "  > /approve",
        "> as Ann said\n/approve",
        "```\n/approve\n```",
        "```sh\n/approve",
        "````\n```\n/approve\n````",
        "~~~\n/approve\n```\n/approve\n~~~",
        "```\n/approve\n    ```\n/approve",
        "- ```\n  /approve\n  ```",
        "1. a\n\n   ```\n   /approve\n   ```",
        "- ```\n  x\n```\n/approve\n```",
        "    /approve",
        "\t/approve",
        " \t/approve",
        "    ```\n\n```\n/approve\n```",
        "<!-- /approve -->",
        "<!--\n/approve\n-->",
        "<!-- a --> <!-- b\n/approve\n--> /approve",
        "<!-- never closed\n/approve",
        "words <!-- \n/approve\n-->",
        "<pre>\n/approve\n</pre>",
        "<blockquote>\n\n/approve\n\n</blockquote>",
        "<CODE>\n/approve\n</CODE>",
        "- /approve",
        "* /approve",
        "**/approve**",
        "`/approve`",
        "//approve",
        "/Approve",
        "/approve/now",
        "/approve, please",
        "/",
        "",
        "x" * TEXT_LENGTH_MAX + "\n/approve",
    ],
)
def test_what_is_quoted_or_shown_is_not_said(text: str) -> None:
    """Quotes, code, comments, and words within a line ask for nothing."""
    assert requests(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "> quoted\n\n/approve",
        "```\ncode\n```\n/approve",
        "~~~\ncode\n~~~~\n/approve",
        "```one` line\n/approve",
        "- ```\n  code\n/approve",
        "a `<!--` b\n/approve",
        "a ``` ` <!-- ``` b\n/approve",
        "a `` lonely <!-- x -->\n/approve",
        "<!-- x -->\n/approve",
        "<pre>x</pre>\n/approve",
        "<pre>\nx\n</pre>\n/approve",
        "/approve <!-- hidden -->",
        "/approve <!-- hidden\nstill -->",
        "<details>\n/approve\n</details>",
        "Hello\r\n/approve\r\nBye",
    ],
)
def test_what_stands_beside_is_said(text: str) -> None:
    """The end of a quote, a code block or a comment is its end."""
    assert requests(text) == [VoteRequest(is_approval=True)]


def test_a_flood_is_cut_off() -> None:
    """Ten commands are read, and the eleventh is answered with that."""
    found = requests("/why\n" * 20)

    assert len(found) == REQUESTS_MAX + 1
    assert isinstance(found[-1], BadRequest)
    assert found[-1].finding.code == "command-too-many"


def test_every_command_has_a_role_or_asks_the_gate() -> None:
    """What is not a vote is for those with a role, and lines are counted from one."""
    assert [str(role) for role in ROLES.values()] == [
        "start", "start", "override", "cancel", "observe", "override",
    ]  # fmt: skip
    assert [each.line for each in read_requests("a\n/why\n\n/why")] == [2, 4]


SIGN_OFF = OpenGate(task="sign_off", options=("approve", "reject"))
TRAIN = OpenGate(task="train", options=("ship", "hold"))
DEPLOY = OpenGate(task="deploy", options=("approve", "reject"))


@pytest.mark.parametrize(
    ("text", "gates", "task", "option", "reason"),
    [
        ("/approve", [SIGN_OFF], "sign_off", "approve", ""),
        ("/approve sign_off", [SIGN_OFF, DEPLOY], "sign_off", "approve", ""),
        ("/approve approve", [SIGN_OFF], "sign_off", "approve", ""),
        ("/approve ship", [SIGN_OFF, TRAIN], "train", "ship", ""),
        ("/approve train hold", [SIGN_OFF, TRAIN], "train", "hold", ""),
        ("/approve train hold because rain", [TRAIN], "train", "hold", "rain"),
        ("/reject", [SIGN_OFF], "sign_off", "reject", ""),
        ("/reject too late", [SIGN_OFF], "sign_off", "reject", "too late"),
        ("/reject deploy because late", [SIGN_OFF, DEPLOY], "deploy", "reject", "late"),
    ],
)
def test_a_vote_finds_its_gate(
    text: str, gates: list[OpenGate], task: str, option: str, reason: str
) -> None:
    """A word is a gate if one is called so, else an option."""
    (vote,) = requests(text)
    assert isinstance(vote, VoteRequest)

    assert aim(vote, gates) == Aim(task=task, option=option, reason=reason)


@pytest.mark.parametrize(
    ("text", "gates", "code"),
    [
        ("/approve", [], "gate-not-found"),
        ("/approve", [SIGN_OFF, DEPLOY], "gate-ambiguous"),
        ("/reject too late", [SIGN_OFF, DEPLOY], "gate-ambiguous"),
        ("/approve approve", [SIGN_OFF, DEPLOY], "gate-ambiguous"),
        ("/approve sing_off", [SIGN_OFF, DEPLOY], "gate-not-found"),
        ("/approve LGTM", [SIGN_OFF], "gate-not-found"),
        ("/approve sign_off LGTM", [SIGN_OFF], "vote-option-unknown"),
        ("/approve", [TRAIN], "vote-option-unknown"),
        ("/reject", [TRAIN], "vote-option-unknown"),
    ],
)
def test_a_vote_in_doubt_is_for_no_gate(text: str, gates: list[OpenGate], code: str) -> None:
    """The answer names what there is."""
    (vote,) = requests(text)
    assert isinstance(vote, VoteRequest)
    found = aim(vote, gates)

    assert isinstance(found, Finding)
    assert found.code == code


_PIECES = st.sampled_from(
    ["/approve", "/skip a b", "/freeze until x because y", "> ", "```", "~~~", "<!--", "-->",
     "<pre>", "</pre>", "    ", "\t", "- ", "\n", "\r", "`", " ", "a=b", 'c="d', "\\", "x"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
def test_no_comment_is_too_odd(text: str) -> None:
    """Any text is read, and only what stands on a line of its own asks for anything."""
    found = read_requests(text)
    lines = dict(said_lines(text))

    assert all(lines[each.line].lstrip().startswith("/") for each in found)


@given(st.lists(_PIECES).map("".join))
def test_a_quote_asks_for_nothing(text: str) -> None:
    """Whatever is quoted whole is not said."""
    quoted = "\n".join(f"> {line}" for line in text.replace("\r", "\n").split("\n"))

    assert read_requests(quoted) == ()
