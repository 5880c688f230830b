"""Which parts of GitHub's OpenAPI description the tests judge by.

Signalbox and the rehearsal GitHub may only use what stands here. A path or webhook added to
either list is fetched by the next `make setup`.
"""

_REPOSITORY = "/repos/{owner}/{repo}"

PATHS = frozenset(
    {
        "/app",
        "/app/hook/config",
        "/app/hook/deliveries",
        "/app/hook/deliveries/{delivery_id}",
        "/app/hook/deliveries/{delivery_id}/attempts",
        "/app/installations",
        "/app/installations/{installation_id}",
        "/app/installations/{installation_id}/access_tokens",
        "/installation/repositories",
        "/installation/token",
        "/meta",
        "/orgs/{org}/installation",
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        "/rate_limit",
        "/versions",
        *(
            _REPOSITORY + path
            for path in (
                "",
                "/actions/jobs/{job_id}",
                "/actions/runs",
                "/actions/runs/{run_id}",
                "/actions/runs/{run_id}/attempts/{attempt_number}",
                "/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
                "/actions/runs/{run_id}/cancel",
                "/actions/runs/{run_id}/deployment_protection_rule",
                "/actions/runs/{run_id}/force-cancel",
                "/actions/runs/{run_id}/jobs",
                "/actions/runs/{run_id}/pending_deployments",
                "/actions/runs/{run_id}/rerun",
                "/actions/runs/{run_id}/rerun-failed-jobs",
                "/actions/workflows",
                "/actions/workflows/{workflow_id}",
                "/actions/workflows/{workflow_id}/dispatches",
                "/actions/workflows/{workflow_id}/runs",
                "/branches/{branch}",
                "/check-runs",
                "/check-runs/{check_run_id}",
                "/check-runs/{check_run_id}/annotations",
                "/collaborators/{username}/permission",
                "/commits",
                "/commits/{commit_sha}/pulls",
                "/commits/{ref}",
                "/commits/{ref}/check-runs",
                "/commits/{ref}/check-suites",
                "/compare/{basehead}",
                "/contents/{path}",
                "/deployments",
                "/dispatches",
                "/environments",
                "/environments/{environment_name}",
                "/git/blobs/{file_sha}",
                "/git/matching-refs/{ref}",
                "/git/ref/{ref}",
                "/git/refs",
                "/git/refs/{ref}",
                "/git/trees/{tree_sha}",
                "/installation",
                "/issues",
                "/issues/comments/{comment_id}",
                "/issues/{issue_number}",
                "/issues/{issue_number}/comments",
                "/issues/{issue_number}/labels",
                "/pulls",
                "/pulls/{pull_number}",
                "/pulls/{pull_number}/files",
                "/pulls/{pull_number}/merge",
                "/pulls/{pull_number}/reviews",
                "/pulls/{pull_number}/reviews/{review_id}/dismissals",
                "/releases",
            )
        ),
    }
)

# Beginnings of names in `x-webhooks`: each action of an event has an entry of its own.
WEBHOOKS = (
    "check-run",
    "check-suite",
    "deployment-",
    "installation",
    "issue-comment",
    "merge-group",
    "pull-request",
    "push",
    "release",
    "repository-dispatch",
    "workflow-dispatch",
    "workflow-job",
    "workflow-run",
)
