"""The App itself: its installations, tokens, deliveries; people; and the OIDC issuer."""

import json
from typing import Any

from app.rehearsal.model import apps
from app.rehearsal.model.oidc import ISSUER_PATH
from app.rehearsal.model.refused import Refused, not_found
from app.rehearsal.model.state import Delivery, Installation, Team
from app.rehearsal.model.world import Flavour, World
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Shape, instant
from app.rehearsal.wire.exchange import Answer, Ask, Door, Route

REDELIVERY_DAYS = {Flavour.CLOUD: 3, Flavour.ENTERPRISE_SERVER: 7}


def get_app(ask: Ask) -> Answer:
    """Return the App that asks."""
    app = ask.world.registered_app()
    shape = people.integration(ask.world.at, app)
    return Answer(200, {**shape, "installations_count": len(ask.world.installations)})


def list_installations(ask: Ask) -> Answer:
    """Return where the App is installed."""
    app = ask.world.registered_app()
    known = list(ask.world.installations.values())
    found, headers = ask.page([people.installation(ask.world.at, app, i) for i in known])
    return Answer(200, found, headers)


def get_installation(ask: Ask) -> Answer:
    """Return one installation."""
    app = ask.world.registered_app()
    return Answer(200, people.installation(ask.world.at, app, _installation(ask)))


def create_token(ask: Ask) -> Answer:
    """Mint an installation token."""
    grant = ask.service.keyring.mint(ask.world, _installation(ask), ask.body())
    body: Shape = {
        "token": grant.token,
        "expires_at": instant(grant.expires_at),
        "permissions": dict(grant.permissions),
        "repository_selection": "all" if grant.repository_ids is None else "selected",
    }
    if grant.repository_ids is not None:
        body["repositories"] = [
            people.full_repository(ask.world.at, repository)
            for repository in apps.reachable(ask.world, grant)
        ]
    return Answer(201, body)


def revoke_token(ask: Ask) -> Answer:
    """Make the token that asks worthless."""
    assert ask.grant is not None
    ask.service.keyring.revoke(ask.grant)
    return Answer(204)


def list_repositories(ask: Ask) -> Answer:
    """Return the repositories the token reaches."""
    assert ask.grant is not None
    known = apps.reachable(ask.world, ask.grant)
    found, headers = ask.page([people.full_repository(ask.world.at, r) for r in known])
    body = {
        "total_count": len(known),
        "repositories": found,
        "repository_selection": "all" if ask.grant.repository_ids is None else "selected",
    }
    return Answer(200, body, headers)


def repository_installation(ask: Ask) -> Answer:
    """Return the installation that includes a repository."""
    found = ask.world.installation_for(ask.repository)
    if found is None:
        raise not_found()
    app = ask.world.registered_app()
    return Answer(200, people.installation(ask.world.at, app, found))


def account_installation(ask: Ask) -> Answer:
    """Return the installation of an organisation."""
    login = ask.parameters["org"].lower()
    for found in ask.world.installations.values():
        if found.account.login.lower() == login:
            app = ask.world.registered_app()
            return Answer(200, people.installation(ask.world.at, app, found))
    raise not_found()


def list_deliveries(ask: Ask) -> Answer:
    """Return the deliveries of the App's webhook, the newest first, by cursor."""
    after = ask.query.get("cursor", "").removeprefix("v1_")
    wanted = ask.query.get("status")
    known = [d for d in reversed(ask.world.deliveries.values()) if d.delivered_at is not None]
    if wanted in {"success", "failure"}:
        # A timeout has no status code, and so is neither.
        lowest, highest = (200, 399) if wanted == "success" else (400, 599)
        known = [d for d in known if lowest <= d.status_code <= highest]
    if after.isdigit():
        known = [d for d in known if d.id < int(after)]
    size = min(max(ask.number("per_page", 30), 1), 100)
    headers = {}
    if len(known) > size:
        url = f"{ask.world.at.api}/app/hook/deliveries"
        cursor = f"per_page={size}&cursor=v1_{known[size - 1].id}"
        headers["link"] = f'<{url}?{cursor}>; rel="next"'
    return Answer(200, [_delivery_item(delivery) for delivery in known[:size]], headers)


