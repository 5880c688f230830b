"""Pages as people see them: templates filled in, and the headers that keep them harmless.

Every word that is not the template's own is escaped. Nothing on a page comes from anywhere
but from us: no script, style or picture stands within it or is fetched from others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from app.core.telling.waiting import moment
from app.web import statics
from app.web.sessions import Session

CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RETRY_SECONDS: Final = 10

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["address_of"] = statics.address_of
_TEMPLATES.filters["moment"] = moment


def render(
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    session: Session | None = None,
    **values: object,
) -> HTMLResponse:
    """Fill a template in; `session` is that of whoever is signed in."""
    known = {"session": session, **values}
    body = _TEMPLATES.get_template(template).render(known)
    given = {"content-security-policy": CONTENT_POLICY, **(headers or {})}
    return HTMLResponse(body, status, given)


def error(
    status: int,
    title: str,
    text: str,
    remedy: str,
    *,
    headers: Mapping[str, str] | None = None,
    session: Session | None = None,
    **values: object,
) -> HTMLResponse:
    """Say on a page what went wrong, and what to do about it."""
    return render(
        "error.html",
        status=status,
        headers=headers,
        session=session,
        title=title,
        text=text,
        remedy=remedy,
        **values,
    )


def unavailable(why: str) -> HTMLResponse:
    """Say why a page cannot be had now, and when to come again."""
    return error(
        503,
        "Not now",
        why,
        "The page is there again as soon as that is over: load it anew in a moment.",
        headers={"retry-after": str(RETRY_SECONDS)},
    )
