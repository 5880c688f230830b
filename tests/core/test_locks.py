"""Stories and laws about concurrency groups: fair, never too full, never leaked."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import SeatGranted, SeatLost, SeatQueued
from app.core.locks import (
    TOLD_MAX,
    AllSeatsLeft,
    Answer,
    Lock,
    LockEvent,
    SeatAsked,
    SeatLeft,
    decide_lock,
    members,
    places,
)
from app.core.values import Holder, LockKey, OrchestrationId
from tests.kit.build import START

KEY = LockKey("organization/acme/production")


@dataclass
class Group:
    """A lock that remembers whom it told what, in words."""

    lock: Lock = field(default_factory=lambda: Lock(key=KEY))
    told: list[str] = field(default_factory=list)

    def hear(self, event: LockEvent) -> list[str]:
        """Let an event in; return what was said because of it."""
        self.lock, answers = decide_lock(self.lock, event)
        said = [in_words(answer) for answer in answers]
        self.told += said
        return said

    def ask(self, name: str, **how: object) -> list[str]:
        return self.hear(asked(name, **how))

    def leave(self, name: str) -> list[str]:
        orchestration, _, holder = name.partition("/")
        return self.hear(
            SeatLeft(
                at=START, orchestration=OrchestrationId(orchestration), holder=Holder(holder)
            )
        )

    def end(self, name: str) -> list[str]:
        return self.hear(AllSeatsLeft(at=START, orchestration=OrchestrationId(name)))


def asked(name: str, **how: object) -> SeatAsked:
    """`a` asks as a whole, `a/build` as a task of it."""
    orchestration, _, holder = name.partition("/")
    return SeatAsked(
        at=START,
        orchestration=OrchestrationId(orchestration),
        holder=Holder(holder),
        who=name,
        **how,  # type: ignore[arg-type]  # the few words that matter to a story
    )


def in_words(answer: Answer) -> str:
    orchestration, event = answer
    name = f"{orchestration}/{event.holder}" if event.holder else orchestration
    match event:
        case SeatGranted():
            return f"{name} has it"
        case SeatQueued():
            return f"{name} is {event.position} behind {event.ahead}"
        case SeatLost():
            return f"{name} loses it to {event.by}"


def test_who_comes_first_is_served_first() -> None:
    """A free place is given at once, a taken one in the order of arrival."""
    group = Group()
    first, second, third = group.ask("a"), group.ask("b"), group.ask("c")
    after = group.leave("a")

    assert first == ["a has it"]
    assert second == ["b is 1 behind a"]
    assert third == ["c is 2 behind a"]
    assert after == ["b has it", "c is 1 behind b"]


def test_a_higher_priority_goes_before() -> None:
    """Whoever waits with a higher priority is served before others, and they are told."""
    group = Group()
    group.ask("a")
    group.ask("b", priority=1)
    said = group.ask("c", priority=10)

    assert said == ["c is 1 behind a", "b is 2 behind a"]
    assert group.leave("a") == ["c has it", "b is 1 behind c"]


def test_a_group_may_have_many_places() -> None:
    """The limit of the newest asker counts; nobody who has a place is put out for it."""
    group = Group()
    for name in ("a", "b", "c"):
        group.ask(name, limit=2)
    smaller = group.ask("d", limit=1)
    first, second = group.leave("a"), group.leave("b")

    assert smaller == ["d is 2 behind a, b"]
    assert first == ["c is 1 behind b", "d is 2 behind b"]
    assert second == ["c has it", "d is 1 behind c"]


def test_a_greater_limit_lets_all_in_who_now_fit() -> None:
    """Those who waited go before the one that brought the greater limit."""
    group = Group()
    for name in ("a", "b"):
        group.ask(name)

    assert group.ask("c", limit=3) == ["b has it", "c has it"]


def test_the_latest_alone_may_wait() -> None:
    """With `queue: latest` a newer one takes the place of one that waits for the same."""
    group = Group()
    group.ask("a", is_latest=True)
    group.ask("b", is_latest=True)

    assert group.ask("c", is_latest=True) == ["b loses it to c", "c is 1 behind a"]
    assert group.leave("b") == []
    assert group.leave("a") == ["c has it"]


def test_who_wants_all_to_be_kept_is_kept() -> None:
    """A definition that queues all shares a group with one that does not, and loses nothing."""
    group = Group()
    group.ask("a")
    group.ask("b")
    group.ask("c", is_latest=True)

    assert group.ask("d", is_latest=True) == ["c loses it to d", "d is 2 behind a"]
    assert group.ask("e") == ["e is 3 behind a"]


def test_the_newest_may_cancel_what_is_in_progress() -> None:
    """A holder is asked to leave, and the new one waits until it has."""
    group = Group()
    group.ask("a", cancel_in_progress=True)
    said = group.ask("b", cancel_in_progress=True)
    again = group.ask("c", cancel_in_progress=True)

    assert said == ["a loses it to b", "b is 1 behind a"]
    assert again == ["b loses it to c", "c is 1 behind a"]
    assert group.ask("a") == ["a loses it to a"]
    assert group.leave("a") == ["c has it"]


def test_as_few_as_it_takes_are_cancelled() -> None:
    """Of several holders the one that is there longest makes room, and only if it must."""
    group = Group()
    for name in ("a", "b"):
        group.ask(name, limit=3)
    free = group.ask("c", limit=3, cancel_in_progress=True)
    full = group.ask("d", limit=3, cancel_in_progress=True)

    assert free == ["c has it"]
    assert full == ["a loses it to d", "d is 1 behind a, b, c"]


def test_nobody_cancels_itself() -> None:
    """The tasks of one orchestration queue up, whatever they say of others."""
    group = Group()
    group.ask("a/build", cancel_in_progress=True, is_latest=True)
    group.ask("a/test", cancel_in_progress=True, is_latest=True)

    assert group.ask("a/lint", cancel_in_progress=True, is_latest=True) == [
        "a/lint is 2 behind a/build"
    ]
    assert group.leave("a/build") == ["a/test has it", "a/lint is 1 behind a/test"]


def test_asking_and_leaving_twice_is_as_good_as_once() -> None:
    """The same answer comes again, and nothing changes."""
    group = Group()
    group.ask("a")
    group.ask("b")
    before = group.lock

    assert group.ask("a") == ["a has it"]
    assert group.ask("b") == ["b is 1 behind a"]
    assert group.leave("nobody") == []
    assert group.lock == before


def test_an_end_frees_everything() -> None:
    """What an orchestration has and what it waits for is free once it ended."""
    group = Group()
    group.ask("a/build", limit=2)
    group.ask("b", limit=2)
    group.ask("a/test", limit=2)
    group.ask("c", limit=2)

    assert group.end("a") == ["c has it"]
    assert members(group.lock) == {"b", "c"}


def test_an_end_does_not_touch_all_who_wait() -> None:
    """Only the head of a long queue is told of its new places; who comes nearer learns it."""
    group = Group()
    for number in range(TOLD_MAX + 20):
        group.ask(f"{number}")
    said = group.leave("0")

    assert len(said) == 1 + TOLD_MAX
    assert said[-1] == f"{TOLD_MAX + 1} is {TOLD_MAX} behind 1"


def test_a_lock_can_be_asked_about() -> None:
    """Who has it, who waits at which place, since when and why."""
    group = Group()
    for name in ("a", "b", "c", "d"):
        group.ask(name, limit=4)
    group.ask("e", limit=4, cancel_in_progress=True)
    group.ask("f", limit=4)

    assert [(each.who, each.position, each.why) for each in places(group.lock)] == [
        ("a", 0, "asked to leave for somebody newer"),
        ("b", 0, "has a place"),
        ("c", 0, "has a place"),
        ("d", 0, "has a place"),
        ("e", 1, "all 4 places are taken by a, b, c and 1 more"),
        ("f", 2, "all 4 places are taken by a, b, c and 1 more; 1 before it in the queue"),
    ]


def test_a_lock_of_one_says_so() -> None:
    """With one place there is no talk of many."""
    group = Group()
    group.ask("a")
    group.ask("b")

    assert places(group.lock)[1].why == "the only place is taken by a"


NAMES = st.sampled_from([f"{name}/{holder}" for name in "abcde" for holder in ("", "x")])
ASKS = st.builds(
    lambda name, limit, priority, is_latest, cancel: asked(
        name, limit=limit, priority=priority, is_latest=is_latest, cancel_in_progress=cancel
    ),
    NAMES,
    st.integers(1, 3),
    st.integers(-1, 2),
    st.booleans(),
    st.booleans(),
)
LEAVES = st.builds(
    lambda name: SeatLeft(
        at=START + timedelta(seconds=1),
        orchestration=OrchestrationId(name.partition("/")[0]),
        holder=Holder(name.partition("/")[2]),
    ),
    NAMES,
)
ENDS = st.builds(
    lambda name: AllSeatsLeft(at=START, orchestration=OrchestrationId(name)),
    st.sampled_from("abcde"),
)


def seats(lock: Lock) -> dict[tuple[str, str], str]:
    """Return who is where, by name."""
    held = {(place.orchestration, place.holder): "has it" for place in lock.holding}
    waits = {(place.orchestration, place.holder): "waits" for place in lock.waiting}
    assert not held.keys() & waits.keys(), "nobody waits for what it has"
    return held | waits


@given(st.lists(st.one_of(ASKS, ASKS, LEAVES, ENDS), max_size=40))
def test_whatever_is_heard_the_laws_hold(events: list[LockEvent]) -> None:
    """No place too many is given, none is left empty, each is told, twice is once."""
    lock = Lock(key=KEY)
    believed: dict[tuple[str, str], str] = {}
    for event in events:
        before, (lock, answers) = lock, decide_lock(lock, event)
        granted = [who for who, said in answers if isinstance(said, SeatGranted)]
        order = [(-place.priority, place.number) for place in lock.waiting]

        assert order == sorted(order)
        if len(lock.holding) > len(before.holding) or granted:
            assert len(lock.holding) <= max(lock.limit, len(before.holding))
        assert not lock.waiting or len(lock.holding) >= lock.limit
        for who, said in answers:
            key = (who, said.holder)
            if isinstance(said, SeatLost) and believed.get(key) == "waits":
                del believed[key]
            elif not isinstance(said, SeatLost):
                believed[key] = "has it" if isinstance(said, SeatGranted) else "waits"
        forgotten = event if isinstance(event, SeatLeft | AllSeatsLeft) else None
        if isinstance(forgotten, SeatLeft):
            believed.pop((forgotten.orchestration, forgotten.holder), None)
        elif forgotten is not None:
            believed = {k: v for k, v in believed.items() if k[0] != forgotten.orchestration}
        assert believed == seats(lock), "everybody knows where it is"
        assert decide_lock(lock, event)[0] == lock or isinstance(event, SeatAsked)


@given(st.lists(ASKS, min_size=1, max_size=20))
def test_nobody_starves(asks: list[SeatAsked]) -> None:
    """If all who have a place leave some day, everybody who waits is served, in order."""
    lock = Lock(key=KEY)
    for ask in asks:
        lock, _ = decide_lock(lock, ask)
    served: list[int] = []
    expected = [place.number for place in lock.waiting]
    while lock.holding:
        first = lock.holding[0]
        left = SeatLeft(at=START, orchestration=first.orchestration, holder=first.holder)
        known = {place.number for place in lock.holding}
        lock, _ = decide_lock(lock, left)
        served += [place.number for place in lock.holding if place.number not in known]

    assert served == expected
