"""Changes examples: lines and words of texts, and nodes of JSON. All chance is from a seed."""

import json
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Final

CHANGES_MAX: Final = 4
SIZE_MAX: Final = 64 * 1024
GROWN_MAX: Final = 4 * 1024
"""What a text grows to by many changes, as a rule: whoever reads a million has little time."""
GROWS: Final = 0.02
"""How many may grow beyond that all the same."""

NASTY: Final = (
    "", " ", "\t", "\n", "\r\n", "\x00", "\ufeff", "\u202e", "\u2028", "😀", "é" * 40, "'", '"',
    "`", "```", "<!--", "-->", "$", "${{", "}}", "${{ 1/0 }}", "${{ needs.a.outputs.b }}", "{}",
    "[]", "{", "}", "[", "]", ":", "- ", "? ", "&a ", "*a", "<<: *a", "!!python/object", "|",
    "#", "@", "*", "**", "/**/", "[a-", "\\", "%", "~", "null", "true", "off", "0", "-1",
    ">", "1e999", ".inf", ".nan", "0x10", "0o17", "1_000", "9" * 40, "2026-13-40",
    "2026-11-25T20:00:00Z", "99999d", "1h30m", "/approve", "/skip a b", "key=value",
    "/freeze until tomorrow because x", 'key="a \\"b"', "acme/api", "acme/*", "@acme/sre",
    "a" * 300, "version: 1", "tasks:",
    "on:", "states:", "wait: {for: 5m}", "approval: {}", "needs: [a]", "if: true", "when: now",
)  # fmt: skip
VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**63, 2**64, -(2**70), 0.5, 1e308, "", " ", "a", "\x00",
    "\ud800", "a" * 10_000, [], {}, [[]], [None], {"id": None}, {"id": -1}, {"": ""}, "refs/",
    "refs/heads/", "2026-11-25T20:00:00Z", "2026-11-25", "0" * 40, "completed", "requested",
)  # fmt: skip


def mutated_text(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change a text a few times; `others` are texts that parts may be taken from."""
    text = data.decode("utf-8", "replace")
    for _ in range(chance.randint(1, CHANGES_MAX)):
        change = chance.choice(_TEXT_CHANGES)
        text = change(chance, text, others)
    size = SIZE_MAX if chance.random() < GROWS else max(len(data), GROWN_MAX)
    return text.encode("utf-8", "replace")[:size]


def mutated_json(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change a JSON document a few times, now and then as if it were any text."""
    if chance.random() < 0.1:
        return mutated_text(chance, data, others)
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return mutated_text(chance, chance.choice(others), others)
    for _ in range(chance.randint(1, CHANGES_MAX)):
        root = _changed_node(chance, root)
    return json.dumps(root).encode()


def _changed_node(chance: random.Random, root: Any) -> Any:
    """Walk down at random, and change what is there."""
    if not isinstance(root, dict | list) or not root or chance.random() < 0.08:
        return deepcopy(chance.choice(VALUES))
    key: Any = (
        chance.choice(list(root)) if isinstance(root, dict) else chance.randrange(len(root))
    )
    if chance.random() < 0.1:
        del root[key]
    elif chance.random() < 0.05 and isinstance(root, list):
        root.extend(root[:50])
    else:
        root[key] = _changed_node(chance, root[key])
    return root


def _cut(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    start, end = _span(chance, text, 60)
    return text[:start] + text[end:]


def _repeated(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    start, end = _span(chance, text, 200)
    return text[:end] + text[start:end] * chance.choice((1, 2, 30)) + text[end:]


def _inserted(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    start, _end = _span(chance, text, 0)
    return text[:start] + chance.choice(NASTY) + text[start:]


def _replaced(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    start, end = _span(chance, text, 12)
    return text[:start] + chance.choice(NASTY) + text[end:]


def _line_changed(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 2:
        lines.insert(one, lines[other])
    else:
        lines[one] = " " * chance.randrange(6) + lines[one].lstrip()
    return "\n".join(lines)


def _value_changed(chance: random.Random, text: str, _: Sequence[bytes]) -> str:
    """Replace what stands behind a colon or an equals sign."""
    marks = [at for at, letter in enumerate(text) if letter in ":="]
    if not marks:
        return text
    at = chance.choice(marks) + 1
    end = min(
        (found for sign in ",}]\n" if (found := text.find(sign, at)) > 0), default=len(text)
    )
    return f"{text[:at]} {chance.choice(NASTY)}{text[end:]}"


def _spliced(chance: random.Random, text: str, others: Sequence[bytes]) -> str:
    other = chance.choice(others).decode("utf-8", "replace")
    start, end = _span(chance, other, 400)
    at, _end = _span(chance, text, 0)
    return text[:at] + other[start:end] + text[at:]


def _span(chance: random.Random, text: str, length: int) -> tuple[int, int]:
    start = chance.randint(0, len(text))
    return start, min(len(text), start + chance.randint(0, length))


_TEXT_CHANGES: Final[tuple[Callable[[random.Random, str, Sequence[bytes]], str], ...]] = (
    _cut, _repeated, _inserted, _replaced, _line_changed, _value_changed, _spliced,
)  # fmt: skip
