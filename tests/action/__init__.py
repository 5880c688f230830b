"""Stories of the companion Action, run as a runner runs it."""
