"""From the text of a definition to its values, or to all of its problems at once.

First the text becomes nodes that know their places: YAML with the scalars of YAML 1.2's core
schema (https://yaml.org/spec/1.2.2/#103-core-schema), so that `on` and `no` are texts; keys
twice, merge keys, tags and several documents are refused; aliases, depth and size have
limits. Then the parts are read by `app.core.reading`. No text makes this raise.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isfinite
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, TypeAlias

import yaml

from app.core.definition import Definition
from app.core.problems import Code, Problem, in_order
from app.core.reading.document import Entries, Items, Node, Scalar
from app.core.reading.reader import Reader
from app.core.reading.whole.definition import read_definition
from app.core.reading.whole.templates import used
from app.core.terms import Place

FILE_BYTES_MAX = 262_144
DEPTH_MAX = 32
ALIASES_MAX = 100
NODES_MAX = 20_000  # with every alias written out
PARSED_MAX = 512
NO_TEMPLATES: Final[Mapping[str, str]] = MappingProxyType({})
# No YAML begins so.
_JOINED: Final = "%signalbox-with-templates 1\n"
_START = Place(line=1, column=1)
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def parse(
    text: str, path: str, templates: Mapping[str, str] = NO_TEMPLATES
) -> tuple[Definition | None, tuple[Problem, ...]]:
    """Read a definition. It is there only if it has no problem; `path` names the file.

    `templates` maps what `uses` says to the text of the template. A text that
    `join_templates` made brings its own.
    """
    text, joined = _parted(text)
    templates = joined or templates
    reader = Reader()
    root = read_document(text, reader)
    definition = None
    if root is not None:
        stem = PurePosixPath(path).stem
        definition = read_definition(reader, root, stem, templates, read_document)
    if reader.problems or definition is None:
        return None, in_order(reader.problems)
    whole = join_templates(text, templates)
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
    return replace(definition, digest=digest), ()


@lru_cache(maxsize=PARSED_MAX)
def parse_once(text: str, path: str) -> tuple[Definition | None, tuple[Problem, ...]]:
    """Read a definition that brings its templates; what was read of the same text is the same.

    Not merely equal: what is worked out about a definition is found again at once (`known`).
    """
    return parse(text, path)


def templates_of(text: str) -> tuple[str, ...]:
    """Name what `parse` wants as templates: what a definition `uses`, as it is written."""
    text, _ = _parted(text)
    root = read_document(text, Reader())
    name = used(root.nodes.get("uses")) if isinstance(root, Entries) else None
    return () if name is None else (name,)


def join_templates(text: str, templates: Mapping[str, str]) -> str:
    """Put a definition and the templates it uses into one text, which `parse` reads alone.

    A definition that uses none stays as it is.
    """
    text, joined = _parted(text)
    wanted = {name: (joined or templates).get(name) for name in templates_of(text)}
    found = {name: each for name, each in wanted.items() if each is not None}
    if not found:
        return text
    return _JOINED + json.dumps({"definition": text, "templates": found}, sort_keys=True)


def _parted(text: str) -> tuple[str, Mapping[str, str]]:
    if not text.startswith(_JOINED):
        return text, NO_TEMPLATES
    try:
        parts = json.loads(text.removeprefix(_JOINED))
        definition, templates = parts["definition"], parts["templates"]
        is_right = isinstance(definition, str) and isinstance(templates, dict)
    except (ValueError, RecursionError, KeyError, TypeError):
        return text, NO_TEMPLATES
    if not is_right or not all(isinstance(each, str) for each in templates.values()):
        return text, NO_TEMPLATES
    return definition, templates


def read_document(text: str, reader: Reader) -> Node | None:
    """Read any YAML document of ours; what is wrong with it goes to the reader."""
    try:
        return _Composer(text.removeprefix("\ufeff")).root()
    except _NotReadable as stop:
        reader.report(stop.code, stop.message, stop.hint, stop.place)
        return None


# ---------------------------------------------------------------------------- text to nodes


class _NotReadable(Exception):
    """The text is no YAML that we read; nothing behind the place can be told."""

    def __init__(self, code: Code, message: str, hint: str, place: Place) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.place = code, message, hint, place


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read."""

    place: Place
    anchor: str | None
    nodes: list[Node] = field(default_factory=list)
    is_mapping: bool = False
    size: int = 1


