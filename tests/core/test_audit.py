"""The chain of a journal breaks wherever somebody laid a hand on it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from app.core.audit import NO_DIGEST, Chain, Link, digest_of, first_break
from app.core.values import OrchestrationId

ID = OrchestrationId("0000000700000001")
Links = Sequence[Link]


def chain(*texts: str) -> Chain:
    links, head = [], NO_DIGEST
    for seq, text in enumerate(texts, 1):
        head = digest_of(head, ID, seq, text)
        links.append(Link(seq=seq, text=text, digest=head))
    return Chain(head=head, links=tuple(links))


@pytest.mark.parametrize("whole", [chain(), chain("a"), chain("a", "b", "c")])
def test_what_nobody_touched_holds(whole: Chain) -> None:
    """An empty journal, too."""
    assert first_break(ID, whole) is None


@pytest.mark.parametrize(
    ("change", "seq", "code"),
    [
        (lambda it: (it[0], replace(it[1], text="B"), it[2]), 2, "entry-changed"),
        (lambda it: (it[0], replace(it[1], digest="d"), it[2]), 2, "entry-changed"),
        (lambda it: (it[0], it[2]), 2, "entry-missing"),
        (lambda it: (it[0], replace(it[2], seq=2)), 2, "entry-changed"),
        (lambda it: (it[1], it[0], it[2]), 1, "entry-missing"),
        (lambda it: it[:2], 3, "end-missing"),
        (lambda it: (*it, replace(it[2], seq=4)), 4, "entry-changed"),
        (lambda _: (), 1, "end-missing"),
    ],
)
def test_a_hand_on_it_leaves_a_trace(
    change: Callable[[Links], Links], seq: int, code: str
) -> None:
    """Whatever is changed, taken out, swapped, cut off or added, the place is named."""
    whole = chain("a", "b", "c")
    broken = first_break(ID, replace(whole, links=change(whole.links)))

    assert broken is not None
    assert (broken.seq, broken.code) == (seq, code)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_journal_goes_on_after_its_beginning_was_dropped(kept: int) -> None:
    """From the digest of the last entry that is gone, which evidence may have named."""
    whole = chain("a", "b", "c")
    rest = Chain(
        head=whole.head if kept else NO_DIGEST,
        links=whole.links[3 - kept :],
        dropped=3 - kept,
        base=whole.links[2 - kept].digest,
    )

    assert first_break(ID, rest) is None
    for wrong in (
        replace(rest, links=whole.links[4 - kept :], head=whole.head),
        replace(rest, base="d", links=whole.links[2:], head=whole.head),
        replace(rest, links=whole.links[2:], head=whole.head, dropped=0),
    ):
        assert first_break(ID, wrong) is not None


def test_the_journal_of_another_is_no_journal_of_this() -> None:
    """The digest is over whose it is."""
    broken = first_break(OrchestrationId("other"), chain("a"))

    assert broken is not None
    assert broken.code == "entry-changed"
