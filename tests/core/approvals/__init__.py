"""Who may decide, whether they have, and why."""
