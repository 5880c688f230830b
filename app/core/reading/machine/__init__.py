"""Reading state machines, and finding those that cannot end or stand in their own way."""
