"""The arguments of an operation, as `with` came out: read one by one, or refused by name.

Pure. An expression may give a number as text, and nothing where a text was meant; what is
not there at all has a default or is refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from app.core.values import Json, JsonObject, RepositoryName

NAMES_MAX: Final = 100
SHOWN_MAX: Final = 200
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


class Refusal(Exception):
    """The operation will not happen: a stable reason code, and what to do about it.

    With `calendars` it will, once all of them are open.
    """

    def __init__(self, code: str, message: str, calendars: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.calendars = calendars


class Arguments:
    """What `with` says. Each reader raises `Refusal` where it is not what is needed."""

    def __init__(self, operation: str, given: JsonObject) -> None:
        self._operation = operation
        self._given = given

    def text(self, name: str, default: str | None = None, *, length_max: int = 65_000) -> str:
        """Return a text; without a default it must be there and not be empty."""
        value = self._given.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(name, "must be a text")
        if len(value) > length_max:
            raise self.wrong(name, f"is longer than {length_max} characters")
        return value

    def number(self, name: str) -> int:
        """Return a number from 1, as those of issues and pull requests."""
        value = self._given.get(name)
        text = str(value) if isinstance(value, int | str) else ""
        if isinstance(value, bool) or not re.fullmatch(r"[1-9]\d{0,17}", text, re.ASCII):
            raise self.wrong(name, "must be the number of an issue or pull request")
        return int(text)

    def flag(self, name: str) -> bool:
        """Return a boolean, false where it is absent."""
        value = self._given.get(name)
        if value in (True, "true"):
            return True
        if value in (None, False, "false", ""):
            return False
        raise self.wrong(name, "must be true or false")

    def names(self, name: str, *, is_required: bool = False) -> tuple[str, ...]:
        """Return a list of texts; a single text counts as a list of one."""
        value = self._given.get(name)
        listed = [value] if isinstance(value, str) else value
        if listed is None and not is_required:
            return ()
        if not isinstance(listed, list | tuple) or len(listed) > NAMES_MAX:
            raise self.wrong(name, f"must be a list of at most {NAMES_MAX} texts")
        found = tuple(each for each in listed if isinstance(each, str) and each.strip())
        if len(found) != len(listed) or (is_required and not found):
            raise self.wrong(name, "must be a list of texts")
        return found

    def table(self, name: str) -> Mapping[str, Json]:
        """Return an object, empty where it is absent."""
        value = self._given.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong(name, "must be an object")
        return value

    def repository(self, name: str, default: RepositoryName | None = None) -> RepositoryName:
        """Return `owner/name`."""
        return repository_name(self.text(name, default), self, name)

    def wrong(self, name: str, why: str) -> Refusal:
        """Return the refusal of one argument."""
        value = self._given.get(name)
        shown = json.dumps(value, ensure_ascii=False, default=str)[:SHOWN_MAX]
        found = "it is not there" if value is None else f"it came out as {shown}"
        return Refusal("bad-argument", f"`with.{name}` of `{self._operation}` {why}; {found}")


def repository_name(text: str, given: Arguments, name: str) -> RepositoryName:
    """Return a text as the name of a repository. Raises `Refusal`."""
    if not _REPOSITORY.fullmatch(text) or text.rpartition("/")[2] in (".", ".."):
        raise given.wrong(name, "must be owner/repository")
    return RepositoryName(text)
