"""The expressions of a definition: found in its texts, checked, and their mistakes placed."""

import itertools

from app.core.expressions import Checked, check
from app.core.problems import Code
from app.core.reading.document import Node, Scalar, plain, texts
from app.core.reading.reader import Reader
from app.core.reading.remedies import Surroundings, remedy_for
from app.core.terms import Expression, Reads, Template
from app.core.tokens import Hole, UnclosedError, chains, split

HOLES_MAX = 64
_NO_JSON = ("BYTES", "DURATION", "TYPE", "NULL")


class Formulas:
    """Reads expressions at places where the same names may be read."""

    def __init__(self, reader: Reader, around: Surroundings) -> None:
        self._reader = reader
        self._around = around
        self._names = {name for name, _ in around.scope.names}

    def condition(self, node: Node, what: str) -> Expression | None:
        """Read a yes or no: an expression, with or without `${{ }}`, or true or false."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return Expression(source="true" if node.value else "false", place=node.place)
        text = self._reader.text(node, what, 'write an expression such as `ref == "..."`')
        if text is None or not isinstance(node, Scalar):
            return None
        hole = self._only_hole(node, text)
        if hole is None:
            return None
        checked = self._check(node, hole)
        if checked is None or not self._is_condition(checked, node, hole, what):
            return None
        place = node.place_of(hole.start)
        return Expression(source=hole.source, place=place, reads=checked.reads)

    def template(self, node: Node) -> Template | None:
        """Read a value whose texts may hold `${{ }}`."""
        reads: dict[str, str] = {}
        is_right = True
        for scalar in texts(node):
            for hole in self._holes(scalar):
                checked = hole and self._check(scalar, hole)
                if not hole or not checked or not self._is_json(checked, scalar, hole):
                    is_right = False
                    continue
                reads.update(checked.reads)
        if not is_right:
            return None
        found: Reads = tuple(sorted(reads.items()))
        return Template(value=plain(node), place=node.place, reads=found)

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
        return checked

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

    def _is_condition(self, checked: Checked, scalar: Scalar, hole: Hole, what: str) -> bool:
        if checked.type in ("BOOL", "DYN"):
            return True
        message = f"{what} gives {_word(checked.type)} instead of true or false"
        hint = "compare it with something"
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


_WORDS = {
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
