"""What the check of a commit says about the definitions that it changes."""

from dataclasses import replace

from app.core.problems import Code, Problem
from app.core.summary import summarise_problems


def test_a_definition_without_mistakes_is_fine() -> None:
    """Good news is short, and names the files."""
    text = summarise_problems({".github/orchestrations/a.yml": ()})

    assert (text.conclusion, text.title, text.annotations) == (
        "success",
        "1 definition fine",
        (),
    )
    assert "- ✅ `.github/orchestrations/a.yml` is fine" in text.summary


def test_no_definition_is_no_failure() -> None:
    """A commit that takes the last definition away is told so."""
    text = summarise_problems({})

    assert (text.conclusion, text.title) == ("success", "no definitions")
    assert text.summary == "This commit changes no definition."


def test_problems_are_told_by_file_and_line() -> None:
    """Each problem stands in the summary and beside its line, with its hint."""
    problem = Problem(
        code=Code.UNKNOWN_TASK,
        message="there is no task `buidl`",
        hint="did you mean `build`?",
        line=12,
        column=5,
    )
    bare = replace(problem, hint="", message="x" * 9_000)
    text = summarise_problems({"a.yml": (problem,), "b.yml": (), "c.yml": (bare, problem)})
    only = summarise_problems({"a.yml": (problem,)})

    assert text.conclusion == "failure"
    assert text.title == "3 problems in 2 of 3 definitions"
    assert only.title == "1 problem in 1 definition"
    assert (
        "- ❌ `a.yml` has 1 problem\n"
        "  - line 12, column 5: there is no task `buidl`"
        " — did you mean `build`? (`unknown-task`)"
    ) in only.summary
    annotation = text.annotations[0]
    assert (annotation.path, annotation.start_line, annotation.start_column) == ("a.yml", 12, 5)
    assert (annotation.level, annotation.title) == ("failure", "unknown-task")
    assert annotation.message == "there is no task `buidl`\ndid you mean `build`?"
    assert len(text.annotations[1].message) == 8_000


def test_problems_without_number_fit() -> None:
    """The summary is cut at a line; the annotations are all there."""
    problem = Problem(code=Code.BAD_NAME, message="| " * 500, hint="", line=1, column=1)
    text = summarise_problems({"a.yml": (problem,) * 500})

    assert len(text.summary) <= 65_535
    assert text.summary.endswith("more lines did not fit here; the annotations have them all.")
    assert len(text.annotations) == 500
