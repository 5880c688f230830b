"""People who prove to the App who they are: codes, and the tokens that they are changed for.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.rehearsal.model.refused import Refused
from app.rehearsal.model.state import Account
from app.rehearsal.model.world import World

CODE_LIVES = timedelta(minutes=10)
TOKEN_LIVES = timedelta(hours=8)


class NoToken(Exception):
    """A code is not changed for a token; GitHub names the error and answers 200."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What somebody brings back from GitHub: whom it stands for, and how it was asked for."""

    who: Account
    challenge: str
    redirect_uri: str
    expires_at: datetime


@dataclass(slots=True)
class SignIns:
    """The codes and user tokens that are out, and who sits at the browser, if that is said."""

    somebody: str = ""
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, tuple[Account, datetime]] = field(default_factory=dict)

    def code_for(self, world: World, who: Account, challenge: str, redirect_uri: str) -> str:
        """Make a code that is good once, for ten minutes."""
        code = f"{world.random.getrandbits(80):020x}"
        self.codes[code] = Code(
            who=who,
            challenge=challenge,
            redirect_uri=redirect_uri,
            expires_at=world.now() + CODE_LIVES,
        )
        return code

    def exchange(self, world: World, given: Mapping[str, str]) -> str:
        """Change a code for a token, or raise `NoToken`."""
        app = world.registered_app()
        pair = (given.get("client_id"), given.get("client_secret"))
        if pair != (app.client_id, app.client_secret):
            why = "The client_id and/or client_secret passed are incorrect."
            raise NoToken("incorrect_client_credentials", why)
        code = self.codes.pop(given.get("code", ""), None)
        if code is None or code.expires_at <= world.now() or not _is_proved(code, given):
            why = "The code passed is incorrect or expired."
            raise NoToken("bad_verification_code", why)
        if given.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            why = "The redirect_uri MUST match the registered callback URL for this App."
            raise NoToken("redirect_uri_mismatch", why)
        token = f"ghu_{world.random.getrandbits(160):040x}"
        self.tokens[token] = (code.who, world.now() + TOKEN_LIVES)
        return token

    def whose(self, world: World, token: str) -> Account:
        """Return whose token this is, or refuse one that is unknown or too old."""
        who, expires_at = self.tokens.get(token, (None, world.now()))
        if who is None or expires_at <= world.now():
            raise Refused(401, "Bad credentials")
        return who


def callback_url(world: World) -> str:
    """Return the callback URL that the App has registered: Signalbox's own."""
    return f"{world.webhook_url.removesuffix('/webhooks/github')}/sign-in/back"


def _is_proved(code: Code, given: Mapping[str, str]) -> bool:
    """Tell whether whoever changes a code is whoever asked for it (RFC 7636)."""
    if not code.challenge:
        return True
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(made, code.challenge)
