"""Masking: what looks like a secret is not shown, by its name or by its form.

This is the last net, not the first: secrets belong in GitHub's secrets, not in inputs and
outputs. Everything that people read passes through here; nothing that is sent to a
workflow does.
"""

import re
from collections.abc import Mapping, Sequence

from app.core.values import Json

MASK = "***"

SECRET_WORDS = frozenset(
    {"token", "secret", "password", "passwd", "pwd", "passphrase", "key", "apikey"}
    | {"credential", "authorization", "bearer", "cookie", "pat"}
)
"""Words of a name, in snake_case, kebab-case or camelCase, whose value is not shown."""

DEPTH_MAX = 20
"""Levels of a value that are shown; it keeps what strangers send from exhausting the stack."""

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# The forms of tokens, each of any length: GitHub's installation tokens changed theirs in 2026.
# https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
# Every pattern fails within a few characters or consumes what it read: time is linear.
TOKEN = re.compile(
    r"""
    (?<![A-Za-z0-9])gh[pousr]_[\w.-]{8,}
    | github_pat_\w{8,}
    | (?<![A-Za-z0-9])(?:AKIA|ASIA|AROA)[A-Z0-9]{12,}
    | xox[a-z]-[\w-]{8,}
    | xapp-[\w-]{8,}
    | (?<![A-Za-z0-9])npm_[A-Za-z0-9]{16,}
    | glpat-[\w.-]{8,}
    | pypi-[\w-]{32,}
    | (?<![A-Za-z0-9])sk[-_][\w-]{20,}
    | AIza[\w-]{30,}
    | (?<=Bearer[ ])[\w.~+/=-]{16,}
    | (?<=://)[^/\s@]*:[^/\s@]*(?=@)
    """,
    re.VERBOSE | re.ASCII,
)
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
DOTTED = re.compile(r"[\w.-]+", re.ASCII)


def mask(value: Json, name: str) -> Json:
    """Return the value with every secret in it masked, by its names and by its form.

    What a secret's name holds is masked whole, except for `null`, `true` and `false`: they
    tell whether there is one.
    """
    return _mask(value, is_secret_name(name), DEPTH_MAX)


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that its value is secret: `api_key` does, `monkey` not."""
    words = {word.lower() for word in WORD.findall(name)}
    return any(word in SECRET_WORDS or word.removesuffix("s") in SECRET_WORDS for word in words)


def mask_text(text: str) -> str:
    """Return the text with everything masked that has the form of a token or a private key."""
    text = PRIVATE_KEY.sub(MASK, text)
    text = DOTTED.sub(_mask_web_token, text)
    return TOKEN.sub(MASK, text)


def _mask_web_token(found: re.Match[str]) -> str:
    # A JSON Web Token is three parts, the first an object in base64: `{"` comes out as `eyJ`.
    text = found[0]
    start = text.find("eyJ")
    return text[:start] + MASK if start >= 0 and text.count(".", start) >= 2 else text


def _mask(value: Json, is_secret: bool, depth: int) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if is_secret:
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, int | float):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            mask_text(key): _mask(each, is_secret_name(key), depth - 1)
            for key, each in value.items()
        }
    assert isinstance(value, Sequence), "JSON has no other values"
    return [_mask(each, False, depth - 1) for each in value]
