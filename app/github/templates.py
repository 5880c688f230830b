"""Brings definitions together with the template that they use, so that they are whole.

A template of another repository is read at the ref that the definition names, and only where
that repository lets the definition read: what it says will stand in plans that others see.
What cannot be had is left out, and whoever parses the definition says so with its remedy.
"""

import hashlib
import logging
import re
from collections import OrderedDict
from dataclasses import replace
from typing import Final

from app.core.hearing.findings import File
from app.core.parse import join_templates, templates_of
from app.core.plan import Origin
from app.core.policy import consent_to_operate
from app.core.values import RepositoryName, Sha
from app.github.client import Access, Client
from app.github.consents import Consents
from app.github.errors import RefusedError
from app.github.repositories import read_file

KEPT_MAX: Final = 1_000
_ELSEWHERE: Final = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>\.github/orchestrations/[^/@]+)@(?P<ref>\S+)"
)
_SHA: Final = re.compile(r"[0-9a-f]{40}")

log = logging.getLogger(__name__)


class Templates:
    """Finds what definitions use; what stands at a SHA never changes and is kept."""

    def __init__(self, client: Client, consents: Consents) -> None:
        self._client = client
        self._consents = consents
        self._kept: OrderedDict[str, str] = OrderedDict()

    async def join(self, access: Access, file: File, head: Sha) -> File:
        """Return a definition with the template that it uses, if it uses one."""
        found: dict[str, str] = {}
        for name in templates_of(file.text):
            text = await self._read(access, file.path, name, head)
            if text is not None:
                found[name] = text
        joined = join_templates(file.text, found)
        if joined == file.text:
            return file
        # The template may change while the definition does not: together they are new.
        digest = hashlib.sha256(joined.encode()).hexdigest()[:40]
        return replace(file, blob_sha=Sha(digest), text=joined)

    async def _read(self, access: Access, path: str, name: str, head: Sha) -> str | None:
        try:
            if name.startswith("./"):
                own = f"{path.rpartition('/')[0]}/{name.removeprefix('./')}"
                return (await read_file(self._client, access, own, head)).text
            named = _ELSEWHERE.fullmatch(name)
            return await self._elsewhere(access, path, named) if named else None
        except RefusedError as error:
            log.warning("template %s of %s: %s", name, path, error)
            return None

    async def _elsewhere(self, access: Access, path: str, named: re.Match[str]) -> str | None:
        assert access.repository is not None, "whoever reads definitions knows its name"
        assert access.repository_id is not None, "and its id"
        assert access.installation_id is not None, "and by which installation"
        origin = Origin(
            repository_id=access.repository_id,
            repository=access.repository,
            installation_id=access.installation_id,
            path=path,
        )
        repository = RepositoryName(named["repository"])
        there = await self._consents.access_to(repository, origin, access.urgency)
        consent = consent_to_operate(
            await self._consents.policy(there),
            target=repository,
            origin=origin,
            definition=path.rpartition("/")[2].rpartition(".")[0],
            operation="file.read",
        )
        if not consent.is_given:
            log.warning("template %s of %s: %s", named[0], path, consent.message)
            return None
        if named[0] in self._kept:
            self._kept.move_to_end(named[0])
            return self._kept[named[0]]
        text = (await read_file(self._client, there, named["path"], named["ref"])).text
        if _SHA.fullmatch(named["ref"]):
            self._kept[named[0]] = text
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return text
