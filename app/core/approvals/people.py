"""People, as far as decisions ask about them: what is known of a voter, and who is excluded.

What is not known is never taken for permission. A team that was not asked about is one that
the voter is not in; an author who is not known could be anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.actions import Permission, Requirement
from app.core.approvals.reasons import ReasonCode

ACTOR = "actor"
AUTHORS = "authors"
LAST_PUSHER = "last-pusher"

GITHUB_ITSELF = "web-flow"
"""Whom GitHub names as the maker of a commit that somebody made on its pages."""

AUTONOMOUS = frozenset({"dependabot[bot]", "renovate[bot]", "github-merge-queue[bot]"})
"""Bots that act by what a repository configures, and for nobody."""

_ORDER = tuple(Permission)
_EXCLUDED = {
    ACTOR: ReasonCode.VOTER_IS_ACTOR,
    AUTHORS: ReasonCode.VOTER_IS_AUTHOR,
    LAST_PUSHER: ReasonCode.VOTER_IS_LAST_PUSHER,
}
_MAY_NOT = "and may not approve it (`exclude`)"
_ANYBODY = "could be anybody who votes (`exclude`)"
_WORDS = {
    ACTOR: "set it off",
    AUTHORS: "wrote some of it",
    LAST_PUSHER: "pushed last",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who took part in what is to be approved.

    `behind` is the person for whom a bot acted, where GitHub says so; `is_alone` says that
    it is known to have acted for nobody.
    """

    login: str
    id: int = 0
    is_bot: bool = False
    behind: str = ""
    is_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """What GitHub says of somebody who votes or gives a command.

    `teams` (`owner/slug`) are those the person is known to be in, those above them included;
    `permission` is for the repository that is asked about, `None` if none. `behind` is the
    person for whom a bot acts; `is_alone` says that it is known to act for nobody.
    """

    login: str
    id: int = 0
    is_bot: bool = False
    behind: str = ""
    is_alone: bool = False
    permission: Permission | None = None
    teams: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Tell people apart: by the account, whose name may change."""
        return f"#{self.id}" if self.id else f"@{self.login.lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Why somebody may not approve."""

    code: ReasonCode
    sentence: str


def has_permission(voter: Voter, least: Permission) -> bool:
    """Tell whether a person may at least so much in the repository."""
    if voter.permission is None:
        return False
    return _ORDER.index(voter.permission) >= _ORDER.index(least)


def named_by(requirement: Requirement, voter: Voter) -> str:
    """Say by which word a requirement names a person: a user, a team, a permission, or none.

    Bots are named by `users` alone: a team or a permission of theirs was given for work.
    """
    if voter.login.lower() in {user.lower().removeprefix("@") for user in requirement.users}:
        return f"@{voter.login}"
    if voter.is_bot:
        return ""
    own = {team.lower() for team in voter.teams}
    for team in requirement.teams:
        if team.lower().removeprefix("@") in own:
            return team
    if requirement.permission and has_permission(voter, requirement.permission):
        return str(requirement.permission)
    return ""


def described(requirement: Requirement) -> tuple[str, ...]:
    """Say for people whom a requirement names, leaving out code owners."""
    found = [f"@{user.removeprefix('@')}" for user in requirement.users]
    found += [f"a member of {team}" for team in requirement.teams]
    if requirement.permission is not None:
        found.append(f"anybody with {requirement.permission} permission")
    return tuple(found)


def excluded(
    exclude: frozenset[str], parties: Mapping[str, tuple[Party, ...]], voter: Voter
) -> Exclusion | None:
    """Say why a person may not approve: had a part in it, or may have had one."""
    names = {each.lower() for each in (voter.login, voter.behind) if each}
    for word in sorted(exclude):
        known = parties.get(word)
        if known is None:
            sentence = f"it is not known who {_WORDS.get(word, word)}, and it {_ANYBODY}"
            return Exclusion(code=ReasonCode.VOTER_MAY_BE_EXCLUDED, sentence=sentence)
        for party in known:
            code = _EXCLUDED.get(word, ReasonCode.VOTER_MAY_BE_EXCLUDED)
            if {party.login.lower(), party.behind.lower()} & names or (
                party.id and party.id == voter.id
            ):
                sentence = f"@{voter.login} {_WORDS.get(word, word)}"
                if party.login.lower() != voter.login.lower():
                    sentence += f", through @{party.login},"
                return Exclusion(code=code, sentence=f"{sentence} {_MAY_NOT}")
            if _hides_somebody(party):
                what = f"@{party.login} {_WORDS.get(word, word)}"
                sentence = f"{what}, and it is not known for whom: it {_ANYBODY}"
                return Exclusion(code=ReasonCode.VOTER_MAY_BE_EXCLUDED, sentence=sentence)
    if exclude and voter.is_bot and not voter.behind and not voter.is_alone:
        sentence = f"it is not known for whom @{voter.login} acts: it {_ANYBODY}"
        return Exclusion(code=ReasonCode.VOTER_MAY_BE_EXCLUDED, sentence=sentence)
    return None


def _hides_somebody(party: Party) -> bool:
    """Tell whether a person stands behind it who is not known."""
    login = party.login.lower()
    acts_for_people = party.is_bot or login.endswith("[bot]") or login == GITHUB_ITSELF
    return (
        acts_for_people and not party.behind and not party.is_alone and login not in AUTONOMOUS
    )
