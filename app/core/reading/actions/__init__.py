"""Reading what a task does: one file for each kind of action."""
