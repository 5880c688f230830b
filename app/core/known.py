"""A definition as a key: what is worked out about it once is found again by it."""

from app.core.definition import Definition


class Known:
    """A definition as a key: the digest of its text stands for all of it."""

    __slots__ = ("definition",)

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    def __hash__(self) -> int:
        return hash(self.definition.digest)

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Known), "nothing else is kept beside them"
        mine, its = self.definition, other.definition
        return mine is its or (mine.tasks == its.tasks and mine.machine == its.machine)
