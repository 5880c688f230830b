"""Why tasks and orchestrations came to what they did: what each code means, for people.

A reason (`core.state`) has one of these codes and a sentence about the case at hand. The
second half of docs/reasons.md is written from here; the first is about people
(`core.approvals.reasons`). A test finds a code that is given somewhere and not explained.
"""

from collections.abc import Mapping

from app.core.approvals.reasons import Meaning

_LOOK = "Look at the workflow run; then retry the task."
_DEFINITION = "Mend the definition; the next orchestration uses it."

OUTCOMES: Mapping[str, Meaning] = {
    code: Meaning(means=means, remedy=remedy)
    for code, means, remedy in (
        # What kept a task from beginning.
        ("need-not-met", "Something that the task needs did not end as its `join` asks.", ""),
        ("condition-false", "The condition `if` does not hold.", ""),
        ("expression-failed", "An expression could not be worked out.", _DEFINITION),
        ("bad-matrix", "The matrix gives no list, or too many combinations.", _DEFINITION),
        ("leg-gone", "The matrix has no such combination any more.", ""),
        ("state-left", "The machine left the state to which the task belongs.", ""),
        ("fail-fast", "Another combination failed, and `fail-fast` is on.", ""),
        ("check-unwanted", "The wave that it checks does not bake any more.", ""),
        ("superseded",
         "Something newer took its place: a commit or a plan of the same pull request, or "
         "somebody in the concurrency group.", ""),
        ("pull-request-closed", "The pull request was closed while it was being asked about.",
         "Retry it, or open the pull request again."),
        # What GitHub, a policy or we ourselves refused.
        ("consent-missing", "The target does not let this definition in.",
         "Add the line that the message holds to `accept` there."),
        ("policy-unreadable", "The target's policy has a mistake, so that it lets nobody in.",
         "Mend the line that the message names."),
        ("policy-attempts", "The organisation's policy allows no further try.",
         "Find out why it fails; a person may retry the task."),
        ("policy-freezes", "The organisation's policy wants calendars to be open first.",
         "Wait until they open, or ask those who keep the policy."),
        ("calendar-closed", "A calendar that must be open is closed.",
         "It goes on by itself when it opens. Who has the role `override` lifts a freeze of "
         "people; who keeps the organisation's policy changes a window."),
        ("app-not-installed", "The App is not installed there.", "Install it there."),
        ("permission-missing", "The App lacks a permission; what needs it is paused.",
         "Let the App ask for it, and accept it where it is installed: it goes on by itself."),
        ("workflow-not-found", "GitHub finds no such workflow.",
         "It must be on the default branch and at the ref."),
        ("workflow-disabled", "The workflow is disabled.", "Enable it in the Actions tab."),
        ("not-dispatchable", "The workflow lacks `workflow_dispatch`.", "Add it to `on`."),
        ("unexpected-inputs", "The workflow does not declare an input that is given.",
         "Declare it there, or take it out of `with`."),
        ("input-missing", "The workflow requires an input that is not given.",
         "Give it under `with`."),
        ("bad-input", "An input has a value that the workflow does not take.",
         "Give it one that the workflow declares."),
        ("too-many-inputs", "The workflow declares more inputs than GitHub takes.",
         "Hand some over together."),
        ("environment-not-found", "The target has no environment of that name.",
         "Make it in the repository's settings, with the App's protection rule."),
        ("not-checked", "Only an expression, or GitHub itself, will tell.", ""),
        ("ref-not-found", "There is no such branch, tag or commit.", "Name one that is there."),
        ("dispatch-refused", "GitHub refused to start the workflow.", _LOOK),
        ("dispatch-outcome-unknown", "GitHub did not say whether it started the workflow run.",
         "Look at the repository's Actions tab before you retry the task."),
        ("could-not-dispatch", "GitHub did not answer for too long.", "Retry the task later."),
        ("withdrawn", "Nobody wanted it any more before it was carried out.", ""),
        ("rerun-refused", "GitHub does not run the failed jobs again.", "Retry the task."),
        ("rerun-too-old", "GitHub does not run it again after so long.", "Retry the task."),
        ("unknown-operation", "There is no such operation.", _DEFINITION),
        ("bad-argument", "An operation was given what it cannot take.", _DEFINITION),
        ("file-too-large", "The file is larger than is read.", "Read a smaller file."),
        ("file-unreadable", "The file is not what `format` says.", "Mend the file."),
        ("head-moved", "The pull request has other commits than were decided on.",
         "Decide anew on what is there now."),
        ("not-mergeable", "GitHub does not merge the pull request.",
         "Look there for conflicts and required checks."),
        ("release-exists", "There is a release of that tag.", "Choose another tag."),
        # What came of a workflow run.
        ("never-started", "No runner took it within `queue-timeout-minutes`.",
         "Look whether a runner with its labels is online."),
        ("timed-out", "It took longer than its time-out.", _LOOK),
        ("workflow-run-lost", "No workflow run of this dispatch can be found.", _LOOK),
        ("wrong-commit", "The workflow run is at another commit than was pinned.", _LOOK),
        ("job-not-succeeded", "A job of `require-jobs` did not succeed.", _LOOK),
        ("too-fast", "It succeeded in less than `min-duration`.", _LOOK),
        ("bad-outputs", "An output is missing or not what was declared.",
         "Let the workflow report what `outputs` declares."),
        ("invalid-output", "What the model put out does not fit the schema.", _LOOK),
        ("beyond-limits", "The model changed more than `limits` allows.", _LOOK),
        ("cancelled-on-github", "Somebody cancelled the workflow run on GitHub.", ""),
        ("warned", "It ended neutral or in part, and `on-warning` is `fail`.", _LOOK),
        ("check-failed", "A check of a baking wave did not pass.", _LOOK),
        ("too-many-failures", "More legs of a wave failed than `max-failures` allows.", _LOOK),
        ("wave-failed", "A wave failed, and the later ones did not begin.", _LOOK),
        ("other-wave-failed", "Another wave of the same task failed.", _LOOK),
        ("not-waiting", "The workflow run does not wait at the environment any more.", ""),
        # Gates, children and the whole.
        ("rejected", "Somebody, a rule or a policy said no at a gate.",
         "Mend what they object to, and begin anew."),
        ("bad-inputs", "A child was given inputs that it does not take.", _DEFINITION),
        ("child-unknown", "There is no such definition.",
         "It must be on its repository's default branch, without problems."),
        ("child-not-at-default-branch", "A child is named at another ref.", _DEFINITION),
        ("chain-comes-back", "An orchestration would begin one it came from.", _DEFINITION),
        ("chain-too-long", "Too many orchestrations began one another.", _DEFINITION),
        ("child-failed", "The child orchestration failed.", "Look at the child."),
        ("child-cancelled", "The child orchestration was cancelled.", ""),
        ("task-failed", "A task failed, and nothing tolerates it.", "Look at the task."),
        ("task-cancelled", "A task was cancelled.", ""),
        ("cancelled", "Somebody cancelled it.", ""),
        ("delayed", "GitHub wants us to wait before we ask it for more.",
         "It goes on by itself at the time that is told."),
        ("paused", "Somebody paused it: nothing new begins.", "Resume it."),
        ("installation-suspended", "The App is suspended where it lives; it is paused.",
         "Unsuspend the App: it goes on by itself."),
        ("installation-removed", "The App was uninstalled where it lives; it is paused.",
         "Install the App again: it goes on by itself."),
        ("repository-removed", "The App was taken off a repository it needs; it is paused.",
         "Let the App have the repository again: it goes on by itself."),
        ("skipped", "Somebody skipped the task, with a reason.", ""),
        ("rolled-back", "Somebody had what succeeded undone.", ""),
        ("undo-failed", "What was to be undone was not.", "Undo it by hand."),
        ("final-state", "The machine reached a final state.", ""),
        ("no-transition", "The state ended, and no transition leads on.", _DEFINITION),
    )
}  # fmt: skip
"""What each code means, in the order in which people meet them."""
