"""What people read, worked out from a state: each part of the texts that `summary` joins."""
