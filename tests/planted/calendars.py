"""Bugs that somebody might make in what calendars, environments and files hold back."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a run is let go while a calendar is closed",
        file="app/core/rules/environments.py",
        right="    if closed is None:\n",
        wrong="    if closed is None or word.answer:\n",
    ),
    Bug(
        name="a run that is found to wait is answered twice",
        file="app/core/recording/environments.py",
        right="    if run.outcome != REFUSED:\n",
        wrong='    if run.outcome == "gone":\n',
    ),
    Bug(
        name="a freeze holds no call up that writes",
        file="app/github/operations/desk.py",
        right="        if objection is not None:\n            raise Refusal(objection.code",
        wrong=(
            "        if objection is not None and not objection.calendars:\n"
            "            raise Refusal(objection.code"
        ),
    ),
    Bug(
        name="a dispatch is refused for what has been mended meanwhile",
        file="app/github/workflow_files.py",
        right="holds=lambda it: _fault(command, it, most) is None,",
        wrong="holds=lambda it: True,",
    ),
    Bug(
        name="a missing environment keeps nothing back",
        file="app/github/known_environments.py",
        right="        if is_there:",
        wrong="        if not is_there:",
    ),
)
