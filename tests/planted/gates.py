"""Bugs that somebody might make in what people may do: approvals, policies, calendars."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="consent is not asked for",
        file="app/core/policy.py",
        right=(
            "    if target.lower() == origin.repository.lower():\n"
            "        return GIVEN\n"
            "    who = "
        ),
        wrong=(
            "    if target.lower() != origin.repository.lower():\n"
            "        return GIVEN\n"
            "    who = "
        ),
    ),
    Bug(
        name="whoever votes first keeps the first place that fits",
        file="app/core/approvals/matching.py",
        right="            if place not in holder or seat(holder[place], seen):\n",
        wrong="            if place not in holder:\n",
    ),
    Bug(
        name="who is excluded may approve",
        file="app/core/approvals/votes.py",
        right="    if exclusion is not None:\n",
        wrong="    if exclusion is not None and voter.is_bot:\n",
    ),
    Bug(
        name="a vote about an old commit counts",
        file="app/core/approvals/votes.py",
        right="    return is_digest and (not vote.sha or vote.sha in question.shas)\n",
        wrong="    return is_digest\n",
    ),
    Bug(
        name="an account that took over a name has its vote",
        file="app/core/approvals/votes.py",
        right="vote.user_id and voter.id and vote.user_id != voter.id:\n",
        wrong="vote.user_id and voter.id and vote.user_id < 0:\n",
    ),
    Bug(
        name="a condition that fails opens the gate",
        file="app/core/approvals/weighing.py",
        right="            code, is_met = ReasonCode.RULE_ERROR, not rule.is_enforced\n",
        wrong="            code, is_met = ReasonCode.RULE_ERROR, True\n",
    ),
    Bug(
        name="a break-glass sets the organisation's policy aside",
        file="app/core/approvals/weighing.py",
        right="        rules = tuple(rule for rule in rules if rule.policy)\n",
        wrong="        rules = ()\n",
    ),
    Bug(
        name="an edited comment goes on counting",
        file="app/core/approvals/doors.py",
        right='    if heard.action in ("edited", "deleted"):\n',
        wrong='    if heard.action in ("deleted",):\n',
    ),
    Bug(
        name="a command in a code block is carried out",
        file="app/core/approvals/visible.py",
        right="        fence = _opened(line)\n",
        wrong="        fence = _opened(line) if line == line.lstrip() else None\n",
    ),
    Bug(
        name="a CODEOWNERS rule without owners is passed over",
        file="app/core/approvals/codeowners.py",
        right=(
            "                if rule.owners:\n"
            "                    groups.setdefault(frozenset(rule.owners), []).append(path)\n"
            "                break\n"
        ),
        wrong=(
            "                if not rule.owners:\n"
            "                    continue\n"
            "                groups.setdefault(frozenset(rule.owners), []).append(path)\n"
            "                break\n"
        ),
    ),
    Bug(
        name="a policy in trial is enforced",
        file="app/core/policies/organization.py",
        right="            is_enforced = Mode.EVALUATE not in (organization.mode, rule.mode)\n",
        wrong="            is_enforced = Mode.EVALUATE is not rule.mode\n",
    ),
    Bug(
        name="a calendar opens at the first of two half past twos",
        file="app/core/calendars.py",
        right="            moment(start, zone, is_late=not is_closing),\n",
        wrong="            moment(start, zone, is_late=is_closing),\n",
    ),
    Bug(
        name="a vote is carried over into a merge group without proof",
        file="app/core/approvals/carry.py",
        right="    if fault:\n",
        wrong="    if fault and proof is None:\n",
    ),
    Bug(
        name="a merge group is let in with those before it that nobody approved",
        file="app/core/approvals/carry.py",
        right="    if not proof.is_first and not carry.ahead:\n",
        wrong="    if not proof.is_first and carry.code:\n",
    ),
    Bug(
        name="what behaves otherwise in the merge queue counts as approved",
        file="app/core/legs/carrying.py",
        right="            if value is None or value != _worked_out(term, there):\n",
        wrong="            if value is None:\n",
    ),
    Bug(
        name="a fork needs no maintainer",
        file="app/core/approvals/maintaining.py",
        right="    if not question.is_from_fork:\n",
        wrong="    if question.is_from_fork:\n",
    ),
    Bug(
        name="a check suite at a fork's commit passes for ours",
        file="app/core/routing.py",
        right="    if starts and files is None and has_to_ask(heard, covered.head_sha):\n",
        wrong="    if heard.subject.is_fork and files is None and has_to_ask(heard, None):\n",
    ),
    Bug(
        name="a gate asks about a commit that has gone",
        file="app/core/rules/superseding.py",
        right="    for where, _ in tuple(gates_of(state, name)):\n",
        wrong="    for where, _ in ():\n",
    ),
    Bug(
        name="a crowd keeps out whom a rule names",
        file="app/core/approvals/keeping.py",
        right="asks_for(question, known or Voter(login=vote.by, id=vote.user_id)):\n",
        wrong="asks_for(question, known or Voter(login='', id=vote.user_id)):\n",
    ),
    Bug(
        name="a vote that counts is let go for a later one of the same person",
        file="app/core/approvals/keeping.py",
        right="    return (min(theirs, key=lambda it: (worths[it], it in kept, it)),)\n",
        wrong="    return (min(theirs, key=lambda it: (it in kept, it)),)\n",
    ),
)
