"""The picture of the states is drawn from the tables, and is up to date."""

from app.core.moves import MOVES
from tests.kit import docs


def test_the_picture_of_the_states_is_what_the_tables_say() -> None:
    """`make docs` would change nothing."""
    assert docs.STATE.read_text(encoding="utf-8") == docs.state_document()


def test_the_picture_holds_every_move() -> None:
    """Every move of a leg is an arrow."""
    document = docs.state_document()

    arrows = [f"    {one} --> {other}\n" for one, others in MOVES.items() for other in others]
    assert [arrow for arrow in arrows if arrow not in document] == []
