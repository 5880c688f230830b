"""Definitions of stored plans, read anew from their text, each only once.

Ten thousand orchestrations of one definition share one text and one parsed definition.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from app.core.definition import Definition
from app.core.plan import Plan
from app.core.problems import Problem
from app.store.codec import StoredPlan, UnreadableError, with_definition

DEFINITIONS_MAX: Final = 512

Parse = Callable[[str, str], tuple[Definition | None, tuple[Problem, ...]]]


class Definitions:
    """Parsed definitions by digest and path; the least used make room."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._known: OrderedDict[tuple[str, str], tuple[str, Definition]] = OrderedDict()

    def completed(self, stored: StoredPlan) -> Plan | None:
        """Make a plan whole again without its definition's text, if that was parsed before."""
        place = (stored.digest, stored.origin.path)
        known = self._known.get(place)
        if known is None:
            return None
        self._known.move_to_end(place)
        return with_definition(stored, *known)

    def complete(self, stored: StoredPlan, text: str) -> Plan:
        """Make a plan whole again. Raises `UnreadableError`."""
        found = self.completed(stored)
        if found is not None:
            return found
        definition, problems = self._parse(text, stored.origin.path)
        if definition is None:
            why = "; ".join(problem.message for problem in problems)
            raise UnreadableError(f"the definition of {stored.id} cannot be read: {why}")
        self._known[stored.digest, stored.origin.path] = (text, definition)
        if len(self._known) > DEFINITIONS_MAX:
            self._known.popitem(last=False)
        return with_definition(stored, text, definition)