_Event: TypeAlias = "yaml.events.Event"


class _Composer:
    """Makes nodes of YAML's events: a loop with its own stack, so depth is just a number."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._root: Node | None = None
        self._aliases = 0

    def root(self) -> Node:
        """Read the one document."""
        try:
            if len(self._text.encode()) > FILE_BYTES_MAX:
                hint = "split it into several definitions"
                message = f"the file is larger than {FILE_BYTES_MAX} bytes"
                raise _NotReadable(Code.YAML_LIMIT, message, hint, _START)
            for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
                self._take(event)
        except UnicodeEncodeError as error:
            place = _place_at(self._text, error.start)
            message = "the file holds a character that is not Unicode text"
            raise _NotReadable(Code.YAML_SYNTAX, message, "save it as UTF-8", place) from error
        except yaml.YAMLError as error:
            raise _syntax(error, self._text) from error
        if self._root is None:
            hint = "see docs/definitions.md for an example"
            raise _NotReadable(Code.MISSING_KEY, "the file is empty", hint, _START)
        return self._root

    def _take(self, event: _Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._check_tag(event)
                self._add(self._scalar(event), event.anchor, 1)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check_tag(event)
                if len(self._open) >= DEPTH_MAX:
                    message = f"the file is nested deeper than {DEPTH_MAX} levels"
                    raise _NotReadable(Code.YAML_LIMIT, message, "flatten it", _place(event))
                if event.anchor:
                    self._anchors[event.anchor] = None
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                self._open.append(_Open(_place(event), event.anchor, is_mapping=is_mapping))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                node = _entries(done) if done.is_mapping else _items(done)
                self._add(node, done.anchor, done.size)
            case yaml.DocumentStartEvent() if self._root is not None:
                hint = "one file holds one definition: remove what follows `---`"
                message = "a second document starts here"
                raise _NotReadable(Code.YAML_FEATURE, message, hint, _place(event))

    def _scalar(self, event: "yaml.events.ScalarEvent") -> Scalar:
        start, end = event.start_mark, event.end_mark
        assert start is not None, "the reader marks every event"
        assert end is not None, "the reader marks every event"
        place = _place(event)
        is_plain = event.implicit[0]
        value = _resolved(event.value, place) if is_plain else event.value
        style = "" if is_plain else (event.style or "")
        return Scalar(
            value=value, place=place, raw=self._text[start.index : end.index], style=style
        )

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self._root = node
            return
        outer = self._open[-1]
        outer.nodes.append(node)
        outer.size += size
        if sum(each.size for each in self._open) > NODES_MAX:
            message = f"the file holds more than {NODES_MAX} values, aliases written out"
            hint = "split it into several definitions, or use fewer aliases"
            raise _NotReadable(Code.YAML_LIMIT, message, hint, node.place)

    def _alias(self, event: "yaml.events.AliasEvent") -> None:
        place, name = _place(event), str(event.anchor)
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            message = f"the file has more than {ALIASES_MAX} aliases"
            raise _NotReadable(Code.YAML_LIMIT, message, "write the values out", place)
        if name not in self._anchors:
            message = f"there is no anchor `&{name}` before the alias `*{name}`"
            hint = f"put quotes around it if it is a text: '*{name}'"
            raise _NotReadable(Code.YAML_SYNTAX, message, hint, place)
        found = self._anchors[name]
        if found is None:
            message = f"the alias `*{name}` stands inside of what it repeats"
            raise _NotReadable(Code.YAML_FEATURE, message, "write the value out", place)
        self._add(found[0], None, found[1])

    def _check_tag(self, event: "yaml.events.NodeEvent") -> None:
        if tag := getattr(event, "tag", None):
            message = f"the tag `{tag}` is not used here"
            hint = "leave the tag out; quotes make a text"
            raise _NotReadable(Code.YAML_FEATURE, message, hint, _place(event))


def _items(done: _Open) -> Items:
    return Items(nodes=tuple(done.nodes), place=done.place)


def _entries(done: _Open) -> Entries:
    nodes: dict[str, Node] = {}
    keys: dict[str, Scalar] = {}
    for key, node in _pairs(done.nodes):
        name = key.value if isinstance(key, Scalar) else None
        if not isinstance(key, Scalar) or not isinstance(name, str):
            message = "a key is not a text"
            raise _NotReadable(Code.YAML_FEATURE, message, "put quotes around it", key.place)
        if name == "<<" and not key.style:
            hint = "write the keys out; an alias for a whole value is fine"
            raise _NotReadable(Code.YAML_FEATURE, "merge keys are not read", hint, key.place)
        if name in keys:
            first = keys[name].place
            message = f"the key `{name}` stands here and in line {first.line}"
            message += f", column {first.column}"
            raise _NotReadable(Code.DUPLICATE_KEY, message, "remove one of them", key.place)
        nodes[name], keys[name] = node, key
    return Entries(nodes=nodes, keys=keys, place=done.place)


def _pairs(nodes: list[Node]) -> Iterator[tuple[Node, Node]]:
    each = iter(nodes)
    return zip(each, each, strict=True)


def _resolved(text: str, place: Place) -> None | bool | int | float | str:
    """Say what a plain scalar is in YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if _TRUTH.fullmatch(text):
        return text[0] in "tT"
    is_other_base = bool(_OCTAL_OR_HEX.fullmatch(text))
    if _INTEGER.fullmatch(text) or is_other_base:
        # Python itself refuses to read a number of thousands of digits.
        value = int(text, 0 if is_other_base else 10) if len(text) <= 70 else 2**63
        if not -(2**63) <= value < 2**63:
            hint = "put quotes around it if it is a text"
            message = f"the number {text[:20]} is too large"
            raise _NotReadable(Code.OUT_OF_RANGE, message, hint, place)
        return value
    number = float(text) if _FLOAT.fullmatch(text) else 0.0
    if _NOT_FINITE.fullmatch(text) or not isfinite(number):
        hint = "put quotes around it if it is a text"
        raise _NotReadable(Code.OUT_OF_RANGE, f"{text} is no finite number", hint, place)
    return number if _FLOAT.fullmatch(text) else text


