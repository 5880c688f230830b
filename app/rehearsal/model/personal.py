"""Personal access tokens: by them a person does on the API what they may do on the pages.

https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
"""

from dataclasses import dataclass, field

from app.rehearsal.model.refused import Refused, not_found
from app.rehearsal.model.state import Account
from app.rehearsal.model.world import World

MAY_WRITE = frozenset({"write", "maintain", "admin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Whose token it is; a fine-grained one may be for reading alone."""

    who: Account
    reads_only: bool = False


@dataclass(slots=True)
class PersonalTokens:
    """The personal access tokens that are out."""

    tokens: dict[str, Personal] = field(default_factory=dict)

    def make(self, world: World, who: Account, *, reads_only: bool) -> str:
        """Make a token for somebody: a classic one with the scope `repo`, or fine-grained."""
        prefix = "github_pat" if reads_only else "ghp"
        token = f"{prefix}_{world.random.getrandbits(144):036x}"
        self.tokens[token] = Personal(who=who, reads_only=reads_only)
        return token


def check_role(token: Personal, role: str, *, writes: bool) -> None:
    """Refuse what a person may not do in a repository in which they have that role.

    A fine-grained token that lacks a permission is answered 403, and everything else 404.
    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    if role == "none":
        raise not_found()
    if writes and token.reads_only:
        raise Refused(403, "Resource not accessible by personal access token")
    if writes and role not in MAY_WRITE:
        raise not_found()
