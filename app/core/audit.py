"""The chain of a journal: each entry carries a digest over itself and the one before it.

Whoever changes, removes, adds or reorders an entry of the journal breaks the chain there;
whoever cuts its end off leaves a head that nothing leads to. Who may write everything can make
a new chain, too: therefore evidence packs name the head, and are kept elsewhere.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.values import OrchestrationId

NO_DIGEST = ""
"""What comes before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry of a journal as it is kept: its number, its text, and its digest."""

    seq: int
    text: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The links of a journal in their order, and the digest that the last one should have.

    Of one that went on after its first entries were dropped for their age, `dropped` says how
    many these were, and `base` is the digest of the last of them.
    """

    head: str = NO_DIGEST
    links: Sequence[Link] = ()
    dropped: int = 0
    base: str = NO_DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first place where a chain does not hold: after how many entries, and why."""

    seq: int
    code: str
    message: str


def digest_of(before: str, orchestration: OrchestrationId, seq: int, text: str) -> str:
    """Return the digest of an entry that follows on the digest `before`.

    It is over the very text that is kept, so that no later version reads it otherwise.
    """
    whole = f"{before}\n{orchestration}\n{seq}\n{text}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def first_break(orchestration: OrchestrationId, chain: Chain) -> Break | None:
    """Find the first link that does not hold, if there is one."""
    before = chain.base if chain.links else NO_DIGEST
    for wanted, link in enumerate(chain.links, chain.dropped + 1):
        if link.seq != wanted:
            message = f"the entry {wanted} is missing: {link.seq} comes in its place"
            return Break(seq=wanted, code="entry-missing", message=message)
        digest = digest_of(before, orchestration, link.seq, link.text)
        if digest != link.digest:
            message = f"the entry {link.seq} is not the one that was written"
            return Break(seq=link.seq, code="entry-changed", message=message)
        before = digest
    if before != chain.head:
        last = chain.dropped + len(chain.links)
        message = f"the journal ends with the entry {last}, but it once went on"
        return Break(seq=last + 1, code="end-missing", message=message)
    return None
