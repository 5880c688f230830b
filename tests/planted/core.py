"""Bugs that somebody might make in the core: graphs, attempts, places, undoing."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a stale attempt is believed",
        file="app/core/recording/attempts.py",
        right="        return event.run_attempt < attempt.run_attempt\n",
        wrong="        return False\n",
    ),
    Bug(
        name="max-parallel is ignored",
        file="app/core/rules/dispatching.py",
        right="        if is_new and places <= 0:\n",
        wrong="        if is_new and places <= -99:\n",
    ),
    Bug(
        name="fail-fast is ignored",
        file="app/core/rules/ending.py",
        right="strategy is None or not strategy.fail_fast or strategy.waves:\n",
        wrong="strategy is None or strategy.fail_fast or strategy.waves:\n",
    ),
    Bug(
        name="a condition is not looked at",
        file="app/core/rules/beginning.py",
        right=(
            "        if definition.condition and not "
            "evaluate_condition(definition.condition, values):\n"
        ),
        wrong=(
            "        if definition.condition and "
            "evaluate_condition(definition.condition, {}):\n"
        ),
    ),
    Bug(
        name="a failed need does not stop what needs it",
        file="app/core/rules/joining.py",
        right="def _is_not_passed(task: Task) -> bool:\n    return not task.is_passed\n",
        wrong="def _is_not_passed(task: Task) -> bool:\n    return not task.legs\n",
    ),
    Bug(
        name="an older status is believed after a newer one",
        file="app/core/recording/attempts.py",
        right=(
            "    return status is attempt.run_status or RANK[status] < "
            "RANK[attempt.run_status]\n"
        ),
        wrong="    return status is attempt.run_status\n",
    ),
    Bug(
        name="outputs are not type-checked",
        file="app/core/legs/outcome.py",
        right="        fault = check_value(declaration, value)\n",
        wrong="        fault = None\n",
    ),
    Bug(
        name="a workflow run that takes too long is left alone",
        file="app/core/rules/ending.py",
        right="        if deadline(leg.attempt, definition) <= now:\n",
        wrong="        if deadline(leg.attempt, definition) <= now and leg.is_tolerated:\n",
    ),
    Bug(
        name="a workflow run at another commit is accepted",
        file="app/core/legs/outcome.py",
        right="    if is_sha(attempt.ref) and attempt.head_sha != attempt.ref:\n",
        wrong="    if is_sha(attempt.ref) and attempt.head_sha is None:\n",
    ),
    Bug(
        name="outputs that waited parked are not waited for",
        file="app/core/legs/outcome.py",
        right="    return is_lacking and now < attempt.known_at + OUTPUTS_GRACE\n",
        wrong="    return is_lacking and now < attempt.known_at\n",
    ),
    Bug(
        name="a silent workflow run is never looked up",
        file="app/core/rules/following.py",
        right="due_look_up(leg.attempt, definition)) is None or due > now:\n",
        wrong="due_look_up(leg.attempt, definition)) is None or due != now:\n",
    ),
    Bug(
        name="a marker in any workflow run's title is believed",
        file="app/core/hearing/observing.py",
        right='    if facts.event != "workflow_dispatch":\n        return None\n    found = ',
        wrong='    if facts.event == "":\n        return None\n    found = ',
    ),
    Bug(
        name="a place is never given back",
        file="app/core/rules/dispatching.py",
        right="        decision = leave_seat(_without_passages(state, holder), holder)\n",
        wrong="        decision = Decision(state=_without_passages(state, holder))\n",
    ),
    Bug(
        name="a leg begins before it has its place",
        file="app/core/rules/dispatching.py",
        right="    if seat is not None and seat.granted_at is None:\n",
        wrong="    if seat is not None and seat.position > 1:\n",
    ),
    Bug(
        name="the place of the whole is never given back",
        file="app/core/rules/whole.py",
        right="    left = leave_seat(state, WHOLE)\n",
        wrong="    left = Decision(state=replace(state, seats={}))\n",
    ),
    Bug(
        name="a closed calendar is ignored",
        file="app/core/rules/dispatching.py",
        right="    if not all(each.is_open for each in passages):\n",
        wrong="    if not all(each.told_at for each in passages):\n",
    ),
    Bug(
        name="what a calendar said long ago is relied upon",
        file="app/core/rules/dispatching.py",
        right="now - (each.told_at or each.asked_at) > PASSAGE_FRESH for",
        wrong="now - (each.told_at or each.asked_at) > PASSAGE_FRESH * 9_999 for",
    ),
    Bug(
        name="a retry goes beyond the maximum",
        file="app/core/legs/retrying.py",
        right="    if len(leg.attempts) - leg.spent >= retry.max_attempts:\n",
        wrong="    if len(leg.attempts) - leg.spent > retry.max_attempts:\n",
    ),
    Bug(
        name="people do not start the count of attempts anew",
        file="app/core/rules/beginning.py",
        right="        spent=len(leg.attempts),\n",
        wrong="        spent=leg.spent,\n",
    ),
    Bug(
        name="jitter is drawn differently on replay",
        file="app/core/legs/retrying.py",
        right='hashlib.sha256(f"{marker}/{tries}".encode())',
        wrong='hashlib.sha256(f"{id(object())}/{id(backoff)}".encode())',
    ),
    Bug(
        name="failed jobs that people asked for are run again instead of all",
        file="app/core/rules/dispatching.py",
        right='retry.scope == "all" or len(leg.attempts) <= leg.spent:\n',
        wrong='retry.scope == "all" or not leg.attempts:\n',
    ),
    Bug(
        name="compensation runs in forward order",
        file="app/core/legs/undoing.py",
        right="    return tuple(name for _, _, name in sorted(found, reverse=True))\n",
        wrong="    return tuple(name for _, _, name in sorted(found))\n",
    ),
    Bug(
        name="what was undone is not done again",
        file="app/core/recording/reopening.py",
        right="        if task.is_undone:\n",
        wrong="        if task.is_undone and task.is_stale:\n",
    ),
    Bug(
        name="a good end that somebody wants rolled back stays",
        file="app/core/rules/compensating.py",
        right="        if state.wish is not None:\n",
        wrong="        if state.wish is _O.SUCCEEDED:\n",
    ),
    Bug(
        name="a paused orchestration dispatches",
        file="app/core/rules/dispatching.py",
        right="    if state.tasks[name].status is not TaskStatus.RUNNING or is_held(state):\n",
        wrong="    if state.tasks[name].status is not TaskStatus.RUNNING:\n",
    ),
    Bug(
        name="join any is treated as all",
        file="app/core/rules/joining.py",
        right='            return "begin" if over or not needs else "wait"\n',
        wrong='            return "begin" if is_over else "wait"\n',
    ),
    Bug(
        name="an error in a condition lets a task begin",
        file="app/core/rules/beginning.py",
        right="TaskStatus.FAILED, reason, now)\n    except MatrixError",
        wrong="TaskStatus.SUCCEEDED, reason, now)\n    except MatrixError",
    ),
    Bug(
        name="an error in `auto` opens a gate",
        file="app/core/legs/asking.py",
        right="        return False, str(error)\n",
        wrong="        return True, str(error)\n",
    ),
    Bug(
        name="a rejection is a success",
        file="app/core/legs/gates.py",
        right="    if action.is_no(gate.choice):\n",
        wrong="    if action.is_no(gate.by):\n",
    ),
    Bug(
        name="a re-run of what had ended is not heard",
        file="app/core/recording/attempts.py",
        right="workflow_run_id is None or event.run_attempt <= attempt.run_attempt:\n",
        wrong="workflow_run_id is None or event.run_attempt > 0:\n",
    ),
    Bug(
        name="a skipped task's dependents stay skipped when it is tried again",
        file="app/core/recording/reopening.py",
        right="        if (task.status is TaskStatus.SKIPPED and is_unmet) or never_ran:\n",
        wrong="        if never_ran:\n",
    ),
    Bug(
        name="a child that takes too long is left alone",
        file="app/core/rules/following.py",
        right="        if attempt.child is not None:\n            why = ",
        wrong="        if attempt.child == where:\n            why = ",
    ),
    Bug(
        name="an answer to an earlier attempt counts for the re-run",
        file="app/core/recording/attempts.py",
        right="isinstance(event, _ANSWERS) and event.attempt.number != attempt.number\n",
        wrong="isinstance(event, _ANSWERS) and event.attempt.number > attempt.number\n",
    ),
    Bug(
        name="the end is told twice",
        file="app/core/rules/whole.py",
        right="    return Decision(state=left.state, commands=(*left.commands, told))\n",
        wrong="    return Decision(state=left.state, commands=(*left.commands, told, told))\n",
    ),
    Bug(
        name="what is heard too late still lets something begin",
        file="app/core/decide.py",
        right="    expired = expire(recorded, event.at)\n",
        wrong="    expired = None\n",
    ),
    Bug(
        name="the rule that ends a task is not asked while people are",
        file="app/core/rules/__init__.py",
        right="    TaskRule(apply=finish_task, tasks=_GOING, legs=LEG_ENDED),\n",
        wrong="    TaskRule(apply=finish_task, tasks=_RUNNING, legs=LEG_ENDED),\n",
    ),
    Bug(
        name="a payload that was not taken apart goes into a state",
        file="app/core/planning.py",
        right="        event=dict(heard.payload),\n",
        wrong="        event=heard.payload,\n",
    ),
)
