"""Two kinds of rule for import-linter: what a room may import, and where a library lives.

The rules themselves stand in pyproject.toml and follow the architecture's "Who may import
whom". import-linter's own `forbidden` contract would leave a new room open to all, and fails on
a room that is not built yet. Only direct imports count here.
"""

import sys
from collections.abc import Iterable
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomContract(Contract):
    """Each of these rooms imports, of our own code, itself and what it lists."""

    # Any: import-linter puts the value that pyproject.toml gives in the place of each field.
    rooms: Any = fields.ListField(subfield=fields.StringField())
    may_import: Any = fields.ListField(subfield=fields.StringField(), required=False)
    # Modules of the standard library that would let the world in.
    not_of_the_standard_library: Any = fields.ListField(
        subfield=fields.StringField(), required=False
    )
    # None of the third party's, or any.
    third_party: Any = fields.BooleanField(required=False, default=True)
    third_party_in: Any = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every direct import that the room's list does not name."""
        found = []
        for room in self.rooms:
            for importer in _modules(graph, room):
                found += [
                    _where(graph, importer, imported)
                    for imported in graph.find_modules_directly_imported_by(importer)
                    if not self._allows(room, importer, imported)
                ]
        return ContractCheck(kept=not found, metadata={"found": sorted(found)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that broke the rule."""
        _render(check)

    def _allows(self, room: str, importer: str, imported: str) -> bool:
        if imported == "app" or imported.startswith("app."):
            return imported == "app" or _within(imported, [room, *(self.may_import or ())])
        if imported in sys.stdlib_module_names:
            return imported not in set(self.not_of_the_standard_library or ())
        return bool(self.third_party) or f"{importer} -> {imported}" in set(
            self.third_party_in or ()
        )


class HomeContract(Contract):
    """Only these modules import this one."""

    module: Any = fields.StringField()
    homes: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every direct import of the module from elsewhere."""
        found = [
            _where(graph, importer, imported)
            for imported in _modules(graph, self.module)
            for importer in graph.find_modules_that_directly_import(imported)
            if not _within(importer, [self.module, *self.homes])
        ]
        return ContractCheck(kept=not found, metadata={"found": sorted(found)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that broke the rule."""
        _render(check)


def _modules(graph: ImportGraph, name: str) -> list[str]:
    if name not in graph.modules:
        return []
    inside = set() if graph.is_module_squashed(name) else graph.find_descendants(name)
    return sorted({name, *inside})


def _within(module: str, rooms: Iterable[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _where(graph: ImportGraph, importer: str, imported: str) -> str:
    lines = graph.get_import_details(importer=importer, imported=imported)
    numbers = ", ".join(str(line["line_number"]) for line in lines)
    return f"{importer} imports {imported} (line {numbers})"


def _render(check: ContractCheck) -> None:
    for line in check.metadata["found"]:
        output.print_error(line, bold=False)
    output.new_line()
