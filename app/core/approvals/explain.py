"""A tree of findings as Markdown: what `/why` answers, and a check or a page may show.

What strangers wrote in it (reasons, options, names of policies) is shown as it is written and
does nothing: it mentions nobody, and no markup of theirs breaks out.
"""

from collections.abc import Iterator

from app.core.approvals.reasons import Finding
from app.core.telling.markdown import plain, prose

LINES_MAX = 200
"""Lines of one explanation; a gate with more branches is read on its page."""

COULD_MAX = 10


def explained(finding: Finding) -> str:
    """Write a tree as a list in Markdown, each line with its code."""
    lines = list(_lines(finding, 0))
    left = len(lines) - LINES_MAX
    return "\n".join([*lines[:LINES_MAX], *([f"- and {left} more"] if left > 0 else [])])


def _lines(finding: Finding, depth: int) -> Iterator[str]:
    mark = "✓" if finding.is_met else "✗"
    text = f"{'  ' * depth}- {mark} {prose(finding.sentence)} (`{finding.code}`)"
    if finding.could and not finding.is_met:
        named = [plain(name) for name in finding.could[:COULD_MAX]]
        more = len(finding.could) - COULD_MAX
        named += [f"{more} more"] if more > 0 else []
        text += f". Who could: {', '.join(named)}"
    yield text
    for child in finding.children:
        yield from _lines(child, depth + 1)
