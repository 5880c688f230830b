"""What a merge group's gate has from that of the pull request which it holds.

Votes are about a commit, and a merge group is another one. They count there, too, where the
plan is the same otherwise, and GitHub shows that the group is made of just that commit and of
what was decided before it. docs/decisions/0010-votes-in-the-merge-queue.md says why so.
"""

from dataclasses import dataclass

from app.core.approvals.reasons import Finding, ReasonCode

SHA_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """Where the votes come from: an orchestration of the pull request `number`.

    It is called `title` and was about the commit `head`; `actor` set it off, `pusher` pushed
    that commit, where that is known. `ahead` is what was chosen at the same gate of the group
    before this one, if anything was. With a `code`, nothing is carried over, and `why`.
    """

    number: int
    source: str = ""
    title: str = ""
    head: str = ""
    actor: str = ""
    pusher: str = ""
    ahead: str = ""
    code: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeking:
    """How far a gate of a merge group is with votes that were given elsewhere.

    It has asked for them `sought` times, and something has moved since the first `moves` of
    these; they were others than before `rounds` times.
    """

    carry: Carry | None = None
    sought: int = 0
    moves: int = 0
    rounds: int = 0

    @property
    def has_to_seek(self) -> bool:
        """Whether nobody has looked since something moved."""
        return self.sought <= self.moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What GitHub says of a merge group, and of the pull request that it is named after.

    `head` is the commit that the pull request is at. `is_held`: the group comes after it;
    `is_alone`: it is made of that commit and of its base, and of nothing else; `is_first`: the
    base is on its branch, so that nobody stands before it. `error` is why it does not say.
    """

    head: str = ""
    is_from_fork: bool = False
    is_held: bool = False
    is_alone: bool = False
    is_first: bool = False
    error: str = ""


def weigh_carry(carry: Carry, proof: Proof | None) -> Finding:
    """Say whether votes are carried over, and if not, why it is asked anew."""
    from_ = f"{carry.title}, pull request #{carry.number} at {carry.head[:SHA_SHOWN]}"
    if carry.code:
        return _no(ReasonCode(carry.code), carry.why)
    fault = _fault(carry, proof)
    if fault:
        return _no(ReasonCode.CARRY_NOT_PROVED, fault)
    assert proof is not None, "without it nothing is proved"
    if not proof.is_first and not carry.ahead:
        sentence = (
            "others stand before it in the merge queue, and this gate of the group before it "
            "has not opened"
        )
        return _no(ReasonCode.CARRY_QUEUE_AHEAD, sentence)
    sentence = f"GitHub shows that the group holds what was voted about in {from_}"
    return Finding(code=ReasonCode.VOTES_CARRIED, sentence=sentence, is_met=True)


def _fault(carry: Carry, proof: Proof | None) -> str:
    if proof is None:
        return "GitHub has not shown yet what the group holds"
    if proof.error:
        return f"GitHub does not show what the group holds: {proof.error}"
    if proof.head != carry.head:
        return (
            f"pull request #{carry.number} is at {proof.head[:SHA_SHOWN]}, and what was voted "
            f"about at {carry.head[:SHA_SHOWN]}"
        )
    if not proof.is_held:
        return (
            f"the group does not hold {carry.head[:SHA_SHOWN]}, which was voted about: it was "
            "squashed or rebased"
        )
    if not proof.is_alone:
        return "the group holds more than its base and the commit that was voted about"
    return ""


def _no(code: ReasonCode, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, is_met=False)
