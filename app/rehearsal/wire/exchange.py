"""One request and its answer, and the table of who answers what."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

from app.rehearsal.model.apps import Grant, Keyring
from app.rehearsal.model.oidc import Issuer
from app.rehearsal.model.personal import PersonalTokens
from app.rehearsal.model.refused import Refused, invalid
from app.rehearsal.model.registering import Registrations
from app.rehearsal.model.sign_in import SignIns
from app.rehearsal.model.state import Account, Repository
from app.rehearsal.model.world import World

PER_PAGE = 30
PER_PAGE_MAX = 100


@dataclass(slots=True)
class Service:
    """What the answers are made from."""

    world: World
    keyring: Keyring = field(default_factory=Keyring)
    issuer: Issuer = field(default_factory=Issuer)
    sign_ins: SignIns = field(default_factory=SignIns)
    registrations: Registrations = field(default_factory=Registrations)
    personal: PersonalTokens = field(default_factory=PersonalTokens)


@dataclass(slots=True)
class Answer:
    """What is sent back. Text goes out as it stands, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Ask:
    """One request, after it was found out who asks and about which repository."""

    service: Service
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: bytes
    segments: Sequence[str] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    grant: Grant | None = None
    person: Account | None = None
    found: Repository | None = None
    version: str = "2022-11-28"

    @property
    def world(self) -> World:
        """The state of GitHub."""
        return self.service.world

    @property
    def repository(self) -> Repository:
        """The repository the path names."""
        assert self.found is not None, "only routes below /repos have a repository"
        return self.found

    @property
    def who(self) -> Account:
        """The account that acts: a person, or with an installation token the App's bot."""
        return self.person or self.world.registered_app().bot

    @property
    def counted(self) -> int | None:
        """Whose rate limit this counts for: a person's or an installation's, if anybody's."""
        if self.person is not None:
            return self.person.id
        return None if self.grant is None else self.grant.installation.id

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent; nothing sent counts as an empty one."""
        if not self.raw_body:
            return {}
        try:
            given = json.loads(self.raw_body)
        except ValueError as problem:
            raise Refused(400, "Problems parsing JSON") from problem
        if not isinstance(given, dict):
            raise Refused(400, "Body should be a JSON object")
        return given

    def demand(self, given: Mapping[str, Any], **kinds: type | tuple[type, ...]) -> None:
        """Refuse a body that lacks one of these keys, or has it with another type."""
        for name, kind in kinds.items():
            if name not in given:
                raise invalid(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
            if not isinstance(given[name], kind):
                raise invalid(
                    f"Invalid request.\n\nFor 'properties/{name}', {json.dumps(given[name])} "
                    "is not of the expected type."
                )

    def page(self, items: Sequence[Any]) -> tuple[Sequence[Any], dict[str, str]]:
        """Return one page of items and the Link header that leads to the others."""
        # https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
        size = min(max(self.number("per_page", PER_PAGE), 1), PER_PAGE_MAX)
        here = max(self.number("page", 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        links = []
        if here > 1:
            links += [self._link(here - 1, "prev"), self._link(1, "first")]
        if here < last:
            links += [self._link(here + 1, "next"), self._link(last, "last")]
        headers = {"link": ", ".join(links)} if links else {}
        return items[(here - 1) * size : here * size], headers

    def number(self, name: str, default: int) -> int:
        """Return a whole number from the query."""
        given = self.query.get(name, "")
        return int(given) if given.isdigit() else default

    def _link(self, page: int, name: str) -> str:
        query = urlencode({**self.query, "page": page})
        return f'<{self.world.at.api}{quote(self.path)}?{query}>; rel="{name}"'


class Door(Enum):
    """Who may come in."""

    ANYONE = auto()
    APP = auto()
    INSTALLATION = auto()


Handler: TypeAlias = Callable[[Ask], Answer]
# Any one of these permissions is enough.
Needs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. The path is GitHub's; `{name+}` takes all the rest of the path."""

    method: str
    path: str
    handler: Handler
    door: Door = Door.INSTALLATION
    needs: Needs = ()


@dataclass(slots=True)
class _Node:
    static: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    rest: dict[str, Route] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """The endpoints, found by walking the path. What is written out wins over a parameter."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in routes:
            self._add(route)

    def find(self, method: str, segments: Sequence[str]) -> tuple[Route, dict[str, str]] | None:
        """Return the endpoint for a path and the parameters in it."""
        route = _walk(self._root, method, segments, 0)
        if route is None:
            return None
        parameters = {}
        for place, name in enumerate(route.path.strip("/").split("/")):
            if name.endswith("+}"):
                parameters[name[1:-2]] = "/".join(segments[place:])
            elif name.startswith("{"):
                parameters[name[1:-1]] = segments[place]
        return route, parameters

    def _add(self, route: Route) -> None:
        node = self._root
        for name in route.path.strip("/").split("/"):
            if name.endswith("+}"):
                node.rest[route.method] = route
                return
            if name.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(name, _Node())
        node.routes[route.method] = route


def _walk(node: _Node, method: str, segments: Sequence[str], place: int) -> Route | None:
    if place == len(segments):
        return node.routes.get(method)
    found = None
    if segments[place] in node.static:
        found = _walk(node.static[segments[place]], method, segments, place + 1)
    if found is None and node.parameter is not None:
        found = _walk(node.parameter, method, segments, place + 1)
    return found or node.rest.get(method)
