"""Bugs that somebody might make at the edges: setup, doctor, templates, broken connections."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a connection that the server has closed is handed out",
        file="app/store/sql/postgres.py",
        right="    if connection.driver_connection.is_closed():\n",
        wrong="    if connection.driver_connection is None:\n",
    ),
    Bug(
        name="a delivery that meets a break is refused",
        file="app/store/inbox.py",
        right="            if loop.time() >= until:\n",
        wrong="            if loop.time() >= 0:\n",
    ),
    Bug(
        name="an Enterprise Server is looked through for three days only",
        file="app/repair/__init__.py",
        right="            reach=ages.again,\n",
        wrong="",
    ),
    Bug(
        name="whoever knows no state registers an App",
        file="app/cli/setup_desk.py",
        right='        if not _is_same(request.query_params.get("state", ""), self.state):\n',
        wrong='        if not request.query_params.get("state", ""):\n',
    ),
    Bug(
        name="the private key of the App is open to all",
        file="app/cli/settings_files.py",
        right="os.open(path, flags, 0o600)",
        wrong="os.open(path, flags, 0o644)",
    ),
    Bug(
        name="an event that the App does not hear of is not told",
        file="app/cli/diagnosing.py",
        right="    missing = [each for each in EVENTS if each.name not in heard]\n",
        wrong="    missing = [it for it in EVENTS if it.optional and it.name not in heard]\n",
    ),
    Bug(
        name="a pull request is asked for again and again",
        file="app/cli/offering_templates.py",
        right="        retry=None,\n",
        wrong="        retry=3,\n",
    ),
    Bug(
        name="garbage is looked for in a rush",
        file="app/interpreter.py",
        right="        if used() - before > look * QUIET:\n",
        wrong="        if used() < before:\n",
    ),
    Bug(
        name="bytes begin where those of the row before end",
        file="app/store/sql/lists.py",
        right="accumulate(sizes, initial=1)",
        wrong="accumulate(sizes, initial=0)",
    ),
    Bug(
        name="what was asked for again is ticked off for good",
        file="app/store/sql/commands.py",
        right="sa.case((_IS_AGAIN, commands.c.status), else_=",
        wrong="sa.case((sa.false(), commands.c.status), else_=",
    ),
    Bug(
        name="a command is handed over without its state",
        file="app/courier/__init__.py",
        right="states.get(OrchestrationId(claimed.subject)) if is_fresh else None\n",
        wrong="None\n",
    ),
    Bug(
        name="a state that was saved long ago counts as what is so now",
        file="app/courier/__init__.py",
        right="        is_fresh = self._clock.now() - begun_at < STATE_KEPT\n",
        wrong="        is_fresh = begun_at is not None\n",
    ),
    Bug(
        name="who asks for more than others have gets nothing",
        file="app/store/sql/__init__.py",
        right="            but = self._holding.passed_over()\n",
        wrong="            but = frozenset[str]()\n",
    ),
    Bug(
        name="of two who ask a file at once both get the same",
        file="app/store/sql/holding.py",
        right="[each for each in found if each.id not in self._under_way]",
        wrong="list(found)",
    ),
    Bug(
        name="what is not given back nobody gets again",
        file="app/store/sql/__init__.py",
        right="                self._holding.give_back(ids, held)\n",
        wrong="                pass\n",
    ),
    Bug(
        name="nothing is decided while a batch is written",
        file="app/engine/__init__.py",
        right="            group.create_task(self._work_off(None))\n",
        wrong="",
    ),
    Bug(
        name="what somebody else has by now is given back, too",
        file="app/store/sql/holding.py",
        right="                if those.get(each) is held:\n",
        wrong="                if each in those:\n",
    ),
)