def _place(event: _Event) -> Place:
    mark = event.start_mark
    assert mark is not None, "the reader marks every event"
    return Place(line=mark.line + 1, column=mark.column + 1)


def _indentation(lines: Sequence[str]) -> str:
    """Say how the last line is indented and how the one above it is, where that differs."""
    *above, here = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
    if not above or above[-1] == here:
        return ""
    return (
        f"this line is indented by {here} and the one above by {above[-1]}: keys of one "
        "mapping are indented alike"
    )


def _place_at(text: str, index: int) -> Place:
    lines = text[:index].split("\n")
    return Place(line=len(lines), column=len(lines[-1]) + 1)


def _syntax(error: yaml.YAMLError, text: str) -> _NotReadable:
    hint = "check the indentation and the quotes"
    position = getattr(error, "position", None)
    if isinstance(position, int):
        # libyaml counts bytes here.
        index = len(text.encode()[:position].decode(errors="ignore"))
        message = "the file holds a control character"
        return _NotReadable(Code.YAML_SYNTAX, message, "remove it", _place_at(text, index))
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or "the text is no YAML"
    context = getattr(error, "context", None)
    place = Place(line=mark.line + 1, column=mark.column + 1) if mark else _START
    stands = text.split("\n")[place.line - 1 : place.line]
    if "tab" in said or (stands and stands[0][place.column - 1 :].startswith("\t")):
        hint = "indent with spaces; YAML knows no tabs there"
    elif "mapping values are not allowed" in said:
        hint = "put quotes around a text that holds `: `"
    elif "cannot start any token" in said:
        hint = "put quotes around a text that starts with @ ` or %"
    elif "block mapping" in str(context):
        hint = _indentation(text.split("\n")[: place.line]) or hint
    message = f"{context}: {said}" if context else said
    return _NotReadable(Code.YAML_SYNTAX, message, hint, place)
