"""Stories about tokens of Actions jobs: which prove something, and to whom."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest
import respx
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core.values import RepositoryName, Sha
from app.github.oidc import IdentityError, IdentityVerifier, RunIdentity
from tests.github.wire import NOON, Clock, rsa_key

pytestmark = pytest.mark.anyio

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "https://signalbox.test"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
KEYS = f"{ISSUER}/.well-known/jwks"


@dataclass
class Issuer:
    """The verifier, and the issuer that answers it."""

    verifier: IdentityVerifier
    router: respx.MockRouter
    clock: Clock = field(default_factory=Clock)

    def fetched(self) -> int:
        return len([c for c in self.router.calls if str(c.request.url) == KEYS])


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """GitHub's issuer with one key."""
    router = respx.MockRouter(assert_all_called=False)
    router.get(DISCOVERY).respond(json={"issuer": ISSUER, "jwks_uri": KEYS})
    router.get(KEYS).respond(json={"keys": [jwk("one")]})
    clock = Clock()
    verifier = IdentityVerifier(
        issuer=ISSUER,
        audience=AUDIENCE,
        clock=clock,
        http=httpx.MockTransport(router.async_handler),
    )
    yield Issuer(verifier, router, clock)
    await verifier.aclose()


def jwk(kid: str) -> dict[str, Any]:
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(
        rsa_key().public_key(), as_dict=True
    )
    return {**public, "kid": kid, "use": "sig", "alg": "RS256"}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(NOON.timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "repo:evil/repo:ref:refs/heads/main",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "repository": "acme/api",
        "repository_id": "42",
        "run_id": "9007199254740993",
        "run_attempt": "2",
        "workflow_ref": "acme/api/.github/workflows/deploy.yml@refs/heads/main",
        "sha": "a" * 40,
        "actor": "ann",
        "event_name": "workflow_dispatch",
        **changes,
    }


def signed(kid: str = "one", **changes: Any) -> str:
    without = [name for name, value in changes.items() if value is None]
    said = {name: v for name, v in claims(**changes).items() if name not in without}
    return jwt.encode(said, rsa_key(), algorithm="RS256", headers={"kid": kid})


async def test_a_token_of_github_names_an_attempt(issuer: Issuer) -> None:
    """A good token gives the ids of its repository, workflow run and attempt, as numbers."""
    identity = await issuer.verifier.verify(signed())

    assert identity == RunIdentity(
        repository_id=42,
        repository=RepositoryName("acme/api"),
        run_id=9007199254740993,
        run_attempt=2,
        workflow_ref="acme/api/.github/workflows/deploy.yml@refs/heads/main",
        sha=Sha("a" * 40),
        actor="ann",
        event_name="workflow_dispatch",
    )


NOW = int(NOON.timestamp())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://evil.test"}, "wrong-issuer"),
        ({"iss": f"{ISSUER}/"}, "wrong-issuer"),
        ({"aud": "https://github.com/acme"}, "wrong-audience"),
        ({"aud": f"{AUDIENCE}/"}, "wrong-audience"),
        ({"exp": NOW - 61}, "expired"),
        ({"nbf": NOW + 61}, "not-yet-valid"),
        ({"exp": "later"}, "bad-token"),
        ({"exp": None}, "bad-token"),
        ({"aud": None}, "bad-token"),
        ({"repository_id": None}, "missing-claims"),
        ({"run_id": None}, "missing-claims"),
        ({"run_attempt": "0"}, "missing-claims"),
        ({"run_id": "12x"}, "missing-claims"),
        ({"run_id": True}, "missing-claims"),
        ({"run_id": "٤٢"}, "missing-claims"),
    ],
)
async def test_a_token_that_claims_something_else_proves_nothing(
    issuer: Issuer, changes: dict[str, Any], code: str
) -> None:
    """Issuer, audience, times and ids must all be as they should."""
    with pytest.raises(IdentityError) as caught:
        await issuer.verifier.verify(signed(**changes))

    assert caught.value.code == code


def unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'one'})}.{part(claims())}."


def signed_with_the_public_key() -> str:
    return jwt.encode(claims(), "x" * 64, algorithm="HS256", headers={"kid": "one"})


def signed_by_another() -> str:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(), other, algorithm="RS256", headers={"kid": "one"})


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        signed_with_the_public_key,
        signed_by_another,
        lambda: "",
        lambda: "a.b.c",
        lambda: "é" * 20,
        lambda: "x" * 20_000,
        lambda: signed()[:-6] + "AAAAAA",
        lambda: jwt.encode(claims(), rsa_key(), algorithm="RS256"),
    ],
)
async def test_a_forged_token_proves_nothing(issuer: Issuer, forge: Any) -> None:
    """What is not signed by the issuer's key, with the issuer's algorithm, is refused."""
    with pytest.raises(IdentityError) as caught:
        await issuer.verifier.verify(forge())

    assert caught.value.code in {"malformed-token", "bad-token"}


async def test_keys_are_fetched_once_and_kept_for_an_hour(issuer: Issuer) -> None:
    """The issuer is asked for its keys again only when they are old."""
    for minutes in (0, 1, 61):
        issuer.clock.go(minutes=minutes)
        now = int(issuer.clock.now().timestamp())
        await issuer.verifier.verify(signed(exp=now + 300, nbf=now))

    assert issuer.fetched() == 2


async def test_a_new_key_is_found_but_not_hunted_for(issuer: Issuer) -> None:
    """An unknown key makes us look once, not for each token; then the new one is known."""
    await issuer.verifier.verify(signed())
    issuer.router.get(KEYS).respond(json={"keys": [jwk("one"), jwk("two")]})
    for _ in range(3):
        with pytest.raises(IdentityError, match="unknown key"):
            await issuer.verifier.verify(signed("two"))
    issuer.clock.go(seconds=31)
    await issuer.verifier.verify(signed("two"))

    assert issuer.fetched() == 2


@pytest.mark.parametrize(
    ("discovery", "keys"),
    [
        (httpx.Response(503), None),
        (httpx.Response(200, text="<html>"), None),
        (httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": "https://evil.test/k"}), None),
        (httpx.Response(200, json={"issuer": "https://evil.test", "jwks_uri": KEYS}), None),
        (None, httpx.Response(302, headers={"location": "https://evil.test/k"})),
        (
            None,
            httpx.Response(200, json={"keys": [7, {"kty": "oct", "k": "AA", "kid": "one"}]}),
        ),
        (None, httpx.Response(200, content=b" " * 300_000)),
    ],
)
async def test_an_issuer_in_trouble_proves_nothing(
    issuer: Issuer, discovery: httpx.Response | None, keys: httpx.Response | None
) -> None:
    """Keys come from the issuer's own host or not at all, and it may be tried again later."""
    if discovery is not None:
        issuer.router.get(DISCOVERY).mock(return_value=discovery)
    if keys is not None:
        issuer.router.get(KEYS).mock(return_value=keys)
    for _ in range(2):
        with pytest.raises(IdentityError) as caught:
            await issuer.verifier.verify(signed())

        assert caught.value.code == "issuer-unavailable"


@pytest.mark.parametrize("issuer_url", ["http://example.test", "ftp://example.test", "x"])
def test_an_issuer_is_reached_safely(issuer_url: str) -> None:
    """Only https will do, except on this machine."""
    with pytest.raises(ValueError, match="https"):
        IdentityVerifier(issuer=issuer_url, audience=AUDIENCE, clock=Clock())


def test_an_issuer_on_this_machine_may_speak_plainly() -> None:
    """The rehearsal GitHub and development need no certificates."""
    assert IdentityVerifier(issuer="http://127.0.0.1:9", audience=AUDIENCE, clock=Clock())
