"""The identity tokens of workflow runs, and the keys that prove them.

https://docs.github.com/actions/reference/security/oidc
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.rehearsal.model.state import WorkflowRun
from app.rehearsal.shapes.people import Addresses

ISSUER_PATH = "/_oidc"
KEY_ID = "rehearsal-1"
TOKEN_LIVES = timedelta(minutes=5)


@lru_cache(maxsize=8)
def private_key(purpose: str) -> rsa.RSAPrivateKey:
    """Return a fresh key for one purpose, the same for the life of the process.

    Making one takes longer than a whole test, and nothing depends on its value.
    """
    assert purpose
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """Return a private key as text."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    """Return the public half of a key as text."""
    return (
        key.public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


@dataclass(slots=True)
class Issuer:
    """Who signs the identity tokens. The address is that of the rehearsal's API."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: private_key("oidc"))
    token_count: int = 0

    def url(self, at: Addresses) -> str:
        """Return the issuer as its tokens name it."""
        return at.api + ISSUER_PATH

    def configuration(self, at: Addresses) -> dict[str, Any]:
        """Return the discovery document."""
        issuer = self.url(at)
        return {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def key_set(self) -> dict[str, Any]:
        """Return the public keys."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key())
        return {"keys": [{**json.loads(public), "kid": KEY_ID, "alg": "RS256", "use": "sig"}]}

    def mint(
        self,
        at: Addresses,
        run: WorkflowRun,
        attempt: int,
        audience: str | None,
        now: datetime,
        **changed: Any,
    ) -> str:
        """Return the token of one attempt of a run. `changed` claims serve to forge one."""
        self.token_count += 1
        claims = _claims(run, attempt, self.token_count, now)
        owner_url = f"{at.web}/{run.repository.owner.login}"
        claims |= {"iss": self.url(at), "aud": audience or owner_url, **changed}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KEY_ID})


def _claims(run: WorkflowRun, attempt: int, count: int, now: datetime) -> dict[str, Any]:
    repository, made = run.repository, int(now.timestamp())
    owner = repository.owner
    workflow_ref = f"{repository.full_name}/{run.workflow.path}@{run.ref}"
    subject = f"repo:{owner.login}@{owner.id}/{repository.name}@{repository.id}:ref:{run.ref}"
    return {
        "jti": f"rehearsal-{count}",
        "sub": subject,
        "iat": made,
        "nbf": made - 300,
        "exp": made + int(TOKEN_LIVES.total_seconds()),
        "actor": run.actor.login,
        "actor_id": str(run.actor.id),
        "base_ref": "",
        "head_ref": "",
        "check_run_id": str(run.attempts[attempt - 1].job.id),
        "event_name": run.event,
        "job_workflow_ref": workflow_ref,
        "job_workflow_sha": run.head_sha,
        "ref": run.ref,
        "ref_type": "tag" if run.ref.startswith("refs/tags/") else "branch",
        "ref_protected": "false",
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": owner.login,
        "repository_owner_id": str(owner.id),
        "repository_visibility": "private" if repository.is_private else "public",
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(attempt),
        "runner_environment": "github-hosted",
        "sha": run.head_sha,
        "workflow": run.name,
        "workflow_ref": workflow_ref,
        "workflow_sha": run.head_sha,
    }
