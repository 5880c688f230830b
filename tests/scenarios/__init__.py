"""Each end of each example, as scenarios that users would write."""
