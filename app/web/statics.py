"""The few files that pages need: style, script, icon. Read once, served by their digest.

An address that names the digest may be kept for ever; any other is asked about each time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
KEPT: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file as it is served."""

    body: bytes = field(repr=False)
    media_type: str
    digest: str


def _read() -> Mapping[str, _File]:
    found = {}
    for name, media_type in _TYPES.items():
        body = (_FOLDER / name).read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:16]
        found[name] = _File(body=body, media_type=media_type, digest=digest)
    return found


_FILES: Final = _read()


def address_of(name: str) -> str:
    """Return the address at which a file stays the same for ever."""
    return f"/static/{name}?v={_FILES[name].digest}"


def routes() -> list[Route]:
    """Return the addresses of all files."""
    return [Route(f"/static/{name}", _answer) for name in _FILES]


async def _answer(request: Request) -> Response:
    file = _FILES[request.url.path.rpartition("/")[2]]
    etag = f'"{file.digest}"'
    is_named = request.query_params.get("v") == file.digest
    headers = {"etag": etag, "cache-control": KEPT if is_named else "no-cache"}
    known = request.headers.get("if-none-match", "").split(",")
    if etag in (each.strip().removeprefix("W/") for each in known):
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.media_type)
