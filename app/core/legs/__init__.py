"""How one leg of a task goes: what it may read, how it begins, is watched, and ends."""
