"""What `signalbox setup` was asked for, checked whole before GitHub is asked for anything."""

import re
from dataclasses import dataclass
from pathlib import Path

from app.cli.saying import Refused
from app.cli.settings_files import is_plain
from app.github.registering import NAME_LENGTH_MAX, NAMES, is_code, settings_address
from app.settings import SettingsError, address, api_url_of, derived

# Letters, digits and hyphens, as GitHub allows them in the name of an account.
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asked for, as it was typed."""

    url: str
    organization: str = ""
    name: str = "Signalbox"
    github: str = "https://github.com"
    folder: Path = Path()
    port: int = 0
    is_public: bool = False
    without: tuple[str, ...] = ()
    is_opened: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be registered where, checked. The folder is absolute."""

    url: str
    organization: str
    name: str
    server_url: str
    api_url: str
    folder: Path
    is_public: bool
    without: tuple[str, ...]

    @property
    def apps_address(self) -> str:
        """Where the Apps of their owner are managed."""
        return settings_address(server_url=self.server_url, organization=self.organization)


def plan_of(wanted: Wanted) -> Plan:
    """Check what was asked for. Raises `Refused`."""
    url, server_url = _address("--url", wanted.url), _address("--github", wanted.github)
    api_url = api_url_of(server_url)
    if derived(api_url)[0] != server_url:
        message = f"--github {wanted.github} is not where people see a GitHub"
        raise Refused(message, "write https://github.com, or https://HOST without a path")
    if wanted.organization and not _LOGIN.fullmatch(wanted.organization):
        message = f"--organization {wanted.organization!r} is no name of an organization"
        remedy = (
            "write it as in its address: https://github.com/NAME; leave it out for yourself"
        )
        raise Refused(message, remedy)
    if not 1 <= len(wanted.name.strip()) <= NAME_LENGTH_MAX:
        message = f"--name has {len(wanted.name.strip())} characters"
        raise Refused(message, f"GitHub takes from 1 to {NAME_LENGTH_MAX}")
    if unknown := sorted(set(wanted.without) - NAMES):
        remedy = f"known are {', '.join(sorted(NAMES))}"
        raise Refused(f"--without {unknown[0]} leaves nothing out", remedy)
    if wanted.code and not is_code(wanted.code):
        remedy = "give what stands between `code=` and `&` in the browser's address"
        raise Refused("--code is no code of GitHub's", remedy)
    folder = wanted.folder.resolve()
    if not folder.is_dir():
        raise Refused(f"{wanted.folder} is no folder", "name one that there is with --folder")
    if not is_plain(str(folder)):
        message = f"the path {folder} has characters that a shell and Docker read differently"
        raise Refused(message, "name a folder of letters, digits and ./_- with --folder")
    return Plan(
        url=url,
        organization=wanted.organization,
        name=wanted.name.strip(),
        server_url=server_url,
        api_url=api_url,
        folder=folder,
        is_public=wanted.is_public,
        without=wanted.without,
    )


def _address(option: str, given: str) -> str:
    try:
        found = address({option: given}, option)
    except SettingsError as error:
        fault = error.faults[0]
        raise Refused(f"{option} {given!r} {fault.message}", fault.remedy) from error
    if not is_plain(found):
        message = f"{option} {given!r} has characters that an address of Signalbox cannot have"
        raise Refused(message, "write it as https://host, without `?` and `#`")
    return found
