"""The HTTP API under schemathesis, signed as GitHub signs: whatever comes in, never a 5xx."""

import asyncio
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from starlette.routing import Route

from tests.chaos.cast import HOME
from tests.fuzz.description import description
from tests.fuzz.served import Served, served

EXAMPLES = {"/webhooks/github": 100, "/api/orchestrations/{id}/{verb}": 60}
FEW = 15


def test_nothing_that_is_sent_breaks_the_server(tmp_path: Path) -> None:
    """Each operation answers with a refusal or takes it in, and the server stays ready."""
    with asyncio.Runner() as runner:
        server = served(tmp_path)
        here = runner.run(server.__aenter__())
        try:
            runner.run(_begin(here))
            routes = {
                (route.path, method)
                for route in here.app.routes
                if isinstance(route, Route)
                for method in (route.methods or set()) - {"HEAD"}
            }
            described = {(each.path, each.method.upper()) for each in _operations(runner, here)}
            answers = {
                operation.path: _fuzz(runner, here, operation)
                for operation in _operations(runner, here)
            }
            aside = runner.run(here.set_aside())
            ready = runner.run(here.send("GET", "/ready", b"", {}))
        finally:
            runner.run(server.__aexit__(None, None, None))

    assert described == routes, "whatever can be asked is"
    assert aside == [], "the engine works off whatever was taken in"
    assert ready == 200
    assert any(202 in statuses for statuses in answers.values()), "something was taken in"
    assert {200, 404} <= answers["/orchestrations/{id}"], "pages were seen, and were not"
    assert not any(status >= 500 for statuses in answers.values() for status in statuses)


async def _begin(here: Served) -> None:
    """Let the server read its definitions, and something wait in it."""
    await here.known()
    here.github.push(HOME, {"versions/train.txt": "1\n"})
    await here.waiting()
    await here.sign_in("mona")


def _operations(runner: asyncio.Runner, here: Served) -> list[Any]:
    repository = here.github.world.repository(HOME)
    installation = here.github.world.installation_for(repository)
    assert installation is not None
    described = description(
        orchestration=runner.run(here.waiting()),
        repository_id=repository.id,
        installation_id=installation.id,
    )
    found = schemathesis.openapi.from_dict(described).get_all_operations()
    return [each.ok() for each in found]


def _fuzz(runner: asyncio.Runner, here: Served, operation: Any) -> set[int]:
    """Send what schemathesis thinks up for one operation; return the answers' statuses."""
    statuses: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES.get(operation.path, FEW),
        phases=(Phase.generate,),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        made = requests.Request(**case.as_transport_kwargs(base_url="http://x")).prepare()
        body = made.body or b""
        body = body if isinstance(body, bytes) else body.encode()
        status = runner.run(here.send(str(made.method), made.path_url, body, made.headers))
        assert status < 500, f"{status} for {made.method} {made.path_url} {body!r}"
        statuses.add(status)

    send()
    return statuses
