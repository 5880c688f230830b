"""States as no friend would make them: any status, and strangers' words in every place."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from app.core.actions import Dispatch
from app.core.definition import Definition, ReportTo, Strategy, TaskDefinition
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import WHOLE
from app.core.plan import Cause, Origin, Plan
from app.core.state import Attempt, Leg, Orchestration, Passage, Reason, Seat, Task
from app.core.terms import Declaration, Expression, Place, Template, ValueType
from app.core.values import (
    Holder,
    Json,
    LegKey,
    LockKey,
    OrchestrationId,
    RepositoryName,
    Sha,
    TaskName,
)
from tests.core.told import COMMIT, START

PLACE = Place(line=1, column=1)
NASTY = (
    "@octocat",
    "acme/api#1",
    "GH-7",
    "| a | b |",
    "a\\|b",
    "`code`",
    "``",
    "a`b",
    "<script>alert(1)</script>",
    "</details>",
    "<!-- x",
    "-->",
    "[x](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "[x]: https://evil.example",
    "**bold** _it_ ~~no~~ $x$ $$y$$",
    "line\nbreak\r\n\n# heading",
    "> quote",
    "1. one",
    "- item",
    "+ item",
    "===",
    "---",
    "```\nfence",
    "&lt;b&gt; &#64;octocat",
    "\ud800 lone",
    "\u202eright to left",
    "\x1b[31mred",
    'x"]; click t1 "javascript:alert(1)"',
    "end",
    "😀" * 50,
    "_" * 300,
    " ",
    "",
)
WORDS = st.sampled_from(NASTY) | st.text(max_size=40)
TEXTS = st.lists(WORDS, max_size=3).map(" ".join)
URLS = st.just("https://github.com/acme/api/actions/runs/1") | st.sampled_from(
    ("", "javascript:alert(1)", "https://a.example/x)[y](z", "https://a.example/a|b")
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | URLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)
REASONS = st.none() | st.builds(
    Reason,
    code=st.sampled_from(("failure", "timed-out", "task-failed", "", "a`b")),
    message=TEXTS,
)
MOMENTS = st.none() | st.integers(0, 10**6).map(lambda s: START + timedelta(seconds=s))
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=3)

ATTEMPTS = st.builds(
    Attempt,
    number=st.integers(1, 3),
    marker=st.just("sb-0123456789abcdef-01234567"),
    repository=TEXTS,
    workflow=TEXTS,
    ref=st.just(COMMIT) | TEXTS,
    asked_at=st.just(START),
    run_attempt=st.integers(1, 3),
    url=URLS,
    running_since=MOMENTS,
    ended_at=MOMENTS,
    outputs=st.none() | OBJECTS,
    summary=TEXTS,
)


LEGS = st.builds(
    Leg,
    key=st.just(LegKey("")),
    status=st.sampled_from(LegStatus),
    attempts=st.lists(ATTEMPTS, max_size=1).map(tuple),
    reason=REASONS,
    is_tolerated=st.booleans(),
    outputs=OBJECTS,
    wave=TEXTS,
    rest_until=MOMENTS,
)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Draw one task: with its only leg, with a few, with none, or with a few over and over."""
    keys = draw(st.just([""]) | st.lists(TEXTS, max_size=3, unique=True))
    legs = {LegKey(key): replace(draw(LEGS), key=LegKey(key)) for key in keys}
    if draw(st.booleans()):
        many = {LegKey(f"{key} {n}"): leg for key, leg in legs.items() for n in range(35)}
        legs = {key: replace(leg, key=key) for key, leg in many.items()}
    return Task(
        status=draw(st.sampled_from(TaskStatus)),
        legs=legs,
        reason=draw(REASONS),
        is_tolerated=draw(st.booleans()),
        is_matrix=keys != [""],
        started_at=draw(MOMENTS),
        ended_at=draw(MOMENTS),
    )


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Draw a definition of a few tasks, each of which needs some of those before it."""
    # The parser vouches for names: they are well formed.
    words = st.from_regex(r"[a-z][a-z0-9_]{0,99}", fullmatch=True).map(TaskName)
    names = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    declared = Declaration(type=ValueType.STRING, place=PLACE)
    written = TEXTS.map(lambda text: Template(value=text, place=PLACE))
    strategy = st.dictionaries(WORDS, written, max_size=2).map(
        lambda each: Strategy(matrix=each)
    )
    return Definition(
        id=draw(TEXTS),
        name=draw(TEXTS),
        on=(),
        inputs={},
        tasks={
            name: TaskDefinition(
                name=name,
                place=PLACE,
                action=Dispatch(target=draw(written), inputs={}),
                needs=tuple(need for need in names[:at] if draw(st.booleans())),
                condition=draw(st.none() | st.just(Expression(source="a\x1b|b", place=PLACE))),
                strategy=draw(st.none() | strategy),
                outputs=dict.fromkeys(NASTY, declared),
                timeout=timedelta(hours=1),
                continue_on_error=Template(value=False, place=PLACE),
            )
            for at, name in enumerate(names)
        },
        timeout=timedelta(days=7),
        report_to=ReportTo(),
        digest="",
    )


HOLDERS = st.just(WHOLE) | TEXTS.map(Holder)
SEATS = st.builds(
    Seat,
    lock=TEXTS.map(LockKey),
    asked_at=st.just(START),
    position=st.integers(0, 9),
    ahead=TEXTS,
)
PASSAGES = st.lists(
    st.builds(
        Passage,
        calendar=TEXTS,
        asked_at=st.just(START),
        told_at=MOMENTS,
        opens_at=MOMENTS,
        why=TEXTS,
    ),
    min_size=1,
    max_size=2,
).map(tuple)


@st.composite
def states(draw: st.DrawFn) -> Orchestration:
    """Draw a state, whether or not `decide` would ever come to it."""
    definition = draw(definitions())
    origin = Origin(
        repository_id=1,
        repository=RepositoryName(draw(TEXTS)),
        installation_id=7,
        path=draw(TEXTS),
    )
    cause = Cause(
        event_name=draw(TEXTS),
        event={},
        repository_id=1,
        repository=RepositoryName(draw(TEXTS)),
        installation_id=7,
        actor=draw(TEXTS),
        sha=draw(st.just(COMMIT) | TEXTS.map(Sha)),
        ref=draw(TEXTS),
        pull_request=1,
    )
    plan = Plan(
        id=OrchestrationId("0123456789abcdef"),
        number=draw(st.integers(1, 10**6)),
        origin=origin,
        definition=definition,
        text="",
        cause=cause,
        inputs=draw(OBJECTS),
    )
    return Orchestration(
        plan=plan,
        status=draw(st.sampled_from(OrchestrationStatus)),
        tasks={name: draw(tasks()) for name in definition.tasks},
        requested_by=draw(TEXTS),
        started_at=draw(MOMENTS),
        ended_at=draw(MOMENTS),
        reason=draw(REASONS),
        paused=draw(REASONS),
        seats=draw(st.dictionaries(HOLDERS, SEATS, max_size=2)),
        passages=draw(st.dictionaries(HOLDERS, PASSAGES, max_size=2)),
    )
