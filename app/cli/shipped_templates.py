"""The workflow templates that Signalbox ships: which they are, how filled in, what is new.

These are GitHub's workflow templates, from which a new workflow begins; the templates of
definitions are something else. Pure but for reading the files beside the code: where they
are brought to, and how, is the work of `offering_templates`.

https://docs.github.com/actions/how-tos/reuse-automations/create-workflow-templates
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from app.cli.saying import Refused

FOLDER: Final = "workflow-templates"
"""Here, and in an organization's `.github` repository."""
TITLE: Final = "Offer the workflow templates of Signalbox"

_PROPERTIES: Final = ".properties.json"
_SERVER: Final = "${{ vars.SIGNALBOX_URL }}"
_ACTION: Final = "your-organization/signalbox@v1"
_UNPINNED: Final = " # zizmor: ignore[unpinned-uses] pin the SHA you reviewed"
_SHA: Final = re.compile(r"[0-9a-f]{40}")


class State(StrEnum):
    """How a template of ours stands to what the repository has under its name."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One file: a workflow, or what GitHub shows of one."""

    path: str
    text: str

    @property
    def sha(self) -> str:
        """The SHA that git gives this content."""
        content = self.text.encode()
        whole = b"blob %d\0" % len(content) + content
        return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def shipped() -> tuple[Template, ...]:
    """Return the templates as they are shipped, with this version and nothing filled in."""
    found = {path.name: path.read_text(encoding="utf-8") for path in _files()}
    return tuple(Template(path=f"{FOLDER}/{name}", text=found[name]) for name in sorted(found))


def _files() -> list[Path]:
    """Return where they are: beside our code in a checkout and a container, else installed."""
    beside = Path(__file__).parents[2] / FOLDER
    if beside.is_dir():
        return list(beside.iterdir())
    of_wheel = distribution("signalbox").files or ()
    found = [Path(str(each.locate())) for each in of_wheel if each.parent.name == FOLDER]
    if not found:
        raise Refused(f"{FOLDER} is missing", "install Signalbox anew, from its wheel or whole")
    return found


def filled(templates: Sequence[Template], *, server: str, action: str) -> tuple[Template, ...]:
    """Fill in where Signalbox is and where its Action stands; an empty text fills nothing."""
    return tuple(
        Template(path=each.path, text=_filled(each.text, server=server, action=action))
        for each in templates
    )


def left_open(templates: Sequence[Template]) -> tuple[str, ...]:
    """Say what is left to be filled in by hand, each with the option that does so."""
    found = []
    for each in templates:
        if _SERVER in each.text:
            found.append(
                f"{each.path} takes the address of Signalbox from the variable SIGNALBOX_URL: "
                "set it for the organization, or give --server-url"
            )
        if _ACTION in each.text:
            found.append(
                f"{each.path} takes the Action from {_ACTION}: put in the organization that "
                "holds your copy, or give --action"
            )
    return tuple(found)


def compared(
    templates: Sequence[Template], known: Mapping[str, str]
) -> tuple[tuple[Template, State], ...]:
    """Compare the templates with the SHAs of what is there, by path."""
    return tuple((each, _state(each, known.get(each.path))) for each in templates)


def reach(visibility: str) -> str:
    """Say which repositories are offered what a `.github` repository of this visibility has."""
    where = {
        "public": "all repositories of the organization",
        "internal": "the internal and private repositories of the organization, not the public",
    }
    return where.get(visibility, "the private repositories of the organization alone")


def described(templates: Sequence[Template], visibility: str) -> str:
    """Return the body of the pull request: what the templates are for."""
    lines = []
    for each in templates:
        if each.path.endswith(_PROPERTIES):
            about = json.loads(each.text)
            lines.append(f"- **{about['name']}**: {about['description']}")
    return f"""\
Whoever creates a workflow in this organization is then offered:

{chr(10).join(lines)}

Such a workflow can be a task of an orchestration: Signalbox finds the run that it has started,
and later tasks get what it reports. A template is only copied: merging this starts nothing.

- GitHub offers them to {reach(visibility)}.
- Where one still says `your-organization/signalbox`, put in the organization that holds your
  copy of Signalbox.
- Where one says `vars.SIGNALBOX_URL`, set that variable once, for the organization.

`signalbox templates` made this. Called again it brings this branch up to date, and touches no
other file.

[GitHub on workflow templates](https://docs.github.com/actions/how-tos/reuse-automations/create-workflow-templates)
"""


def _filled(text: str, *, server: str, action: str) -> str:
    for old, new in fillings(server=server, action=action):
        text = text.replace(old, new)
    return text


def fillings(*, server: str, action: str) -> tuple[tuple[str, str], ...]:
    """Return what stands in the shipped templates, and what it becomes.

    What a comment says of a place that is filled in goes with it.
    """
    found: list[tuple[str, str]] = []
    if server:
        variable = "the variable SIGNALBOX_URL, best set once for the organization: the address"
        found += [
            (f"#   4. {variable} of Signalbox.", "#   4. the address of Signalbox."),
            (f"server: {_SERVER}", f"server: {server}"),
        ]
    if action:
        is_pinned = _SHA.fullmatch(action.rpartition("@")[2]) is not None
        holder = "organization that holds your copy of Signalbox for `your-organization`"
        found += [
            (f"# Put the name of the {holder}.\n", ""),
            (f"uses: {_ACTION}{_UNPINNED}", f"uses: {action}{'' if is_pinned else _UNPINNED}"),
        ]
    return tuple(found)


def _state(template: Template, known: str | None) -> State:
    if known is None:
        return State.NEW
    return State.SAME if known == template.sha else State.CHANGED
