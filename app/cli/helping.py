"""What help says of each command besides its options: among which it stands, and examples.

A story reads every example as the command line would, so that none outlives its options.
"""

from typing import Final, NamedTuple, TypedDict


class Shown(TypedDict):
    """What Typer takes for one command."""

    rich_help_panel: str
    epilog: str


class _About(NamedTuple):
    panel: str
    examples: tuple[str, ...]
    note: str = ""


_WRITING: Final = "While writing a definition"
_SERVING: Final = "The server and its database"
_LOOKING: Final = "What goes on, and why"
_CONTROLLING: Final = "Control"

SETTINGS: Final = (
    "Needed are GITHUB_APP_ID, GITHUB_PRIVATE_KEY or GITHUB_PRIVATE_KEY_FILE, "
    "GITHUB_WEBHOOK_SECRET and SIGNALBOX_URL; with GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET "
    "people sign in and see pages. The README lists all. What is missing or wrong is said at "
    "once."
)
SETUP: Final = (
    "It shows an address for a browser, in which you agree on GitHub, and then writes "
    "signalbox.env and signalbox.private-key.pem. Exit codes: 0 both are written; 1 GitHub "
    "refuses; 2 wrong arguments or files; 3 GitHub does not answer; 130 interrupted."
)
REHEARSAL_CODES: Final = (
    "Exit codes: 0 it ended as the scenario expects, or well where it expects nothing; 1 it "
    "did not; 2 the definition or the scenario has problems."
)
_TRAIN: Final = ".github/orchestrations/train.yml"

_COMMANDS: Final = {
    "check": _About(
        _WRITING,
        ("signalbox check", f"signalbox check {_TRAIN}", f"signalbox check {_TRAIN} --json"),
        "Without FILE those of the repository that it is called in: .github/orchestrations.",
    ),
    "plan": _About(
        _WRITING,
        (
            f"signalbox plan {_TRAIN} --input train=2026.47",
            f"signalbox plan {_TRAIN} --event payload.json --changed api/main.py",
        ),
    ),
    "rehearse": _About(
        _WRITING,
        (
            f"signalbox rehearse {_TRAIN}",
            f"signalbox rehearse {_TRAIN} --scenario good.yml",
        ),
        REHEARSAL_CODES,
    ),
    "schema": _About(_WRITING, ("signalbox schema > orchestration.schema.json",)),
    "demo": _About(_SERVING, ("signalbox demo", "signalbox demo --once")),
    "setup": _About(
        _SERVING,
        (
            "signalbox setup --url https://signalbox.acme.example --organization acme",
            "signalbox setup --url https://signalbox.acme.example --folder /etc/signalbox",
        ),
        SETUP,
    ),
    "serve": _About(_SERVING, ("PORT=8080 signalbox serve",), SETTINGS),
    "doctor": _About(
        _SERVING,
        ("signalbox doctor", "signalbox doctor --json"),
        "It reads the settings of `signalbox serve` from the environment, asks GitHub, the "
        "database and the server, and changes nothing. 0 all is well, perhaps with warnings; "
        "1 something is amiss; 2 wrong settings; 3 GitHub or the database does not answer.",
    ),
    "templates": _About(
        _SERVING,
        (
            "signalbox templates --organization acme --dry-run",
            "GITHUB_TOKEN=$(gh auth token) signalbox templates --organization acme",
        ),
        "They are what GitHub offers whoever creates a workflow, and not the templates of "
        "definitions. GITHUB_TOKEN is a token of yours; nothing is pushed to the default "
        "branch, and files of others stay as they are.",
    ),
    "migrate": _About(_SERVING, ("signalbox migrate --database sqlite:////data/signalbox.db",)),
    "backup": _About(_SERVING, ("signalbox backup /backup/signalbox-2026-11-25.db",)),
    "restore": _About(_SERVING, ("signalbox restore /backup/signalbox-2026-11-25.db --force",)),
    "inbox": _About(_SERVING, ("signalbox inbox list", "signalbox inbox retry ID")),
    "audit": _About(
        _LOOKING, ("signalbox audit verify", "signalbox audit export train#42 --to train.json")
    ),
    "list": _About(_LOOKING, ("signalbox list --open", "signalbox list --limit 10 --json")),
    "show": _About(_LOOKING, ("signalbox show train#42", "signalbox show train#42 --json")),
    "why": _About(_LOOKING, ("signalbox why train#42", "signalbox why train#42 sign_off")),
    "locks": _About(_LOOKING, ("signalbox locks",)),
    "report": _About(_LOOKING, ("signalbox report train#42 --format json",)),
    "replay": _About(
        _LOOKING,
        (
            "signalbox replay train#42",
            "signalbox replay train#42 --export train-42.jsonl",
            "signalbox replay --journal train-42.jsonl",
        ),
    ),
    "start": _About(
        _CONTROLLING,
        (
            "signalbox start train train=2026.47",
            "signalbox start acme/release/train train=2026.47 --as mona --wait 600",
        ),
    ),
    "cancel": _About(_CONTROLLING, ("signalbox cancel train#42 --reason 'the wrong train'",)),
    "pause": _About(
        _CONTROLLING, ("signalbox pause train#42 --reason 'until the fire is out'",)
    ),
    "resume": _About(_CONTROLLING, ("signalbox resume train#42",)),
    "retry": _About(
        _CONTROLLING, ("signalbox retry train#42", "signalbox retry train#42 deploy_web")
    ),
    "skip": _About(
        _CONTROLLING, ("signalbox skip train#42 smoke_test --reason 'known to be broken'",)
    ),
    "rollback": _About(_CONTROLLING, ("signalbox rollback train#42 --reason 'errors in web'",)),
    "approve": _About(
        _CONTROLLING,
        (
            "signalbox approve train#42 sign_off ticket=CHG-1 --as mona",
            "signalbox approve train#42 sign_off --override --reason 'agreed by phone'",
        ),
    ),
    "reject": _About(
        _CONTROLLING, ("signalbox reject train#42 sign_off --reason 'not today' --as mona",)
    ),
    "say": _About(
        _CONTROLLING, ("signalbox say train#42 mona '/approve sign_off ticket=CHG-1'",)
    ),
    "freeze": _About(
        _CONTROLLING,
        ("signalbox freeze acme production --until 2026-12-24T12:00Z --because Christmas",),
    ),
}

EXAMPLES: Final = tuple(each for about in _COMMANDS.values() for each in about.examples)


def about(command: str) -> Shown:
    """Return where a command stands in help, and what stands below its own."""
    found = _COMMANDS[command]
    # An empty line between two keeps Typer from making one line of them.
    lines = [*(f"$ {each}" for each in found.examples), *([found.note] if found.note else [])]
    return {"rich_help_panel": found.panel, "epilog": "\n\n".join(lines)}
