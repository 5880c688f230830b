"""A payload that is taken apart only when somebody looks into it: most are never looked into.

It is no dictionary, on purpose: what is written in C looks past the methods of one, and would
see it empty. It does not leave the hearing: what is kept of a payload is a plain dictionary.
"""

from collections.abc import Callable, Iterator, Mapping

from app.core.values import Json, JsonObject


class Unread(Mapping[str, Json]):
    """The payload that `parse` returns, which is called once, and only if it has to be."""

    __slots__ = ("_parse", "_whole")

    def __init__(self, parse: Callable[[], JsonObject]) -> None:
        self._parse = parse
        self._whole: JsonObject | None = None

    def __getitem__(self, name: str) -> Json:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        # It may hold what is nobody's business, and to be shown is no reason to be read.
        return "Unread()"

    def _read(self) -> JsonObject:
        if self._whole is None:
            self._whole = self._parse()
        return self._whole
