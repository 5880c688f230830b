"""The world in which a scenario is lived: its places, its workflow runs, its trouble."""
