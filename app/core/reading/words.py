"""The words of the language: which keys stand where, and what GitHub Actions' keys become.

A key that only GitHub Actions has gets the remedy that belongs to it. The words for events
are in `happenings`; what the value of each key looks like, for editors, in `shapes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    """Take a text for a set of words: tables are read more easily without the quotes."""
    return frozenset(text.split())


_NO_RUN = (
    "Signalbox runs no code: put it into a workflow of its own and start that with `dispatch`"
)
_PERMISSIONS = "the workflow that is dispatched says its own `permissions`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The keys of one place: those that are known, and those of GitHub Actions."""

    of: str
    known: frozenset[str]
    actions: Mapping[str, str] = field(default_factory=dict)


DEFINITION = Vocabulary(
    of="a definition",
    known=words(
        "version name on inputs correlate concurrency freeze timeout-minutes defaults tasks "
        "initial data states uses with outputs report-to alerts"
    ),
    actions={
        "jobs": "a definition has `tasks`; a task is not a job: it starts a whole workflow",
        "env": "write the value where it is used, or declare it in `inputs`",
        "permissions": _PERMISSIONS,
        "run-name": "`name` is what people read; each orchestration adds its number",
        "steps": _NO_RUN,
        "secrets": "the workflow that is dispatched has its own secrets",
    },
)
DEFAULTS = Vocabulary(
    of="`defaults`", known=words("retry timeout-minutes queue-timeout-minutes")
)
_EVERY_TASK = words(
    "needs if join timeout-minutes on-timeout on-failure escalate continue-on-error"
)
_WORKING = _EVERY_TASK | words("strategy retry compensate concurrency outputs on-warning with")
_WORKFLOW = _WORKING | words("ref environment require-jobs min-duration queue-timeout-minutes")
# What a task does, and the other keys that it may then have.
TASK_ACTIONS: Mapping[str, frozenset[str]] = {
    "dispatch": _WORKFLOW,
    "agent": _WORKFLOW | words("review limits on-invalid-output"),
    "approval": _EVERY_TASK,
    "wait": _EVERY_TASK,
    "orchestrate": _WORKING,
    "github": _WORKING,
    "report": _EVERY_TASK,
}
TASK = Vocabulary(
    of="a task",
    known=frozenset().union(TASK_ACTIONS, *TASK_ACTIONS.values()),
    actions={
        "uses": "`dispatch: owner/repo/.github/workflows/file.yml@ref` starts a workflow",
        "run": _NO_RUN,
        "steps": _NO_RUN,
        "runs-on": "the workflow that is dispatched says where it runs",
        "name": "the key of the task is its name",
        "secrets": "the workflow that is dispatched has its own secrets",
        "env": "hand the value over in `with`",
        "permissions": _PERMISSIONS,
        "container": "the workflow that is dispatched says what it runs in",
        "services": "the workflow that is dispatched says what it needs",
        "defaults": "the workflow that is dispatched has its own",
    },
)
STRATEGY = Vocabulary(
    of="`strategy`", known=words("matrix max-parallel fail-fast waves bake-check rollback")
)
WAVE = Vocabulary(
    of="a wave", known=words("name when percent bake max-failures max-parallel approval")
)
BAKE_CHECK = Vocabulary(
    of="`bake-check`",
    known=words("dispatch ref with environment every pass-when outputs timeout-minutes"),
)
ROLLBACK = Vocabulary(
    of="`rollback`", known=words("on scope dispatch ref with environment timeout-minutes")
)
COMPENSATE = Vocabulary(
    of="`compensate`",
    known=words("dispatch orchestrate github ref with environment timeout-minutes"),
)
RETRY = Vocabulary(of="`retry`", known=words("max-attempts when backoff scope"))
BACKOFF = Vocabulary(of="`backoff`", known=words("initial factor max jitter"))
ON_TIMEOUT = Vocabulary(of="`on-timeout`", known=words("choose"))
ESCALATION = Vocabulary(of="an escalation", known=words("after notify via"))
CONCURRENCY = Vocabulary(
    of="`concurrency`",
    known=words("group scope limit queue priority cancel-in-progress"),
)
APPROVAL = Vocabulary(
    of="an approval",
    known=words(
        "title rules exclude sources inputs options auto break-glass expires-after "
        "invalidate-on"
    ),
    actions={"environment": "an environment stands at the task that is dispatched after it"},
)
RULE = Vocabulary(of="a rule", known=words("when require"))
REQUIREMENT = Vocabulary(
    of="a requirement", known=words("teams users permission code-owners count")
)
AUTO = Vocabulary(of="`auto`", known=words("when choose"))
BREAK_GLASS = Vocabulary(of="`break-glass`", known=words("teams users reason"))
WAIT = Vocabulary(of="`wait`", known=words("for until max event when"))
LIMITS = Vocabulary(of="`limits`", known=words("max-files max-lines deny-paths"))
ON_INVALID = Vocabulary(of="`on-invalid-output`", known=words("retry then"))
AGENT_OUTPUTS = Vocabulary(of="the `outputs` of an agent", known=words("schema"))
REPORT = Vocabulary(of="`report`", known=words("format include"))
STATE = Vocabulary(
    of="a state",
    known=words(
        "tasks approval wait timeout-minutes max-visits on-max-visits escalate concurrency "
        "transitions final conclusion"
    ),
    actions={
        "needs": "states follow each other by `transitions`",
        "if": "write `when` at the transition that leads here",
    },
)
ON_MAX_VISITS = Vocabulary(of="`on-max-visits`", known=words("to"))
TRANSITION = Vocabulary(of="a transition", known=words("on when set to"))
SCHEDULE = Vocabulary(of="an entry of `schedule`", known=words("cron timezone with"))
ALERT = Vocabulary(of="an alert", known=words("when notify via"))
DECLARATION = Vocabulary(
    of="a declaration",
    known=words("type required default enum pattern description"),
    actions={
        "options": "write the choices as `enum`",
        "deprecationMessage": "say it in `description`",
        "value": "an output is reported by the workflow; here stands its `type`",
    },
)
REPORT_TO = Vocabulary(of="`report-to`", known=words("check comment issue"))

ORCHESTRATION_MEMBERS = ("id", "number", "name", "age")
CHANNELS = ("comment", "issue", "webhook")
SCOPES = ("repository", "organization")
QUEUES = ("all", "latest")
COMMENTS = ("changed", "always", "never")
CONCLUSIONS = ("success", "failure", "cancelled", "neutral")
HANDLINGS = ("fail", "continue", "ask")
TIMEOUT_WORDS = ("fail", "skip")
JITTERS = ("full", "none")
RETRY_SCOPES = ("failed-jobs", "all")
PERMISSIONS = ("write", "maintain", "admin")
EXCLUDED = ("actor", "authors", "last-pusher")
USUAL_SOURCES = ("review", "comment", "check", "page")
SOURCES = (*USUAL_SOURCES, "environment")
INVALIDATIONS = ("new-commit",)
REPORT_FORMATS = ("json", "markdown")
REPORT_PARTS = ("definition", "approvals", "attempts", "journal")
ROLLBACK_SCOPES = ("wave", "all")
INVALID_THEN = ("fail", "ask")
