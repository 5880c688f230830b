"""The expressions of a definition: found in its texts, checked, and their mistakes placed."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace

from app.core.expressions import Checked, Scope, Types, check
from app.core.problems import Code
from app.core.reading.document import Node, Scalar, plain, texts
from app.core.reading.filling import fill, fill_all
from app.core.reading.reader import Reader
from app.core.reading.remedies import Surroundings, remedy_for
from app.core.terms import Expression, Reads, Template, ValueType
from app.core.tokens import Hole, UnclosedError, chains, split

HOLES_MAX = 64
_NO_JSON = ("BYTES", "DURATION", "TYPE", "NULL")


class Formulas:
    """Reads expressions at places where the same names may be read."""

    def __init__(self, reader: Reader, around: Surroundings) -> None:
        self._reader = reader
        self._around = around
        self._names = {name for name, _ in around.scope.names}

    def wider(self, names: Types) -> "Formulas":
        """Return the same for places where more names may be read."""
        scope = Scope(names=self._around.scope.names + names, legs=self._around.scope.legs)
        return Formulas(self._reader, replace(self._around, scope=scope))

    def condition(self, node: Node, what: str) -> Expression | None:
        """Read a yes or no: an expression, with or without `${{ }}`, or true or false."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return Expression(source="true" if node.value else "false", place=node.place)
        found = self._expression(node, what, 'write an expression such as `ref == "..."`')
        if found is None:
            return None
        scalar, hole, checked = found
        if not self._is_of(checked, ("BOOL",), scalar, hole, what):
            return None
        return self._made(scalar, hole, checked)

    def value(self, node: Node, what: str, type_: ValueType) -> Expression | None:
        """Read an expression for a value of a declared type; numbers and truth as they are."""
        if isinstance(node, Scalar) and isinstance(node.value, bool | int | float):
            source = json.dumps(node.value)
            node = Scalar(value=source, place=node.place, raw=node.raw)
        found = self._expression(node, what, "write an expression; a text stands in quotes")
        if found is None:
            return None
        scalar, hole, checked = found
        if not self._is_of(checked, _FITTING[type_], scalar, hole, what):
            return None
        return self._made(scalar, hole, checked)

    def template(
        self, node: Node, what: str = "", type_: ValueType | None = None
    ) -> Template | None:
        """Read a value whose texts may hold `${{ }}`; one that is one expression has a type."""
        reads: dict[str, str] = {}
        is_right = True
        for scalar in texts(node):
            for hole in self._holes(scalar):
                checked = hole and self._check(scalar, hole)
                if not hole or not checked or not self._is_json(checked, scalar, hole):
                    is_right = False
                    continue
                reads.update(checked.reads)
                is_alone = scalar is node and len(split(str(scalar.value))) == 1
                if type_ and is_alone and isinstance(scalar, Scalar):
                    wanted = _FITTING[type_]
                    is_right &= self._is_of(checked, wanted, scalar, hole, what)
        if not is_right:
            return None
        found: Reads = tuple(sorted(reads.items()))
        value = fill_all(plain(node), self._around.filling)
        return Template(value=value, place=node.place, reads=found)

    def _expression(
        self, node: Node, what: str, hint: str
    ) -> tuple[Scalar, Hole, Checked] | None:
        text = self._reader.text(node, what, hint)
        if text is None or not isinstance(node, Scalar):
            return None
        hole = self._only_hole(node, text)
        checked = hole and self._check(node, hole)
        return (node, hole, checked) if hole and checked else None

    def _made(self, scalar: Scalar, hole: Hole, checked: Checked) -> Expression:
        source = fill(hole.source, self._around.filling)
        place = scalar.place_of(hole.start)
        return Expression(source=source, place=place, reads=checked.reads)

    def _holes(self, scalar: Scalar) -> list[Hole | None]:
        """Find the `${{ }}` of a text; None stands for a mistake that has been reported."""
        try:
            holes: list[Hole | None] = [
                part for part in split(str(scalar.value)) if isinstance(part, Hole)
            ]
        except UnclosedError as error:
            hint = "end the expression with `}}`"
            place = scalar.place_of(error.start)
            self._reader.report(Code.EXPRESSION_SYNTAX, str(error), hint, place)
            return [None]
        if len(holes) > HOLES_MAX:
            message = f"a text has at most {HOLES_MAX} expressions"
            self._reader.report(Code.EXPRESSION_LIMIT, message, "break it up", scalar.place)
            return [None]
        return holes

    def _only_hole(self, scalar: Scalar, text: str) -> Hole | None:
        if "${{" not in text:
            lead = len(text) - len(text.lstrip())
            return Hole(text.strip(), lead)
        holes = self._holes(scalar)
        if len(holes) == 1 and (not holes[0] or text.strip().startswith("${{")):
            parts = split(text.strip()) if holes[0] else ()
            if len(parts) <= 1:
                return holes[0]
        message = "a condition is one expression, not a text with expressions in it"
        hint = "write the expression alone; `${{ }}` may be left out"
        self._reader.report(Code.EXPRESSION_SYNTAX, message, hint, scalar.place)
        return None

    def _check(self, scalar: Scalar, hole: Hole) -> Checked | None:
        checked = check(hole.source, self._around.scope)
        seen: set[int] = set()
        for mistake in checked.mistakes:
            remedy = remedy_for(mistake, hole.source, self._around)
            is_echo = remedy.code is Code.EXPRESSION_SYNTAX and bool(seen)
            if remedy.offset not in seen and "*error*" not in mistake.text and not is_echo:
                seen.add(remedy.offset)
                place = scalar.place_of(hole.start + remedy.offset)
                self._reader.report(remedy.code, remedy.message, remedy.hint, place)
        if checked.mistakes or self._asks_in_vain(scalar, hole):
            return None
        filling = self._around.filling
        if not filling.sources:
            return checked
        names = tuple(n for n in self._around.scope.names if not n[0].startswith("inputs."))
        scope = replace(self._around.scope, names=names + filling.names)
        filled = check(fill(hole.source, filling), scope)
        for mistake in filled.mistakes[:1]:
            message = f"with what `with` gives, `{hole.source}` has no sense: {mistake.text}"
            hint = "compare `with` with the types of the template's inputs"
            place = scalar.place_of(hole.start)
            self._reader.report(Code.BAD_TEMPLATE, message, hint, place)
        return None if filled.mistakes else replace(checked, reads=filled.reads)

    def _asks_in_vain(self, scalar: Scalar, hole: Hole) -> bool:
        found = chains(hole.source)
        for asked, about in itertools.pairwise(found):
            name = ".".join(about.names)
            if asked.names == ("has",) and asked.is_called and name in self._names:
                message = f"`has({name})` cannot be asked: `has` asks for members of objects"
                hint = "give the input a `default` and compare with it"
                place = scalar.place_of(hole.start + asked.start)
                self._reader.report(Code.EXPRESSION_TYPE, message, hint, place)
                return True
        return False

    def _is_of(
        self, checked: Checked, types: tuple[str, ...], scalar: Scalar, hole: Hole, what: str
    ) -> bool:
        if checked.type.startswith((*types, "DYN")):
            return True
        message = f"{what} gives {_word(checked.type)} instead of {_word(types[0])}"
        hint = "compare it with something"
        if types[0] != "BOOL":
            hint = "convert it with `string(...)`, `int(...)` or `double(...)`"
        place = scalar.place_of(hole.start)
        self._reader.report(Code.EXPRESSION_TYPE, message, hint, place)
        return False

    def _is_json(self, checked: Checked, scalar: Scalar, hole: Hole) -> bool:
        if not checked.type.startswith(_NO_JSON):
            return True
        message = f"the expression gives {_word(checked.type)}, which JSON cannot say"
        place = scalar.place_of(hole.start)
        self._reader.report(
            Code.EXPRESSION_TYPE, message, "write `string(...)` around it", place
        )
        return False


_FITTING: Mapping[ValueType, tuple[str, ...]] = {
    ValueType.STRING: ("STRING",),
    ValueType.INTEGER: ("INT", "UINT"),
    ValueType.NUMBER: ("DOUBLE", "INT", "UINT"),
    ValueType.BOOLEAN: ("BOOL",),
    ValueType.ARRAY: ("LIST",),
    ValueType.OBJECT: ("MAP",),
}
_WORDS = {
    "BOOL": "true or false",
    "STRING": "a text",
    "INT": "an integer",
    "UINT": "an integer",
    "DOUBLE": "a number",
    "LIST": "a list",
    "MAP": "an object",
    "NULL": "null",
    "BYTES": "bytes",
    "DURATION": "a duration",
    "TIMESTAMP": "a time",
    "TYPE": "a type",
}


def _word(type_: str) -> str:
    return _WORDS.get(type_.partition("<")[0], "an object")
