"""Somebody proves to the App who they are: GitHub's web flow, and what follows from it.

In a rehearsal nobody has a password: a page asks who sits at the browser, `login` in the
address says it at once, and so does `SignIns.somebody`.
"""

import base64
from html import escape
from urllib.parse import parse_qsl, urlencode

from app.rehearsal.model.refused import Refused, invalid, not_found
from app.rehearsal.model.sign_in import NoToken, callback_url
from app.rehearsal.model.state import Account
from app.rehearsal.shapes import people
from app.rehearsal.wire.exchange import Answer, Ask, Door, Route

TOKEN_SECONDS = 28_800
REFRESH_SECONDS = 15_897_600


def authorize(ask: Ask) -> Answer:
    """Ask who it is, and send them back to the App with a code."""
    if ask.query.get("client_id") != ask.world.registered_app().client_id:
        raise not_found()
    registered = callback_url(ask.world)
    back = ask.query.get("redirect_uri", registered)
    if back != registered:
        return _back(ask, registered, error="redirect_uri_mismatch")
    challenge = ask.query.get("code_challenge", "")
    if challenge and ask.query.get("code_challenge_method") != "S256":
        return _back(ask, back, error="invalid_request")
    if "cancel" in ask.query:
        return _back(ask, back, error="access_denied")
    login = ask.query.get("login", "") or ask.service.sign_ins.somebody
    who = ask.world.accounts.get(login.lower())
    if who is None or who.type != "User":
        return _who_is_it(ask)
    code = ask.service.sign_ins.code_for(ask.world, who, challenge, back)
    return _back(ask, back, code=code)


def access_token(ask: Ask) -> Answer:
    """Change a code for the token of a person."""
    given = dict(parse_qsl(ask.raw_body.decode()))
    try:
        token = ask.service.sign_ins.exchange(ask.world, given)
    except NoToken as wrong:
        uri = "https://docs.github.com/apps"
        said = {
            "error": wrong.error,
            "error_description": wrong.description,
            "error_uri": uri,
        }
        return Answer(200, said)
    body = {
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "refresh_token": f"ghr_{ask.world.random.getrandbits(160):040x}",
        "refresh_token_expires_in": REFRESH_SECONDS,
        "scope": "",
        "token_type": "bearer",
    }
    return Answer(200, body)


def get_user(ask: Ask) -> Answer:
    """Return whose token it is that asks."""
    token = ask.headers.get("authorization", "").partition(" ")[2]
    who = ask.service.sign_ins.whose(ask.world, token)
    return Answer(200, people.public_user(ask.world.at, who))


def delete_token(ask: Ask) -> Answer:
    """Forget the token of a person, as the App asks for it."""
    app = ask.world.registered_app()
    pair = f"{app.client_id}:{app.client_secret}".encode()
    wanted = f"Basic {base64.b64encode(pair).decode()}"
    if ask.headers.get("authorization") != wanted:
        raise Refused(401, "Bad credentials")
    if ask.parameters["client_id"] != app.client_id:
        raise not_found()
    given = ask.body()
    ask.demand(given, access_token=str)
    if ask.service.sign_ins.tokens.pop(given["access_token"], None) is None:
        raise invalid("The token is none of this App.")
    return Answer(204)


def _back(ask: Ask, to: str, **said: str) -> Answer:
    state = {"state": ask.query["state"]} if "state" in ask.query else {}
    return Answer(302, None, {"location": f"{to}?{urlencode({**said, **state})}"})


def _who_is_it(ask: Ask) -> Answer:
    """Return a page on which one chooses who one is."""
    logins = [each.login for each in ask.world.accounts.values() if _is_person(each)]
    items = "".join(
        f'<li><a href="?{escape(urlencode({**ask.query, "login": login}))}">'
        f"{escape(login)}</a></li>"
        for login in sorted(logins)
    )
    cancel = escape(urlencode({**ask.query, "cancel": "1"}))
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        "<title>Who are you?</title><h1>Who are you?</h1>"
        "<p>This GitHub is a rehearsal, so you may be anybody.</p>"
        f'<ul>{items}</ul><p><a href="?{cancel}">Cancel</a></p></html>'
    )
    return Answer(200, page.encode(), {"content-type": "text/html; charset=utf-8"})


def _is_person(account: Account) -> bool:
    return account.type == "User"


ROUTES = (
    Route("GET", "/login/oauth/authorize", authorize, Door.ANYONE),
    Route("POST", "/login/oauth/access_token", access_token, Door.ANYONE),
    Route("GET", "/user", get_user, Door.ANYONE),
    Route("DELETE", "/applications/{client_id}/token", delete_token, Door.ANYONE),
)
