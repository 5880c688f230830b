"""Stories, laws and snapshots of the core."""
