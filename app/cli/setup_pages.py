"""The pages of `signalbox setup`, as HTML that needs no script. None holds a secret."""

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from app.cli.registering import next_steps
from app.cli.setup_plan import Plan
from app.github.registering import Registered

STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}"
    "button{font:inherit;font-weight:600;padding:.5rem 1rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.5rem;border:1px solid}"
)
STYLE_HASH: Final = (
    "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
)


def begin(plan: Plan, manifest: Mapping[str, Any], *, action: str) -> str:
    """Say what will happen, with the button that begins it."""
    owner = plan.organization or "your own account"
    host = urlsplit(plan.server_url).netloc
    counts = f"{len(manifest['default_permissions'])} permissions and "
    counts += f"{len(manifest['default_events'])} events"
    wanted = json.dumps(manifest, indent=2)
    return _whole(
        "Register Signalbox on GitHub",
        f"<p>The button leads to {escape(host)}. There you see the name of the App, may change "
        f"it, and agree: then {escape(owner)} owns a GitHub App with the {counts} that "
        f"Signalbox needs, whose webhooks go to {escape(manifest['hook_attributes']['url'])}. "
        "It reaches no repository before you install it on one. GitHub sends you back here, "
        f"and its secrets are written to files in {escape(str(plan.folder))}.</p>"
        f'<form action="{escape(action)}" method="post">'
        f'<input type="hidden" name="manifest" value="{escape(json.dumps(manifest))}">'
        f"<button>Register on {escape(host)}</button></form>"
        "<p>Should it say that an event is not supported, end the command that waits, and call "
        "it with <code>--without</code> and the name of that event.</p>"
        "<h2>If your browser does not find the way back</h2>"
        "<p>This page may be on another machine than your browser. Then GitHub leads to an "
        f"address at {escape(urlsplit(manifest['redirect_url']).netloc)} that does not open. "
        "It has <code>code=</code> in it. Within an hour, end the command that waits, and give "
        "what stands between <code>code=</code> and <code>&amp;</code> to:</p>"
        f"<pre>{escape(by_hand(plan))}</pre>"
        f"<details><summary>What GitHub is asked for</summary><pre>{escape(wanted)}</pre>"
        "</details>",
    )


def by_hand(plan: Plan) -> str:
    """Return the command that takes a code."""
    words = ["signalbox", "setup", "--url", plan.url]
    if plan.organization:
        words += ["--organization", plan.organization]
    if plan.server_url != "https://github.com":
        words += ["--github", plan.server_url]
    return f"{shlex.join([*words, '--folder', str(plan.folder)])} --code CODE"


def done(plan: Plan, registered: Registered) -> str:
    """Say that the App is registered, and what to do next."""
    steps = "".join(
        f"<p>{escape(sentence)}</p>{_about(about)}"
        for sentence, about in next_steps(plan, registered)
    )
    return _whole("The App is registered", f"{steps}<p>You may close this page.</p>")


def refused(message: str, remedy: str) -> str:
    """Say what went wrong, and what to do about it."""
    text = f"<p>{escape(message)}.</p><p>What to do: {escape(remedy)}.</p>"
    return _whole("That did not work", text)


def _about(text: str) -> str:
    if urlsplit(text).scheme in ("http", "https"):
        return f'<p><a href="{escape(text)}" rel="noreferrer">{escape(text)}</a></p>'
    return f"<pre>{escape(text)}</pre>"


def _whole(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
