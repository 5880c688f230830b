"""An OpenAPI 3.0 description made into plain JSON Schema, at one of GitHub's API versions.

GitHub notes inside its description what a newer version changes: as a list of JSON Patch
operations (RFC 6902) or as a merge patch (RFC 7396).
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

_CHANGES = "x-github-breaking-changes"


def at_version(document: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return the description as it is at a version, by the changes noted in it."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    waiting: list[Any] = [changed]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            for change in item.pop(_CHANGES, ()):
                if change["version"] <= version:
                    _apply(item, change["patch"])
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return changed


def corrected(document: dict[str, Any]) -> dict[str, Any]:
    """Return the description without its one known mistake, changed in place.

    In lists, an installation's account is said to be a user and an enterprise at once
    (`allOf`); where a single installation is described, it is rightly one of the two.
    """
    listing = document["paths"]["/app/installations"]["get"]["responses"]["200"]
    schema = listing["content"]["application/json"]["schema"]["items"]
    account = schema.get("properties", {}).get("account", {})
    if "allOf" in account:
        account["anyOf"] = account.pop("allOf")
    return document


def as_json_schema(document: Any) -> Any:
    """Return the description with `nullable` said in JSON Schema's own words."""
    if isinstance(document, list):
        return [as_json_schema(item) for item in document]
    if not isinstance(document, dict):
        return document
    made = {name: as_json_schema(value) for name, value in document.items()}
    if made.get("nullable") is not True:
        return made
    del made["nullable"]
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
        return made
    return {"anyOf": [made, {"type": "null"}]}


def _apply(item: dict[str, Any], patch: Any) -> None:
    if isinstance(patch, Mapping):
        _merge(item, patch)
        return
    for step in patch:
        names = [name.replace("~1", "/").replace("~0", "~") for name in step["path"].split("/")]
        _step(item, step["op"], names[1:], step.get("value"))


def _merge(item: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for name, value in patch.items():
        if value is None:
            item.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(item.get(name), dict):
            _merge(item[name], value)
        else:
            item[name] = copy.deepcopy(value)


def _step(item: Any, operation: str, names: Sequence[str], value: Any) -> None:
    """Carry out one step of a JSON Patch, unless what it is about was cut out."""
    for name in names[:-1]:
        key: Any = int(name) if isinstance(item, list) else name
        if isinstance(item, dict) and key not in item:
            return
        item = item[key]
    last: Any = names[-1]
    if isinstance(item, list):
        place = len(item) if last == "-" else int(last)
        if operation == "add":
            item.insert(place, value)
        elif operation == "replace":
            item[place] = value
        else:
            item.pop(place)
    elif operation == "remove":
        item.pop(last, None)
    else:
        item[last] = value
