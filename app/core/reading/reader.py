"""Asking a node for what it should hold, and writing down a problem where it does not.

Every question answers with a value of the type asked for, or None after a problem, so that
reading goes on and all problems of a file are found at once.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import assert_never

from app.core.problems import Code, Problem
from app.core.reading.document import Entries, Items, Node, Scalar
from app.core.reading.words import Vocabulary
from app.core.terms import Place

NAME = re.compile(r"[a-z][a-z0-9_]*")
NAME_LENGTH_MAX = 100
PROBLEMS_MAX = 200
ITEMS_MAX = 100
SPAN_MAX = timedelta(days=30)
_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?")
_SPAN_HINT = "write for instance 30s, 10m, 4h, 7d or 1h30m"


class Reader:
    """Collects the problems of one file."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def report(self, code: Code, message: str, hint: str, place: Place) -> None:
        """Write a problem down."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(
                Problem(
                    code=code, message=message, hint=hint, line=place.line, column=place.column
                )
            )

    def entries(self, node: Node, what: str, hint: str = "") -> Entries | None:
        """Ask for a mapping."""
        if isinstance(node, Entries):
            return node
        self._wrong_type(node, what, "a mapping of keys to values", hint)
        return None

    def items(self, node: Node, what: str, hint: str = "") -> Items | None:
        """Ask for a list."""
        if isinstance(node, Items):
            return node
        self._wrong_type(node, what, "a list", hint)
        return None

    def text(self, node: Node, what: str, hint: str = "") -> str | None:
        """Ask for a text that is not empty."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if node.value.strip():
                return node.value
            self.report(Code.WRONG_VALUE, f"{what} is empty", hint or "write it", node.place)
            return None
        quotes = "put quotes around it" if isinstance(node, Scalar) else ""
        self._wrong_type(node, what, "a text", hint or quotes)
        return None

    def truth(self, node: Node, what: str) -> bool | None:
        """Ask for true or false."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        hint = "write true or false; in YAML 1.2 yes, no, on and off are texts"
        self._wrong_type(node, what, "true or false", hint)
        return None

    def integer(self, node: Node, what: str, least: int, most: int) -> int | None:
        """Ask for a whole number within limits."""
        is_integer = isinstance(node, Scalar) and isinstance(node.value, int)
        if not isinstance(node, Scalar) or not is_integer or isinstance(node.value, bool):
            hint = f"write a number from {least} to {most}, without quotes"
            self._wrong_type(node, what, "a whole number", hint)
            return None
        value = int(node.value or 0)
        if least <= value <= most:
            return value
        hint = f"write a number from {least} to {most}"
        self.report(Code.OUT_OF_RANGE, f"{what} is {value}", hint, node.place)
        return None

    def number(self, node: Node, what: str, least: float, most: float) -> float | None:
        """Ask for a number within limits, with or without a decimal point."""
        hint = f"write a number from {least:g} to {most:g}"
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong_type(node, what, "a number", f"{hint}, without quotes")
            return None
        if least <= value <= most:
            return float(value)
        self.report(Code.OUT_OF_RANGE, f"{what} is {value:g}", hint, node.place)
        return None

    def span(
        self, node: Node, what: str, least: timedelta, most: timedelta = SPAN_MAX
    ) -> timedelta | None:
        """Ask for a length of time such as `30s`, `4h` or `1h30m`, within limits."""
        text = self.text(node, what, _SPAN_HINT)
        if text is None:
            return None
        found = _SPAN.fullmatch(text.strip())
        if found is None or not any(found.groups()):
            message = f"{what} is `{text[:40]}`, which is no length of time"
            self.report(Code.BAD_DURATION, message, _SPAN_HINT, node.place)
            return None
        days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
        value = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if least <= value <= most:
            return value
        hint = f"write one from {spelt(least)} to {spelt(most)}"
        self.report(Code.OUT_OF_RANGE, f"{what} is {text}", hint, node.place)
        return None

    def choice(self, node: Node, what: str, choices: Collection[str]) -> str | None:
        """Ask for one of some words."""
        text = self.text(node, what, f"write one of {', '.join(choices)}")
        if text is None or text in choices:
            return text
        message = f"{what} is `{text}`{did_you_mean(text, choices)}"
        self.report(Code.WRONG_VALUE, message, f"write one of {', '.join(choices)}", node.place)
        return None

    def one_or_more(self, node: Node, what: str) -> tuple[tuple[str, Place], ...]:
        """Ask for a text or a list of texts, as Actions allows for filters and `needs`."""
        nodes = node.nodes if isinstance(node, Items) else (node,)
        if not nodes:
            self.report(Code.WRONG_VALUE, f"{what} is empty", "leave it out", node.place)
        found = ((self.text(each, f"an item of {what}"), each.place) for each in nodes)
        return tuple((text, place) for text, place in found if text is not None)

    def some(
        self, node: Node, what: str, choices: Collection[str] = (), most: int = ITEMS_MAX
    ) -> tuple[str, ...]:
        """Ask for a text or a list of texts: each once, not too many, of some words."""
        found: list[str] = []
        for text, place in self.one_or_more(node, what):
            if text in found:
                message = f"{what} names `{text}` twice"
                self.report(Code.WRONG_VALUE, message, "name it once", place)
            elif choices and text not in choices:
                message = f"{what} names `{text}`{did_you_mean(text, choices)}"
                hint = f"write some of {', '.join(choices)}"
                self.report(Code.WRONG_VALUE, message, hint, place)
            elif len(found) == most:
                message = f"{what} has too many items"
                self.report(Code.TOO_MANY, message, f"write at most {most}", place)
                break
            else:
                found.append(text)
        return tuple(found)

    def several(
        self, node: Node, what: str, least: int, most: int, hint: str
    ) -> tuple[Node, ...]:
        """Ask for a list of so many items."""
        items = self.items(node, what, hint)
        if items is None:
            return ()
        if not least <= len(items.nodes) <= most:
            message = f"{what} has {len(items.nodes)} items"
            code = Code.TOO_MANY if len(items.nodes) > most else Code.OUT_OF_RANGE
            self.report(code, message, f"write {least} to {most}", node.place)
        return items.nodes[:most]

    def missing(self, key: str, where: str, hint: str, place: Place) -> None:
        """Report that a key is not there."""
        self.report(Code.MISSING_KEY, f"{where} has no `{key}`", hint, place)

    def known(self, node: Entries, words: Vocabulary) -> Iterator[tuple[str, Node]]:
        """Go through the keys that are known; refuse each of the others by name."""
        for key, value in node.nodes.items():
            place = node.keys[key].place
            if key in words.known:
                yield key, value
            elif key in words.actions:
                message = f"`{key}` is a key of GitHub Actions, not of {words.of}"
                self.report(Code.ACTIONS_KEY, message, words.actions[key], place)
            else:
                guess = did_you_mean(key, words.known)
                message = f"{words.of} has no key `{key}`{guess}"
                self.report(
                    Code.UNKNOWN_KEY, message, f"it may have {_listed(words.known)}", place
                )

    def name(self, key: Scalar, what: str) -> bool:
        """Ask whether a key is a well-formed name, and say how to mend it if not."""
        text = str(key.value)
        if NAME.fullmatch(text) and len(text) <= NAME_LENGTH_MAX:
            return True
        reason = "a name has lower-case letters, digits and _, and starts with a letter"
        if "-" in text:
            reason = "a hyphen would read as a minus in an expression"
        if len(text) > NAME_LENGTH_MAX:
            reason = f"a name has at most {NAME_LENGTH_MAX} characters"
        mended = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:NAME_LENGTH_MAX]
        hint = f"write `{mended}`" if NAME.fullmatch(mended) else "choose another name"
        shown = text if len(text) <= NAME_LENGTH_MAX else f"{text[:20]}..."
        self.report(Code.BAD_NAME, f"{what} is called `{shown}`: {reason}", hint, key.place)
        return False

    def _wrong_type(self, node: Node, what: str, wanted: str, hint: str) -> None:
        message = f"{what} is {kind(node)}, not {wanted}"
        self.report(Code.WRONG_TYPE, message, hint or f"write {wanted}", node.place)


def spelt(span: timedelta) -> str:
    """Write a length of time as definitions do."""
    seconds = int(span.total_seconds())
    parts = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    text = ""
    for size, sign in parts:
        count, seconds = divmod(seconds, size)
        text += f"{count}{sign}" if count else ""
    return text or "0s"


def did_you_mean(word: str, words: Collection[str]) -> str:
    """End a sentence with the nearest word, if one is near."""
    near = difflib.get_close_matches(word[:NAME_LENGTH_MAX], sorted(words), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def kind(node: Node) -> str:
    """Say what a node is."""
    match node:
        case Entries():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=None):
            return "empty"
        case Scalar(value=bool() as value):
            return "true" if value else "false"
        case Scalar(value=str()):
            return "a text"
        case Scalar():
            return f"the number {node.raw}"
        case _:
            assert_never(node)


def _listed(words: Collection[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))
