"""Answers that are kept for a while: asked for once, and not believed too long."""

import asyncio
from datetime import timedelta

import pytest

from app.github.kept_answers import NOT_KEPT, KeptAnswers
from app.rehearsal import VirtualClock

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)


class Asked:
    """Somebody who is asked, and answers with how often that was."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        return self.times


def kept(clock: VirtualClock, most: int = 10) -> KeptAnswers[str, int]:
    """Keep answers for a minute."""
    return KeptAnswers(clock, lasts=MINUTE, most=most)


async def test_however_many_want_to_know_it_is_asked_once() -> None:
    """Those who ask while it is being asked wait for the same answer; others do not wait."""
    answers, asked, other = kept(VirtualClock()), Asked(), Asked()
    found = await asyncio.gather(
        *(answers.of("a", asked) for _ in range(3)), answers.of("b", other)
    )

    assert found == [1, 1, 1, 1]
    assert (asked.times, other.times) == (1, 1)


async def test_it_is_asked_again_when_the_answer_is_old() -> None:
    """Until its time is over it is known without asking."""
    clock, asked = VirtualClock(), Asked()
    answers = kept(clock)
    first = await answers.of("a", asked)
    known = answers.knows("a")
    clock.advance_to(clock.now() + MINUTE)

    assert (first, known, answers.knows("a")) == (1, True, False)
    assert await answers.of("a", asked) == 2


async def test_an_answer_is_kept_only_as_long_as_it_lasts() -> None:
    """What may be another one in a moment is not kept, nor what does not hold any more."""
    answers, asked = kept(VirtualClock()), Asked()
    passing = await answers.of("a", asked, lasts=lambda _: NOT_KEPT)
    lasting = await answers.of("a", asked)
    refused = await answers.of("a", asked, holds=lambda found: found > lasting)

    assert (passing, lasting, refused) == (1, 2, 3)
    assert await answers.of("a", asked) == 3


async def test_an_error_is_no_answer() -> None:
    """It is told to whoever asked; the next one asks anew."""
    answers, asked = kept(VirtualClock()), Asked()

    async def broken() -> int:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await answers.of("a", broken)

    assert await answers.of("a", asked) == 1


async def test_the_oldest_are_forgotten() -> None:
    """So many are kept, also of those that were found out elsewhere."""
    answers = kept(VirtualClock(), most=2)
    for key in ("a", "b", "a", "c"):
        answers.keep(key, 0)

    assert [key for key in "abc" if answers.knows(key)] == ["a", "c"]
