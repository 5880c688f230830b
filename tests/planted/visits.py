"""Bugs that would let somebody see or do what GitHub does not let them."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a login is taken for whoever has it",
        file="app/github/visits.py",
        right='        may = is_same and text_of(body, "permission") in _MAY_READ\n',
        wrong='        may = text_of(body, "permission") in _MAY_READ\n',
    ),
    Bug(
        name="what a page may show is not asked again",
        file="app/github/visits.py",
        right="KEPT: Final = timedelta(minutes=1)\n",
        wrong="KEPT: Final = timedelta(minutes=5)\n",
    ),
    Bug(
        name="a page is shown while GitHub does not answer",
        file="app/github/visits.py",
        right='raise VisitsUnavailable("GitHub does not tell what you may see.") from error\n',
        wrong="return True\n",
    ),
    Bug(
        name="pages take what decisions need",
        file="app/github/visits.py",
        right="            urgency=Urgency.LOOK,\n",
        wrong="            urgency=Urgency.DECISION,\n",
    ),
    Bug(
        name="a code is good for whoever took it",
        file="app/github/oauth.py",
        right='            "code_challenge": challenge,\n',
        wrong="",
    ),
    Bug(
        name="the token of a person stays with GitHub",
        file="app/github/oauth.py",
        right="                await self._give_back(token)\n",
        wrong="                pass\n",
    ),
    Bug(
        name="one cookie passes for another",
        file="app/web/sessions.py",
        right="    return kind.encode()\n",
        wrong='    return b""\n',
    ),
    Bug(
        name="a session never ends",
        file="app/web/sessions.py",
        right="        return (ends_at, value) if self.clock.now() < ends_at else None\n",
        wrong="        return (ends_at, value)\n",
    ),
    Bug(
        name="somebody ends the sign-in of another",
        file="app/web/sign_in.py",
        right='hmac.compare_digest(query.get("state", "").encode(), state.encode())',
        wrong="bool(state)",
    ),
    Bug(
        name="a sign-in can be ended twice",
        file="app/web/sign_in.py",
        right="        self.cookies.drop(response, _KIND)\n",
        wrong="",
    ),
    Bug(
        name="another site signs somebody out",
        file="app/web/sign_in.py",
        right='            if not is_own_form(session, form.get(CSRF_FIELD, "")):\n',
        wrong="            if not session.csrf_token:\n",
    ),
    Bug(
        name="signing in leads anywhere",
        file="app/web/sign_in.py",
        right='    return to if is_ours and not to.startswith((SIGN_IN, SIGN_OUT)) else "/"\n',
        wrong='    return to if is_ours or "://" in to else "/"\n',
    ),
    Bug(
        name="a list tells of what a secret repository began",
        file="app/web/pages.py",
        right=" for row in shown if began.get(row.id) in readable]\n",
        wrong=" for row in shown]\n",
    ),
    Bug(
        name="a page tells of what a secret repository began",
        file="app/web/pages.py",
        right="            places = {plan.origin.repository_id, plan.cause.repository_id}\n",
        wrong="            places = {plan.origin.repository_id}\n",
    ),
    Bug(
        name="what decides is read under an old name",
        file="app/github/client.py",
        right="            target = _under_id(target, access)\n",
        wrong="            target = str(target)\n",
    ),
    Bug(
        name="a no becomes a yes by a rate limit",
        file="app/github/visits.py",
        right="may, None if may else NOT_KEPT)\n",
        wrong="may)\n",
    ),
)
