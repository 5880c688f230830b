"""Bugs that somebody might make in what a question is about, and in what was said at it."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="a comment that was changed before its vote was used goes on counting",
        file="app/core/recording/votes.py",
        right="        votes = withdraw(votes, reference)\n",
        wrong="        votes = withdraw(votes, str(survey.at))\n",
    ),
    Bug(
        name="a dismissed review that is heard again is another vote",
        file="app/core/recording/votes.py",
        right="digest=known.digest, is_withdrawn=known.is_withdrawn)\n",
        wrong="digest=known.digest)\n",
    ),
    Bug(
        name="the same vote without a comment or review is heard twice",
        file="app/core/recording/votes.py",
        right="    return same == known\n",
        wrong="    return same == known and vote.reference != ''\n",
    ),
    Bug(
        name="a secret is shown by what has changed",
        file="app/core/telling/differences.py",
        right="    if MASK in was.shown + is_now.shown or was.shown == is_now.shown:\n",
        wrong="    if was.shown == is_now.shown + MASK:\n",
    ),
    Bug(
        name="a question is compared with one that nobody voted on",
        file="app/core/legs/posing.py",
        right="    return posed.parts if posed.is_voted or posed.before is None else",
        wrong="    return posed.parts if True or posed.before is None else",
    ),
    Bug(
        name="what is tried again counts as gone while it goes on",
        file="app/core/legs/posing.py",
        right="        parts = {**kept, **parts}\n",
        wrong="        parts = {**parts}\n",
    ),
)
