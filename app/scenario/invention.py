"""Makes values up that fit a declaration, a JSON Schema or a pattern: what runs report.

Whatever is made up is the plainest that fits: the default, the first of an `enum`, 0, false,
an empty list, a word. The same question always gives the same answer.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from app.core.expressions import ExpressionError, has_match
from app.core.terms import Declaration, ValueType
from app.core.values import Json, JsonObject

TEXT: Final = "made-up"
DEPTH_MAX: Final = 8
_CLASSES: Final = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_PLAIN: Final[Mapping[ValueType, Json]] = {
    ValueType.INTEGER: 0,
    ValueType.NUMBER: 0.0,
    ValueType.BOOLEAN: False,
    ValueType.ARRAY: [],
    ValueType.OBJECT: {},
}


def made_up(declarations: Mapping[str, Declaration]) -> dict[str, Json]:
    """Make up a value for each declaration; one that nothing is found for is left out."""
    found: dict[str, Json] = {}
    for name, declaration in declarations.items():
        value = _value(declaration)
        if value is not None:
            found[name] = value
    return found


def _value(declaration: Declaration) -> Json:
    if declaration.default is not None:
        return declaration.default
    if declaration.enum:
        return declaration.enum[0]
    if declaration.type is ValueType.STRING:
        return TEXT if declaration.pattern is None else text_for(declaration.pattern)
    return _PLAIN[declaration.type]


def instance_of(schema: JsonObject, depth: int = 0) -> Json:
    """Make up a value for a JSON Schema: what is required, as plain as it may be."""
    if "const" in schema:
        return schema["const"]
    if schema.get("default") is not None:
        return schema["default"]
    choices: Json = schema.get("enum") or schema.get("examples")
    if isinstance(choices, list) and choices:
        first: Json = choices[0]
        return first
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object" and depth < DEPTH_MAX:
        return _object(schema, depth)
    if kind == "array":
        items, least = schema.get("items"), schema.get("minItems", 0)
        count = least if isinstance(least, int) else 0
        inner = items if isinstance(items, dict) and depth < DEPTH_MAX else {}
        return [instance_of(inner, depth + 1) for _ in range(count)]
    if kind == "string":
        pattern, least = schema.get("pattern"), schema.get("minLength", 0)
        text = text_for(pattern) if isinstance(pattern, str) else TEXT
        return (text or "").ljust(least if isinstance(least, int) else 0, "x")
    if kind in ("integer", "number"):
        least = schema.get("minimum", 0)
        return least if isinstance(least, int | float) else 0
    return False if kind == "boolean" else None


def _object(schema: JsonObject, depth: int) -> Json:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    assert isinstance(properties, Mapping), "the definition's reader has checked the schema"
    assert isinstance(required, list), "the definition's reader has checked the schema"
    found: dict[str, Json] = {}
    for name in required:
        inner = properties.get(str(name), {})
        found[str(name)] = instance_of(inner if isinstance(inner, Mapping) else {}, depth + 1)
    return found


def text_for(pattern: str) -> str | None:
    """Make up a text that a simple pattern lets through; `None` where none is found."""
    for text in _candidates(pattern):
        try:
            if has_match(pattern, text):
                return text
        except ExpressionError:
            return None
    return None


def _candidates(pattern: str) -> Iterator[str]:
    yield TEXT
    made = _Sampler(pattern).text()
    yield from (made, f"{made}{TEXT}", f"{made}1")


class _Sampler:
    """Writes one text that a pattern means, as far as it understands the pattern."""

    def __init__(self, pattern: str) -> None:
        self._signs = pattern
        self._at = 0

    def text(self) -> str:
        """Read what stands here up to the end of the group, and return what it means."""
        parts: list[str] = []
        is_first = True
        while self._at < len(self._signs):
            sign = self._signs[self._at]
            if sign == ")":
                break
            if sign == "|":
                self._at += 1
                is_first = False
                continue
            part = self._times(self._one())
            if is_first:
                parts.append(part)
        return "".join(parts)

    def _one(self) -> str:
        sign = self._signs[self._at]
        self._at += 1
        match sign:
            case "^" | "$":
                return ""
            case ".":
                return "x"
            case "[":
                return self._class()
            case "(":
                return self._group()
            case "\\":
                escaped = self._signs[self._at : self._at + 1]
                self._at += 1
                return "" if escaped in "bBAzZ" else _CLASSES.get(escaped, escaped)
            case _:
                return sign

    def _class(self) -> str:
        end = self._signs.find("]", self._at + 1)
        inside = self._signs[self._at : end if end >= 0 else len(self._signs)]
        self._at = end + 1 if end >= 0 else len(self._signs)
        if inside.startswith("^"):
            return next((each for each in "x1-_ " if each not in inside), "")
        if inside.startswith("\\"):
            return _CLASSES.get(inside[1:2], inside[1:2])
        # A zero at the beginning makes a number that nobody would write.
        return "1" if inside.startswith("0-9") else inside[:1]

    def _group(self) -> str:
        head = re.match(r"\?(?::|P?<\w+>)", self._signs[self._at :])
        self._at += head.end() if head else 0
        inside = self.text()
        self._at += 1
        return inside

    def _times(self, part: str) -> str:
        found = re.match(r"([*+?]|\{(\d+)(?:,\d*)?\})\??", self._signs[self._at :])
        if found is None:
            return part
        self._at += found.end()
        if found[2] is not None:
            return part * int(found[2])
        return "" if found[1] in "*?" else part
