"""The first half of a decision: each kind of fact, written into the state."""
