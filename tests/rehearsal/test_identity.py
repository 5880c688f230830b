"""Identity tokens of workflow runs, and the reports that they prove."""

import jwt
import pytest

from app.rehearsal import Outcome
from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio

SIGNALBOX = "http://signalbox.test"


def decoded(stage: Stage, token: str, audience: str) -> dict[str, object]:
    """Return the claims of a token, checked against the published keys."""
    keys = jwt.PyJWKSet.from_dict(stage.github.service.issuer.key_set())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    times = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=audience,
        issuer=stage.github.oidc_issuer,
        options=times,
    )


async def test_the_action_reports_before_the_run_ends() -> None:
    """A run whose script has outputs reports them with a token that says which run it is."""
    stage = Stage()
    outcome = Outcome(outputs=lambda inputs: {"image": inputs["service"]}, summary="built")
    stage.github.script(API, "build.yml", outcome)
    run_id = (await stage.dispatch()).json()["workflow_run_id"]
    await stage.github.advance(10)
    token, body = stage.receiver.reports[0]
    claims = decoded(stage, token, SIGNALBOX)
    paths = [path for path, _, _ in stage.receiver.heard]

    assert body == {"outputs": {"image": "web"}, "summary": "built"}
    assert claims["run_id"] == str(run_id)
    assert claims["run_attempt"] == "1"
    assert claims["repository_id"] == str(stage.repository.id)
    assert claims["repository"] == API
    assert str(claims["job_workflow_ref"]).endswith("build.yml@refs/heads/main")
    assert claims["sub"] == (
        f"repo:acme@{stage.repository.owner.id}/api@{stage.repository.id}:ref:refs/heads/main"
    )
    assert paths[-2:] == ["/reports", "/webhooks/github"]


async def test_a_report_is_tried_again_while_signalbox_is_in_trouble() -> None:
    """A report that meets a 503 comes again, and the run succeeds once it is taken."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(outputs={}))
    run = f"{R}/actions/runs/{(await stage.dispatch()).json()['workflow_run_id']}"
    stage.receiver.statuses = [202, 202, 202, 503, 503, 202]
    await stage.github.advance(60)

    assert len(stage.receiver.reports) == 3
    assert (await stage.ask("GET", run)).json()["conclusion"] == "success"


async def test_a_refused_report_fails_the_run() -> None:
    """A report that is refused is the failure of the step, and so of the run."""
    stage = Stage()
    stage.github.script(API, "build.yml", Outcome(outputs={}))
    run = f"{R}/actions/runs/{(await stage.dispatch()).json()['workflow_run_id']}"
    stage.receiver.statuses = [202, 202, 202, 401]
    await stage.github.advance(60)

    assert len(stage.receiver.reports) == 1
    assert (await stage.ask("GET", run)).json()["conclusion"] == "failure"


async def test_a_running_job_asks_for_its_token() -> None:
    """With the secret of its runner a job gets a token for an audience, while it runs."""
    stage = Stage()
    await stage.dispatch()
    run = stage.github.runs(API)[0]
    environ = stage.github.runner_environment(run)
    url = f"{environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=https://box"
    secret = environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    headers = {"authorization": f"bearer {secret}"}
    early = await stage.client.get(url, headers=headers)
    await stage.github.advance(2)
    answer = await stage.client.get(url, headers=headers)
    forged = await stage.client.get(url, headers={"authorization": "bearer runner-1-2-3"})

    assert early.status_code == 401
    assert decoded(stage, answer.json()["value"], "https://box")["run_id"] == str(run.id)
    assert forged.status_code == 401


async def test_the_issuer_is_discovered() -> None:
    """The discovery document leads to the keys."""
    stage = Stage()
    issuer = stage.github.oidc_issuer
    found = (await stage.client.get(f"{issuer}/.well-known/openid-configuration")).json()
    keys = (await stage.client.get(found["jwks_uri"])).json()

    assert found["issuer"] == issuer
    assert keys == stage.github.service.issuer.key_set()
