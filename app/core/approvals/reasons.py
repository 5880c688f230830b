"""Why something is allowed, refused or awaited: stable codes, and the tree that explains.

Nothing is refused without a code. docs/reasons.md is written from `REASONS` by `make docs`:
there each code has its meaning and what can be done about it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """The reasons that decisions about people give. A code is stable: people search for it."""

    GATE_OPEN = "gate-open"
    GATE_OPEN_BY_RULE = "gate-open-by-rule"
    GATE_OPEN_BY_BREAK_GLASS = "gate-open-by-break-glass"
    GATE_REJECTED = "gate-rejected"
    GATE_UNDECIDED = "gate-undecided"
    OPTION_MET = "option-met"
    OPTION_UNMET = "option-unmet"
    RULE_MET = "rule-met"
    RULE_UNMET = "rule-unmet"
    RULE_NOT_IN_FORCE = "rule-not-in-force"
    RULE_ERROR = "rule-error"
    RULE_SET_ASIDE = "rule-set-aside"
    RULE_EVALUATED = "rule-evaluated"
    REQUIREMENT_MET = "requirement-met"
    REQUIREMENT_UNMET = "requirement-unmet"
    OWNERS_MET = "owners-met"
    OWNERS_MISSING = "owners-missing"
    OWNERS_UNKNOWN = "owners-unknown"
    ASSIGNMENT_TOO_LARGE = "assignment-too-large"
    MAINTAINER_MET = "maintainer-met"
    MAINTAINER_MISSING = "maintainer-missing"
    VOTES_CARRIED = "votes-carried"
    CARRY_NO_VOTES = "carry-no-votes"
    CARRY_PLAN_DIFFERS = "carry-plan-differs"
    CARRY_NOT_PROVED = "carry-not-proved"
    CARRY_QUEUE_AHEAD = "carry-queue-ahead"
    FORM_COMPLETE = "form-complete"
    FORM_INCOMPLETE = "form-incomplete"
    AUTO_CHOSE = "auto-chose"
    AUTO_NOT = "auto-not"
    AUTO_ERROR = "auto-error"
    BREAK_GLASS_USED = "break-glass-used"
    BREAK_GLASS_NO_REASON = "break-glass-no-reason"
    BREAK_GLASS_NOT_ALLOWED = "break-glass-not-allowed"
    VOTE_COUNTS = "vote-counts"
    VOTE_NOT_NEEDED = "vote-not-needed"
    VOTE_REJECTS = "vote-rejects"
    VOTE_SUPERSEDED = "vote-superseded"
    VOTE_WITHDRAWN = "vote-withdrawn"
    VOTE_FOR_ANOTHER_PLAN = "vote-for-another-plan"
    VOTE_NOT_CARRIED = "vote-not-carried"
    VOTE_EXPIRED = "vote-expired"
    VOTE_BY_WRONG_DOOR = "vote-by-wrong-door"
    VOTE_OPTION_UNKNOWN = "vote-option-unknown"
    VOTE_FORM_BAD = "vote-form-bad"
    VOTE_NO_ROOM = "vote-no-room"
    VOTER_UNKNOWN = "voter-unknown"
    VOTER_ANOTHER = "voter-another"
    VOTER_IS_BOT = "voter-is-bot"
    VOTER_NOT_ASKED = "voter-not-asked"
    VOTER_IS_ACTOR = "voter-is-actor"
    VOTER_IS_AUTHOR = "voter-is-author"
    VOTER_IS_LAST_PUSHER = "voter-is-last-pusher"
    VOTER_MAY_BE_EXCLUDED = "voter-may-be-excluded"
    POLICY_ALLOWS = "policy-allows"
    POLICY_DENIES = "policy-denies"
    POLICY_ERROR = "policy-error"
    POLICY_WOULD_DENY = "policy-would-deny"
    POLICY_NOT_APPLICABLE = "policy-not-applicable"
    ROLE_GRANTED = "role-granted"
    ROLE_MISSING = "role-missing"
    ROLE_UNKNOWN_PERSON = "role-unknown-person"
    ROLE_IS_BOT = "role-is-bot"
    GATE_NOT_FOUND = "gate-not-found"
    GATE_AMBIGUOUS = "gate-ambiguous"
    COMMAND_INCOMPLETE = "command-incomplete"
    COMMAND_BAD_TIME = "command-bad-time"
    COMMAND_TOO_MANY = "command-too-many"
    COMMENT_CHANGED = "comment-changed"
    TARGET_UNCLEAR = "target-unclear"
    DEFINITION_UNKNOWN = "definition-unknown"
    INPUTS_BAD = "inputs-bad"
    NO_CALENDAR = "no-calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a code means, and what can be done about it; nothing where it is no obstacle."""

    means: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer, with the answers it rests on.

    `people` are those through whom it is met, `could` whoever could still make it so.
    """

    code: ReasonCode
    sentence: str
    is_met: bool
    children: tuple["Finding", ...] = ()
    people: tuple[str, ...] = ()
    could: tuple[str, ...] = ()

    def walk(self) -> Iterator["Finding"]:
        """Go through the tree from its root."""
        yield self
        for child in self.children:
            yield from child.walk()


def explain(finding: Finding) -> str:
    """Write a tree as plain text, a line for each branch with its code.

    It holds what strangers wrote; for GitHub there is `approvals.explain`, which quotes that.
    """
    return "\n".join(_lines(finding, 0))


def _lines(finding: Finding, depth: int) -> Iterator[str]:
    mark = "✓" if finding.is_met else "✗"
    text = f"{'  ' * depth}- {mark} {finding.sentence} (`{finding.code}`)"
    if finding.could and not finding.is_met:
        text += f". Who could: {', '.join(finding.could)}"
    yield text
    for child in finding.children:
        yield from _lines(child, depth + 1)


_C = ReasonCode
_WAIT_OR_ASK = "Ask one of those named as able to."

REASONS: Mapping[ReasonCode, Meaning] = {
    _C.GATE_OPEN: Meaning(means="Enough people chose this option."),
    _C.GATE_OPEN_BY_RULE: Meaning(
        means="The condition of `auto` holds, and the organisation's policy asks for nobody."
    ),
    _C.GATE_OPEN_BY_BREAK_GLASS: Meaning(
        means="Somebody decided alone in an emergency, with a reason. It is recorded as such."
    ),
    _C.GATE_REJECTED: Meaning(
        means="Somebody who was asked rejected it, or a rule or policy did.",
        remedy="Mend what they object to; a new plan is asked about anew.",
    ),
    _C.GATE_UNDECIDED: Meaning(
        means="Something that must be met is not; the branches say what.",
        remedy=_WAIT_OR_ASK,
    ),
    _C.OPTION_MET: Meaning(means="Everything that this option needs is met."),
    _C.OPTION_UNMET: Meaning(
        means="Something that this option needs is not met.", remedy=_WAIT_OR_ASK
    ),
    _C.RULE_MET: Meaning(means="Every requirement of the rule is met."),
    _C.RULE_UNMET: Meaning(means="A requirement of the rule is not met.", remedy=_WAIT_OR_ASK),
    _C.RULE_NOT_IN_FORCE: Meaning(
        means="The rule's `when` does not hold, so that it asks for nobody."
    ),
    _C.RULE_ERROR: Meaning(
        means="The rule's `when` could not be worked out, so the gate stays shut.",
        remedy="Mend the expression: a name it reads has no value, or not of that type.",
    ),
    _C.RULE_SET_ASIDE: Meaning(
        means="The definition's rule is not asked: `auto` or a break-glass decides instead."
    ),
    _C.RULE_EVALUATED: Meaning(
        means="The policy's `mode` is `evaluate`: this would be asked for, and is not yet.",
        remedy="Nothing now. With `mode: enforce` it must be met.",
    ),
    _C.REQUIREMENT_MET: Meaning(means="Enough different people of those asked have voted."),
    _C.REQUIREMENT_UNMET: Meaning(
        means="Too few of those asked have voted. Nobody counts twice over all rules.",
        remedy=_WAIT_OR_ASK,
    ),
    _C.OWNERS_MET: Meaning(
        means="Each changed path that has owners was approved by one of them."
    ),
    _C.OWNERS_MISSING: Meaning(
        means="A changed path has owners in CODEOWNERS, and none of them has approved.",
        remedy="Ask one of the owners that are named for the path.",
    ),
    _C.OWNERS_UNKNOWN: Meaning(
        means="The changed paths or CODEOWNERS are not known, so it cannot be told who owns.",
        remedy="GitHub ignores a CODEOWNERS file above 3 MB; else wait until GitHub answers.",
    ),
    _C.ASSIGNMENT_TOO_LARGE: Meaning(
        means="There are too many ways to assign people to paths to try them all.",
        remedy="Own paths by fewer different teams, or let more owners vote.",
    ),
    _C.MAINTAINER_MET: Meaning(
        means="It comes from a fork, and somebody who may push here has approved it."
    ),
    _C.MAINTAINER_MISSING: Meaning(
        means=(
            "It comes from a fork, and nobody has approved it who may push to the repository "
            "of the definition, whomever the rules ask besides."
        ),
        remedy="Somebody with write permission looks at that very commit and approves it.",
    ),
    _C.VOTES_CARRIED: Meaning(
        means=(
            "The merge group is made of the commit that was voted about on the pull request, "
            "and the plan is the same otherwise: the votes count here, too."
        )
    ),
    _C.CARRY_NO_VOTES: Meaning(
        means="Nobody has voted at this gate of the pull request that the merge group holds.",
        remedy="Approve it on the pull request, or here by the button of the group's check.",
    ),
    _C.CARRY_PLAN_DIFFERS: Meaning(
        means="What the gate stands before is not the same here as on the pull request.",
        remedy="Look at what differs, and approve it here, by the button of the group's check.",
    ),
    _C.CARRY_NOT_PROVED: Meaning(
        means=(
            "GitHub does not show that the merge group is made of just the commit that was "
            "voted about: so it is with a queue that squashes or rebases."
        ),
        remedy="Approve it here, by the button of the check; or let the queue make merges.",
    ),
    _C.CARRY_QUEUE_AHEAD: Meaning(
        means="The merge group holds others, too, that nobody has approved at this gate.",
        remedy="Wait for the group before it, or approve all of it here.",
    ),
    _C.FORM_COMPLETE: Meaning(means="The form has all that it asks for."),
    _C.FORM_INCOMPLETE: Meaning(
        means="Enough people have voted, but nobody filled in what the form requires.",
        remedy="Vote again with the missing values: `/approve TASK name=value`.",
    ),
    _C.AUTO_CHOSE: Meaning(means="The condition of `auto` holds, and chose."),
    _C.AUTO_NOT: Meaning(means="The condition of `auto` does not hold: people decide."),
    _C.AUTO_ERROR: Meaning(
        means="The condition of `auto` could not be worked out, so nothing is decided by it.",
        remedy="People can decide. Mend the expression for the next time.",
    ),
    _C.BREAK_GLASS_USED: Meaning(means="Somebody who may decide alone did, with a reason."),
    _C.BREAK_GLASS_NO_REASON: Meaning(
        means="A break-glass needs a reason.",
        remedy='Write `/approve TASK break-glass="why it cannot wait"`.',
    ),
    _C.BREAK_GLASS_NOT_ALLOWED: Meaning(
        means="The approval has no `break-glass`, or does not name this person for it.",
        remedy=_WAIT_OR_ASK,
    ),
    _C.VOTE_COUNTS: Meaning(means="The vote counts, for the requirement that is named."),
    _C.VOTE_NOT_NEEDED: Meaning(
        means="The vote is good, and what this person could meet is met by others."
    ),
    _C.VOTE_REJECTS: Meaning(means="One no of somebody who is asked is enough."),
    _C.VOTE_SUPERSEDED: Meaning(means="The same person voted later; the latest vote counts."),
    _C.VOTE_WITHDRAWN: Meaning(
        means="The review was dismissed or changed, or the comment edited or deleted.",
        remedy="Vote again, with a new comment or review.",
    ),
    _C.VOTE_FOR_ANOTHER_PLAN: Meaning(
        means="The vote is for other commits, inputs or another definition than are planned.",
        remedy="Look at what changed and vote again.",
    ),
    _C.VOTE_NOT_CARRIED: Meaning(
        means="The vote was given on the pull request, and does not count in the merge group.",
        remedy="The gate says why; approve it here, by the button of the group's check.",
    ),
    _C.VOTE_EXPIRED: Meaning(
        means="The vote is older than `expires-after` allows.", remedy="Vote again."
    ),
    _C.VOTE_BY_WRONG_DOOR: Meaning(
        means="The approval's `sources` do not name the door by which the vote came.",
        remedy="Vote by one of the doors that are named.",
    ),
    _C.VOTE_OPTION_UNKNOWN: Meaning(
        means="The approval has no such option.", remedy="Choose one of those named."
    ),
    _C.VOTE_FORM_BAD: Meaning(
        means="A value that came with the vote is not what the form declares.",
        remedy="Vote again with a value that fits.",
    ),
    _C.VOTE_NO_ROOM: Meaning(
        means=(
            "So many people have voted whom nobody knows here that they are looked up first. "
            "Whom a rule names in `users` always finds room, and so does whoever was found to "
            "be asked before."
        ),
        remedy=(
            "Vote again in a minute. If strangers keep it up, limit who may comment: GitHub "
            "calls that interaction limits, in the settings of the repository."
        ),
    ),
    _C.VOTER_UNKNOWN: Meaning(
        means="GitHub has not told what this person may, so the vote does not count yet.",
        remedy="Wait: it is asked again.",
    ),
    _C.VOTER_ANOTHER: Meaning(
        means="The name belongs to another account than the one that voted.",
        remedy="The person votes again under the present name.",
    ),
    _C.VOTER_IS_BOT: Meaning(
        means="Bots count only where `users` names them.",
        remedy="A person votes, or the rule names the bot.",
    ),
    _C.VOTER_NOT_ASKED: Meaning(
        means="No rule in force asks for this person.", remedy=_WAIT_OR_ASK
    ),
    _C.VOTER_IS_ACTOR: Meaning(
        means="`exclude` names the actor: who set it off may not approve it.",
        remedy="Somebody else approves.",
    ),
    _C.VOTER_IS_AUTHOR: Meaning(
        means="`exclude` names the authors: who wrote it may not approve it.",
        remedy="Somebody else approves.",
    ),
    _C.VOTER_IS_LAST_PUSHER: Meaning(
        means="`exclude` names the last pusher, who may not approve it.",
        remedy="Somebody else approves.",
    ),
    _C.VOTER_MAY_BE_EXCLUDED: Meaning(
        means=(
            "`exclude` names somebody who is not known, or a bot whose person is not known, "
            "so that nobody can be told from them."
        ),
        remedy="Wait until GitHub answers; for a bot, a person starts it anew or breaks glass.",
    ),
    _C.POLICY_ALLOWS: Meaning(means="No rule of the organisation's policy forbids it."),
    _C.POLICY_DENIES: Meaning(
        means="A rule of the organisation's policy forbids it.",
        remedy="Change what the rule is about, or ask whoever keeps the policy.",
    ),
    _C.POLICY_ERROR: Meaning(
        means="A condition of the organisation's policy could not be worked out.",
        remedy="Whoever keeps the policy mends the expression; until then it stays shut.",
    ),
    _C.POLICY_WOULD_DENY: Meaning(
        means="The policy's `mode` is `evaluate`: it would be forbidden, and is not yet.",
        remedy="Nothing now. With `mode: enforce` it is forbidden.",
    ),
    _C.POLICY_NOT_APPLICABLE: Meaning(means="The rule of the policy is about something else."),
    _C.ROLE_GRANTED: Meaning(means="The person has the role."),
    _C.ROLE_MISSING: Meaning(
        means="`roles` in the policy gives the role to others.", remedy=_WAIT_OR_ASK
    ),
    _C.ROLE_UNKNOWN_PERSON: Meaning(
        means="GitHub has not told what this person may.", remedy="Try again in a minute."
    ),
    _C.ROLE_IS_BOT: Meaning(
        means="Bots have a role only where `users` names them.",
        remedy="A person does it, or the policy names the bot.",
    ),
    _C.GATE_NOT_FOUND: Meaning(
        means="No gate of that name waits here.",
        remedy="Name a task that waits, or one of its options; `/why` lists them.",
    ),
    _C.GATE_AMBIGUOUS: Meaning(
        means="Several gates wait, and the command does not say which is meant.",
        remedy="Name the task: `/approve TASK`.",
    ),
    _C.COMMAND_INCOMPLETE: Meaning(
        means="The command lacks something that it needs.",
        remedy="Write it as the answer shows, in a new comment.",
    ),
    _C.COMMAND_BAD_TIME: Meaning(
        means="The moment cannot be read, or does not say on whose clock it is.",
        remedy="Write it with `Z` or an offset: `2026-12-20T08:00Z`.",
    ),
    _C.COMMAND_TOO_MANY: Meaning(
        means="A comment holds more commands than are read.",
        remedy="Write the rest in another comment.",
    ),
    _C.COMMENT_CHANGED: Meaning(
        means="The comment was edited before it was obeyed.", remedy="Write a new one."
    ),
    _C.TARGET_UNCLEAR: Meaning(
        means="No orchestration or task is meant by the command, or more than one is.",
        remedy="Name one of those that the answer lists; `/why` lists all there are.",
    ),
    _C.DEFINITION_UNKNOWN: Meaning(
        means="No definition of that name can be started here by a command.",
        remedy="Name one whose `on` has `command`, and which listens to this repository.",
    ),
    _C.INPUTS_BAD: Meaning(
        means="The inputs that came with the command are not what the definition declares.",
        remedy="Write it again: `/orchestrate NAME key=value`.",
    ),
    _C.NO_CALENDAR: Meaning(
        means="The organisation's policy has no calendar that could be closed.",
        remedy="Add one under `organization.calendars`.",
    ),
}
"""What each code means: the source of docs/reasons.md."""
