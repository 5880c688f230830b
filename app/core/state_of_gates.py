"""Gates as they stand in the state: the votes, what is known of the voters, the choice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.core.approvals.carry import Seeking
from app.core.approvals.survey import Survey
from app.core.values import JsonObject, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Where the comment stands that a vote came by, and the digest of what it asked for.

    By this it is found out whether it still says so when the vote is used.
    """

    installation_id: int
    repository_id: int
    is_pull_request: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one person said at a gate, by which door, about which commit.

    `digest` and `sha` say which plan it is for; at least one must be known. `reference` is
    the id of the comment or review, so that it can be withdrawn. `memberships` and
    `permission` are what let it count, as they were when it was used. `carried_from` is the
    orchestration at whose gate it was given, where that is another one.
    """

    by: str
    option: str
    at: datetime
    source: str = ""
    reason: str = ""
    inputs: JsonObject = field(default_factory=dict)
    user_id: int = 0
    digest: str = ""
    sha: str = ""
    reference: str = ""
    words: Words | None = None
    is_break_glass: bool = False
    is_withdrawn: bool = False
    memberships: tuple[str, ...] = ()
    permission: str = ""
    carried_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A question to people, or a wait: when it opened, and what closed it.

    `choice` is the option that was chosen, `by` whom or what; `inputs` what the form said.
    `due` is when a wait is over by itself. `escalated` counts the escalations told. `survey`
    is what was last found out about those who voted; it was asked for when there were
    `asked_votes` votes. The first `answered` of them were told what became of them.
    `withdrawn` names reviews and comments that were changed before their vote was heard.
    `seeking` is about votes that were given elsewhere. `let_go` counts votes that it does not
    keep any more, since others had to find room; `is_crowded`: since the last survey there was
    none for one.
    """

    opened_at: datetime
    votes: tuple[Vote, ...] = ()
    choice: str = ""
    by: str = ""
    reason: str = ""
    inputs: JsonObject = field(default_factory=dict)
    due: datetime | None = None
    escalated: int = 0
    asked_votes: int = -1
    survey: Survey | None = None
    answered: int = 0
    withdrawn: tuple[str, ...] = ()
    seeking: Seeking = field(default_factory=Seeking)
    let_go: int = 0
    is_crowded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that a question is about, as people read it, and the digest of its value.

    `shown` is short, with secrets masked; what cannot be shown has the digest alone.
    """

    digest: str
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """What a question is about, and what it was about when it was last put to people.

    `is_voted`: somebody has voted on it as it is now.
    """

    parts: Mapping[str, Part]
    before: Mapping[str, Part] | None = None
    is_voted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Why there is nothing to decide about the commit any more: of a pull request, as it was.

    `sha` is the commit that it goes on at, where it goes on at another one.
    """

    code: str
    message: str
    sha: Sha | None = None

    @property
    def is_superseded(self) -> bool:
        """Whether something newer is asked about instead; not so where it was closed."""
        return self.code == SUPERSEDED


SUPERSEDED = "superseded"
