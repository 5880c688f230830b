"""Questions that every part of a scenario's reader asks: known keys, texts, times, names.

It collects problems as definitions' own reader does, and knows what the definition knows.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from app.core.definition import Definition
from app.core.problems import Code
from app.core.reading.document import Entries, Items, Node, Scalar, plain
from app.core.reading.reader import Reader, did_you_mean
from app.core.reading.words import Vocabulary
from app.core.terms import Place
from app.core.values import Json, JsonObject
from app.scenario.language import Moment
from app.scenario.reading.names import WORKFLOW, names_in, parted, states_in, without_visits

TIME_MAX = timedelta(days=400)
NOTHING = timedelta(0)
LISTED_MAX = 12


class Asking:
    """A reader that knows the names of a definition, and of the children it may start."""

    def __init__(
        self, reader: Reader, definition: Definition, children: tuple[Definition, ...]
    ) -> None:
        self.reader = reader
        self.definition = definition
        both = (definition, *children)
        self.names = frozenset().union(*(names_in(each) for each in both))
        self.states = frozenset().union(*(states_in(each) for each in both))

    def keys(self, node: Node, words: Vocabulary, hint: str) -> dict[str, Node] | None:
        """Ask for a mapping of known keys."""
        entries = self.reader.entries(node, words.of, hint)
        return None if entries is None else dict(self.reader.known(entries, words))

    def each(self, node: Node, what: str, hint: str) -> tuple[Node, ...]:
        """Ask for a list."""
        items = self.reader.items(node, what, hint)
        return items.nodes if items else ()

    def named(self, node: Node, what: str, hint: str) -> Iterator[tuple[str, Node, Place]]:
        """Ask for a mapping of names that are the writer's own."""
        entries = self.reader.entries(node, what, hint)
        for name, value in entries.nodes.items() if entries else ():
            assert entries is not None, "there are no pairs without entries"
            yield name, value, entries.keys[name].place

    def text(self, keys: Mapping[str, Node], key: str, otherwise: str = "") -> str:
        """Read a text, if it is there."""
        if key not in keys:
            return otherwise
        return self.reader.text(keys[key], f"`{key}`") or otherwise

    def truth(self, keys: Mapping[str, Node], key: str, otherwise: bool) -> bool:
        """Read true or false, if it is there."""
        if key not in keys:
            return otherwise
        found = self.reader.truth(keys[key], f"`{key}`")
        return otherwise if found is None else found

    def time(
        self, keys: Mapping[str, Node], key: str, otherwise: timedelta = NOTHING
    ) -> timedelta:
        """Read a length of time, if it is there."""
        if key not in keys:
            return otherwise
        found = self.reader.span(keys[key], f"`{key}`", NOTHING, TIME_MAX)
        return otherwise if found is None else found

    def count(self, keys: Mapping[str, Node], key: str, otherwise: int, most: int) -> int:
        """Read a whole number, if it is there."""
        if key not in keys:
            return otherwise
        found = self.reader.integer(keys[key], f"`{key}`", 1, most)
        return otherwise if found is None else found

    def words(self, keys: Mapping[str, Node], key: str) -> tuple[str, ...]:
        """Read a text or a list of texts, if it is there."""
        if key not in keys:
            return ()
        return tuple(text for text, _ in self.reader.one_or_more(keys[key], f"`{key}`"))

    def object(self, keys: Mapping[str, Node], key: str) -> JsonObject:
        """Read a mapping of anything, if it is there."""
        if key not in keys:
            return {}
        entries = self.reader.entries(keys[key], f"`{key}`")
        value: Json = plain(entries) if entries else {}
        return value if isinstance(value, dict) else {}

    def moment(self, keys: Mapping[str, Node]) -> Moment:
        """Read `at`, or `once` with `after`."""
        reader = self.reader
        once = self.text(keys, "once")
        if once and "at" in keys:
            message = "`at` and `once` stand together"
            hint = "`at` counts from the start; with `once`, `after` counts from that"
            reader.report(Code.CONFLICTING_KEYS, message, hint, keys["at"].place)
        if once and without_visits(once) not in self.states:
            self.task(once, keys["once"].place, others=self.states)
        if once:
            return Moment(time=self.time(keys, "after"), once=once)
        return Moment(time=self.time(keys, "at" if "at" in keys else "after"))

    def task(
        self,
        reference: str,
        place: Place,
        *,
        others: frozenset[str] = frozenset(),
        has_workflows: bool = False,
    ) -> bool:
        """Ask whether a name means a task, or something else that may stand here."""
        found = parted(reference)
        name = without_visits(found[0]) if found else reference
        if found and (name in self.names or name in others):
            return True
        if found and has_workflows and WORKFLOW.fullmatch(found[0]):
            return True
        known = sorted(self.names | others)
        listed = ", ".join(known[:LISTED_MAX]) + (", ..." if len(known) > LISTED_MAX else "")
        message = f"the definition has no task `{reference}`{did_you_mean(name, known)}"
        hint = f"it has {listed}"
        if has_workflows:
            hint += "; a workflow's file, as deploy.yml, will do, too"
        self.reader.report(Code.UNKNOWN_TASK, message, hint, place)
        return False

    def missing(self, key: str, where: str, hint: str, node: Node) -> None:
        """Report that a key is not there."""
        self.reader.missing(key, where, hint, node.place)


def as_text(node: Node) -> str | None:
    """Return a scalar as a text, whatever it is; nothing else is one."""
    if isinstance(node, Scalar) and node.value is not None:
        return node.value if isinstance(node.value, str) else node.raw
    return None


def one_or_many(node: Node) -> tuple[Node, ...]:
    """Return the items of a list, or what stands alone."""
    return node.nodes if isinstance(node, Items) else (node,)


def is_mapping(node: Node) -> bool:
    """Tell whether a node is a mapping."""
    return isinstance(node, Entries)
