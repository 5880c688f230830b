"""The HTTP API as OpenAPI, for schemathesis: what may be sent, so loosely that it gets in."""

from typing import Any

from app.core.hearing.asking import WISHES
from app.web.hooks import EVENTS_HEARD

ANY: dict[str, Any] = {}
TEXT = {"type": "string"}
STATIC = ("page.css", "page.js", "icon.svg")


def description(
    *, orchestration: str, repository_id: int, installation_id: int
) -> dict[str, Any]:
    """Describe the API, with ids that mean something in this server."""
    ids = {"type": "string", "enum": [orchestration, "0123456789abcdef", "../x", "%00"]}
    wish = {
        "type": "object",
        "properties": {
            "actor": {"type": "string", "enum": ["mona", "sarah", "eve", ""]},
            "as": {"type": "string", "enum": ["mona", "eve", "@ada", ""]},
            "override": {"type": "boolean"},
            "reason": TEXT,
            "task": {"type": "string", "enum": ["build", "sign_off", "deploy", "nothing"]},
            "leg": {"type": "string", "enum": ["api", "web", ""]},
            "option": {"type": "string", "enum": ["approve", "reject", "x"]},
            "name": TEXT,
            "inputs": {"type": "object"},
            "text": {
                "type": "string",
                "enum": ["/approve", "/why", "/skip build x", "/cancel"],
            },
        },
        "required": ["actor"],
    }
    freeze = {
        "type": "object",
        "properties": {"actor": TEXT, "until": TEXT, "because": TEXT, "calendar": TEXT},
    }
    about_id = [_parameter("id", "path", ids)]
    verbs = {"type": "string", "enum": [*sorted(WISHES), "dance"]}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Signalbox", "version": "1"},
        "paths": {
            "/webhooks/github": {
                "post": _operation(
                    _payload(repository_id, installation_id),
                    [_parameter("x-github-event", "header", _events())],
                )
            },
            "/reports": {"post": _operation(_report())},
            "/api/orchestrations/{id}/reports": {"get": _operation(None, about_id)},
            "/api/orchestrations/{id}/say": {"post": _operation(wish, about_id)},
            "/api/orchestrations/{id}/{verb}": {
                "post": _operation(wish, [*about_id, _parameter("verb", "path", verbs)])
            },
            "/api/calendars/{organization}/freeze": {
                "post": _operation(
                    freeze, [_parameter("organization", "path", {"enum": ["acme", "%2e"]})]
                )
            },
            "/api/locks": {"get": _operation()},
            "/health": {"get": _operation()},
            "/ready": {"get": _operation()},
            "/metrics": {"get": _operation()},
            "/schema/orchestration.json": {"get": _operation()},
            "/": {"get": _operation()},
            **_pages(about_id),
        },
    }


def _pages(about_id: list[dict[str, Any]]) -> dict[str, Any]:
    """Describe what browsers ask for; a stream that goes on is none of what can be sent."""
    to = {"type": "string", "enum": ["/", "//x", "\\", "/orchestrations/a?b#c", "ä"]}
    unknown = {"type": "string", "enum": ["0123456789abcdef", "../x", "%00"]}
    return {
        "/sign-in": {"get": _operation(None, [_parameter("to", "query", to)])},
        "/sign-in/back": {
            "get": _operation(
                None, [_parameter(name, "query", TEXT) for name in ("state", "code", "error")]
            )
        },
        "/sign-out": {"post": _operation({"type": "object"})},
        **{f"/static/{name}": {"get": _operation()} for name in STATIC},
        "/orchestrations/{id}": {"get": _operation(None, about_id)},
        "/orchestrations/{id}/changes": {
            "get": _operation(None, [_parameter("id", "path", unknown)])
        },
    }


def _events() -> dict[str, Any]:
    return {"type": "string", "enum": [*sorted(EVENTS_HEARD), "ping", "star", "Odd"]}


def _report() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"outputs": {"type": "object"}, "summary": TEXT},
        "additionalProperties": False,
    }


def _payload(repository_id: int, installation_id: int) -> dict[str, Any]:
    """Describe a delivery that is about our repository, or about anything."""
    repository = {
        "type": "object",
        "properties": {
            "id": {"enum": [repository_id, 1, None]},
            "full_name": {"enum": ["acme/release", "x", None]},
            "default_branch": {"enum": ["main", ""]},
        },
        "required": ["id", "full_name", "default_branch"],
    }
    run = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "status": {"enum": ["queued", "completed", "odd"]},
            "conclusion": ANY,
            "path": TEXT,
            "run_attempt": {"type": "integer"},
        },
    }
    return {
        "type": "object",
        "properties": {
            "action": {"enum": ["opened", "completed", "requested", "created", "submitted"]},
            "installation": {
                "type": "object",
                "properties": {"id": {"enum": [installation_id]}},
            },
            "repository": repository,
            "sender": {"type": "object"},
            "ref": {"enum": ["refs/heads/main", "refs/tags/v1", ""]},
            "after": ANY,
            "commits": ANY,
            "workflow_run": run,
            "pull_request": {"type": "object"},
            "comment": {"type": "object"},
            "issue": {"type": "object"},
            "review": {"type": "object"},
            "check_run": {"type": "object"},
            "environment": ANY,
            "requested_action": {"type": "object"},
            "repositories": ANY,
        },
        "required": ["repository", "installation"],
    }


def _parameter(name: str, where: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": where, "required": True, "schema": schema}


def _operation(
    body: dict[str, Any] | None = None, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "parameters": parameters or [],
        "responses": {"default": {"description": "whatever it is"}},
    }
    if body is not None:
        made["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return made
