"""Every example comes to every one of its ends, as a scenario beside it says."""

import asyncio
from pathlib import Path
from typing import get_args

import pytest

from app.core.commands import Message
from app.core.replay import first_difference, gap_in, replay
from app.scenario import Lived, Scenario, Subject, judge, live, read_scenario, subject_of
from app.scenario import timeline as timeline_of
from tests.kit import tree

EXAMPLES = tree.ROOT / "tests" / "definitions" / "examples"
SCENARIOS = sorted(Path(__file__).parent.glob("*/*.yml"))
NAMES = [f"{each.parent.name}/{each.stem}" for each in SCENARIOS]
ROUGH = ["release-train/rolled-back", "change-approval/changes-asked-for", "incident/contained"]


def read(name: str) -> tuple[Subject, Scenario]:
    """Read a scenario and the example that it is about."""
    file = EXAMPLES / f"{name.partition('/')[0]}.yml"
    subject, problems = subject_of(file, file.read_text(encoding="utf-8"))
    assert subject is not None, problems
    path = Path(__file__).parent / f"{name}.yml"
    scenario, problems = read_scenario(path.read_text(encoding="utf-8"), subject)
    assert scenario is not None, problems
    return subject, scenario


def lived_through(name: str, *, seed: int = 0, faults: bool = False) -> Lived:
    """Live a scenario from its trigger to its end."""
    subject, scenario = read(name)
    repository = scenario.repository
    return asyncio.run(live(subject, scenario, repository=repository, seed=seed, faults=faults))


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_as_the_scenario_expects(name: str) -> None:
    """The whole of Signalbox brings it there, and its journals tell how."""
    lived = lived_through(name)

    assert judge(lived, read(name)[1]) == ()
    for past in [*([lived.main] if lived.main else []), *lived.others]:
        replayed = replay(past.state.plan, (entry.event for entry in past.journal))
        assert first_difference(replayed.state, past.state) is None
        assert gap_in([entry.seq for entry in past.journal]) is None
        stored = (it for it in replayed.commands if not isinstance(it, get_args(Message)))
        assert sorted({it.key for it in stored}) == list(past.keys)


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("name", ROUGH)
def test_trouble_on_the_way_changes_nothing(name: str, seed: int) -> None:
    """Whatever webhooks and calls go wrong, it ends as it should."""
    lived = lived_through(name, seed=seed, faults=True)

    assert judge(lived, read(name)[1]) == ()


def test_the_same_seed_takes_the_same_way() -> None:
    """Also with faults: what went wrong once goes wrong again."""
    first, second = (lived_through(ROUGH[0], seed=7, faults=True) for _ in range(2))

    assert timeline_of(first) == timeline_of(second)


def test_every_example_has_a_good_end_and_several_bad_ones() -> None:
    """There are scenarios of both kinds for each."""
    for example in sorted(EXAMPLES.glob("*.yml")):
        ends = {
            scenario.expect.conclusion
            for name in NAMES
            if name.startswith(f"{example.stem}/")
            for scenario in [read(name)[1]]
            if scenario.expect is not None
        }

        assert "success" in ends, example.stem
        assert ends & {"failure", "cancelled", "neutral"}, example.stem