def get_delivery(ask: Ask) -> Answer:
    """Return one delivery with its whole payload."""
    delivery = _delivery(ask)
    body = {
        **_delivery_item(delivery),
        "url": "",
        "request": {
            "headers": dict(delivery.request_headers),
            "payload": json.loads(delivery.payload),
        },
        "response": {"headers": {}, "payload": delivery.response_body},
    }
    return Answer(200, body)


def redeliver(ask: Ask) -> Answer:
    """Send a delivery once more."""
    delivery = _delivery(ask)
    age = ask.world.now() - delivery.created_at
    if age.days >= REDELIVERY_DAYS[ask.world.flavour]:
        raise Refused(400, "The delivery is too old to be redelivered")
    ask.world.redeliver(delivery)
    return Answer(202, {})


def get_hook_config(ask: Ask) -> Answer:
    """Return where the App's webhooks go."""
    app = ask.world.registered_app()
    config = {
        "content_type": app.hook_content_type,
        "insecure_ssl": app.hook_insecure_ssl,
        "url": ask.world.webhook_url,
    }
    return Answer(200, {**config, "secret": "********"} if app.has_hook_secret else config)


def team_membership(ask: Ask) -> Answer:
    """Return what somebody is in a team."""
    organisation = ask.world.accounts.get(ask.parameters["org"].lower())
    team = ask.world.teams.get((ask.parameters["org"].lower(), ask.parameters["team_slug"]))
    login = ask.parameters["username"]
    role = None if team is None else _role_in(ask.world, team, login)
    if organisation is None or team is None or role is None:
        raise not_found()
    shape = people.team_membership(ask.world.at, organisation, team, login, role)
    return Answer(200, shape)


def _role_in(world: World, team: Team, login: str) -> str | None:
    """Return somebody's role in a team; members of its child teams are members, too."""
    known = {name.lower(): role for name, role in team.members.items()}
    if login.lower() in known:
        return known[login.lower()]
    children = (each for each in world.teams.values() if each.parent is team)
    return "member" if any(_role_in(world, each, login) for each in children) else None


def collaborator_permission(ask: Ask) -> Answer:
    """Return what somebody may do in a repository."""
    who = ask.world.accounts.get(ask.parameters["username"].lower())
    if who is None:
        raise not_found()
    shape = people.collaborator_permission(ask.world.at, who, role_of(ask, who.login))
    return Answer(200, shape)


def role_of(ask: Ask, login: str) -> str:
    """Return somebody's role in a repository: given, by membership, or none."""
    repository = ask.repository
    if login in repository.roles:
        return repository.roles[login]
    if login == repository.owner.login:
        return "admin"
    if login in ask.world.members.get(repository.owner.login.lower(), set()):
        return "read"
    return "none" if repository.is_private else "read"


def rate_limit(ask: Ask) -> Answer:
    """Return how much is left. Asking is free."""
    assert ask.grant is not None
    now = ask.world.now()
    window = ask.world.limits.window(ask.grant.installation.id, now)
    limit = ask.world.limits.per_hour
    core: dict[str, Any] = {
        "limit": limit,
        "used": window.used,
        "remaining": max(0, limit - window.used),
        "reset": int(window.resets_at.timestamp()),
    }
    body: dict[str, Any] = {"resources": {"core": core, "search": core}}
    return Answer(200, body if ask.version >= "2026" else {**body, "rate": core})


def versions(ask: Ask) -> Answer:
    """Return the API versions there are. An Enterprise Server describes no such endpoint."""
    if ask.world.flavour is Flavour.ENTERPRISE_SERVER:
        raise not_found()
    return Answer(200, ["2026-03-10", "2022-11-28"])


