"""An App is registered from a manifest: the page that asks, and the call that hands it out.

As on GitHub, a browser brings the manifest, somebody may give the App another name and presses
a button, and the browser goes back with a code.
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.rehearsal.model import oidc
from app.rehearsal.model.refused import not_found
from app.rehearsal.model.registering import NAME_LENGTH_MAX, faults_of
from app.rehearsal.model.state import Account
from app.rehearsal.shapes import people
from app.rehearsal.wire.exchange import Answer, Ask, Door, Route

# Who registers an App for themselves where nobody is known to sit at the browser.
SOMEBODY = "mona"


def new_app(ask: Ask) -> Answer:
    """Show what is asked for, or with the button pressed send the browser back with a code."""
    owner = _owner(ask)
    form = dict(parse_qsl(ask.raw_body.decode()))
    manifest = _manifest(form)
    if manifest is None:
        return _invalid(["Manifest is no JSON object"])
    if faults := list(faults_of(ask.world, manifest, is_named="create" in form)):
        return _invalid(faults)
    if "create" not in form:
        return _page("Create GitHub App", _form(ask, manifest, owner))
    code = ask.service.registrations.code_for(ask.world, owner, manifest)
    state = {"state": ask.query["state"]} if "state" in ask.query else {}
    back = manifest["redirect_url"]
    joint = "&" if "?" in back else "?"
    location = f"{back}{joint}{urlencode({'code': code, **state})}"
    return Answer(302, None, {"location": location})


def convert(ask: Ask) -> Answer:
    """Change a code for the App and its secrets, which nobody is shown again."""
    app = ask.service.registrations.convert(ask.world, ask.parameters["code"])
    body = {
        **people.integration(ask.world.at, app),
        "client_secret": app.client_secret,
        "webhook_secret": app.webhook_secret,
        "pem": oidc.pem(oidc.private_key("app")),
    }
    return Answer(201, body)


def _owner(ask: Ask) -> Account:
    if "org" not in ask.parameters:
        return ask.world.account(ask.service.sign_ins.somebody or SOMEBODY)
    found = ask.world.accounts.get(ask.parameters["org"].lower())
    if found is None or found.type != "Organization":
        raise not_found()
    return found


def _manifest(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the manifest, under the name that somebody has typed in, if any."""
    try:
        given = json.loads(form.get("manifest", ""))
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    return {**given, "name": form["name"]} if "name" in form else given


def _form(ask: Ask, manifest: Mapping[str, Any], owner: Account) -> str:
    query = f"?{escape(urlencode(ask.query))}" if ask.query else ""
    return (
        f"<p>{escape(owner.login)} will own this App.</p>"
        f'<form action="{query}" method="post">'
        f'<input type="hidden" name="manifest" value="{escape(json.dumps(manifest))}">'
        f'<label>Name <input name="name" value="{escape(manifest.get("name", ""))}"'
        f' maxlength="{NAME_LENGTH_MAX}"></label>'
        '<button name="create" value="1">Create GitHub App</button></form>'
    )


def _invalid(faults: list[str]) -> Answer:
    said = "".join(f"<li>Error: {escape(each)}</li>" for each in faults)
    what = "<p>The configuration does not appear to be a valid GitHub App manifest.</p>"
    return _page("Invalid GitHub App configuration", f"{what}<ul>{said}</ul>", 422)


def _page(title: str, content: str, status: int = 200) -> Answer:
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{title}</title><h1>{title}</h1>{content}</html>"
    )
    return Answer(status, page.encode(), {"content-type": "text/html; charset=utf-8"})


ROUTES = (
    Route("POST", "/settings/apps/new", new_app, Door.ANYONE),
    Route("POST", "/organizations/{org}/settings/apps/new", new_app, Door.ANYONE),
    Route("POST", "/app-manifests/{code}/conversions", convert, Door.ANYONE),
)
