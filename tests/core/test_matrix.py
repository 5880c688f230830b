"""Matrices: the legs that GitHub Actions would make, and the keys by which we know them."""

import pytest

from app.core.definition import Strategy
from app.core.legs.matrix import CELLS_MAX, KEY_LENGTH_MAX, MatrixError, expand, legs_of
from app.core.terms import Place, Template
from app.core.values import Json, JsonObject

PLACE = Place(line=1, column=1)


def keys(
    dimensions: JsonObject, include: tuple[Json, ...] = (), exclude: tuple[Json, ...] = ()
) -> list[str]:
    """Expand and name the legs."""
    return [leg.key for leg in expand(dimensions, include, exclude)]


def test_every_combination_in_order() -> None:
    """The last dimension turns fastest; one dimension gives its texts, several are joined."""
    assert keys({"os": ["linux", "macos"]}) == ["linux", "macos"]
    assert keys({"os": ["a", "b"], "python": [3, 3.5, True]}) == [
        "a, 3",
        "a, 3.5",
        "a, true",
        "b, 3",
        "b, 3.5",
        "b, true",
    ]


def test_objects_are_known_by_name_or_id() -> None:
    """An object is called by its `name` or `id`, and otherwise by its position in the list."""
    regions: Json = [{"name": "eu", "id": 1}, {"id": 2}, {"tier": 3}, {"name": [1]}, [5]]

    assert keys({"region": regions}) == ["eu", "2", "3", "4", "5"]
    assert keys({"os": ["a", "b"], "region": [{"tier": 1}]}) == ["a, 1", "b, 1"]


def test_include_as_in_the_documentation() -> None:
    """GitHub's own example: added where nothing original is overwritten, else a leg."""
    # https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/
    # run-job-variations#example-expanding-configurations
    legs = expand(
        {"fruit": ["apple", "pear"], "animal": ["cat", "dog"]},
        [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
        [],
    )

    assert [leg.values for leg in legs] == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    assert [leg.key for leg in legs][-3:] == ["pear, dog", "banana", "banana, cat"]


def test_a_matrix_of_includes_only() -> None:
    """Each object is a leg, called by all of its values."""
    assert keys({}, ({"site": "eu", "tier": 1}, {"site": "us", "tier": 2})) == [
        "eu, 1",
        "us, 2",
    ]


def test_exclude_takes_away() -> None:
    """All that is named must be the same; true is not 1."""
    dimensions: JsonObject = {"os": ["a", "b"], "n": [1, True]}

    assert keys(dimensions, (), ({"os": "a", "n": True}, {"os": "b", "n": 1})) == [
        "a, 1",
        "b, true",
    ]
    assert keys(dimensions, (), ({"os": "a"},)) == ["b, 1", "b, true"]


@pytest.mark.parametrize("value", [1, True, "a", None, 1.5, [1], {"name": "b"}, {"tier": 1}])
def test_exclude_tells_apart_what_json_does(value: Json) -> None:
    """Whatever a value is, leaving it out takes away that one and no other."""
    others: list[Json] = [2, False, "true", "none", 2.5, [True], {"name": "c"}, {"tier": True}]
    left = keys({"x": [*others, value]}, (), ({"x": value},))

    assert left == keys({"x": others})


@pytest.mark.parametrize(
    ("dimensions", "include", "exclude", "said"),
    [
        ({"os": "linux"}, (), (), "`os` is not a list"),
        ({"os": 3}, (), (), "`os` is not a list"),
        ({"os": []}, (), (), "`os` has no values"),
        ({"os": ["a", "a"]}, (), (), "two legs are both called `a`"),
        ({"os": ["a"]}, (), ({"os": "a"},), "no combination left"),
        ({}, (), (), "no combination left"),
        ({"os": ["a"]}, (), ({"arch": "x"},), "`exclude` names `arch`"),
        ({"os": ["a"]}, ("b",), (), "each item of `include` is an object"),
        ({"n": list(range(257))}, (), (), "has 257 legs; the most is 256"),
        ({"n": list(range(CELLS_MAX + 1))}, (), (), f"more than {CELLS_MAX} combinations"),
        ({"n": ["x" * (KEY_LENGTH_MAX + 1)]}, (), (), "key is longer than"),
    ],
)
def test_matrices_that_cannot_be(
    dimensions: JsonObject, include: tuple[Json, ...], exclude: tuple[Json, ...], said: str
) -> None:
    """Each fault is told in words."""
    with pytest.raises(MatrixError) as caught:
        expand(dimensions, include, exclude)

    assert said in str(caught.value)


def test_a_matrix_from_an_expression() -> None:
    """A dimension may be what an earlier task reported; a value that is missing is a fault."""
    strategy = Strategy(
        matrix={"region": Template(value="${{ event.regions }}", place=PLACE)},
        include=(Template(value={"region": "${{ event.more }}"}, place=PLACE),),
        exclude=(Template(value={"region": "us"}, place=PLACE),),
    )

    legs = legs_of(strategy, {"event": {"regions": ["eu", "us"], "more": "ap"}})
    assert [leg.key for leg in legs] == ["eu", "ap"]
    with pytest.raises(MatrixError, match="there is no member"):
        legs_of(strategy, {"event": {}})