def meta(ask: Ask) -> Answer:
    """Return what the host says of itself; an Enterprise Server names its version."""
    body: Shape = {"verifiable_password_authentication": False}
    if ask.world.flavour is Flavour.ENTERPRISE_SERVER:
        body["installed_version"] = "3.19.0"
    return Answer(200, body)


def oidc_configuration(ask: Ask) -> Answer:
    """Return the discovery document of the token issuer."""
    return Answer(200, ask.service.issuer.configuration(ask.world.at))


def oidc_keys(ask: Ask) -> Answer:
    """Return the public keys of the token issuer."""
    return Answer(200, ask.service.issuer.key_set())


def oidc_token(ask: Ask) -> Answer:
    """Return the identity token of a running attempt, as a runner asks for it."""
    _, _, secret = ask.headers.get("authorization", "").partition(" ")
    run, attempt = running_attempt(ask.world, secret)
    audience = ask.query.get("audience")
    token = ask.service.issuer.mint(ask.world.at, run, attempt, audience, ask.world.now())
    return Answer(200, {"value": token})


def running_attempt(world: World, secret: str) -> Any:
    """Return the run and attempt whose runner holds this secret, while it runs."""
    parts = secret.split("-")
    if len(parts) == 4 and parts[0] == "runner" and all(part.isdigit() for part in parts[1:]):
        repository = world.repositories.get(int(parts[1]))
        run = repository.runs.get(int(parts[2])) if repository else None
        number = int(parts[3])
        if run is not None and number == run.last.number and run.last.status == "in_progress":
            return run, number
    raise Refused(401, "The token request is not from a running job")


def _installation(ask: Ask) -> Installation:
    text = ask.parameters["installation_id"]
    found = ask.world.installations.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _delivery(ask: Ask) -> Delivery:
    text = ask.parameters["delivery_id"]
    found = ask.world.deliveries.get(int(text)) if text.isdigit() else None
    if found is None:
        raise not_found()
    return found


def _delivery_item(delivery: Delivery) -> Shape:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": instant(delivery.delivered_at or delivery.created_at),
        "redelivery": delivery.is_redelivery,
        "duration": round(delivery.duration, 2),
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


R = "/repos/{owner}/{repo}"
ROUTES = (
    Route("GET", "/app", get_app, Door.APP),
    Route("GET", "/app/installations", list_installations, Door.APP),
    Route("GET", "/app/installations/{installation_id}", get_installation, Door.APP),
    Route("POST", "/app/installations/{installation_id}/access_tokens", create_token, Door.APP),
    Route("GET", "/app/hook/config", get_hook_config, Door.APP),
    Route("GET", "/app/hook/deliveries", list_deliveries, Door.APP),
    Route("GET", "/app/hook/deliveries/{delivery_id}", get_delivery, Door.APP),
    Route("POST", "/app/hook/deliveries/{delivery_id}/attempts", redeliver, Door.APP),
    Route("GET", f"{R}/installation", repository_installation, Door.APP),
    Route("GET", "/orgs/{org}/installation", account_installation, Door.APP),
    Route("DELETE", "/installation/token", revoke_token),
    Route("GET", "/installation/repositories", list_repositories),
    Route("GET", "/rate_limit", rate_limit),
    Route("GET", "/versions", versions, Door.ANYONE),
    Route("GET", "/meta", meta, Door.ANYONE),
    Route(
        "GET",
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        team_membership,
        needs=(("members", "read"),),
    ),
    Route(
        "GET",
        f"{R}/collaborators/{{username}}/permission",
        collaborator_permission,
        needs=(("metadata", "read"),),
    ),
    Route(
        "GET",
        f"{ISSUER_PATH}/.well-known/openid-configuration",
        oidc_configuration,
        Door.ANYONE,
    ),
    Route("GET", f"{ISSUER_PATH}/.well-known/jwks", oidc_keys, Door.ANYONE),
    Route("GET", f"{ISSUER_PATH}/token", oidc_token, Door.ANYONE),
)
