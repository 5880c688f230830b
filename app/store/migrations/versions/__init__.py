"""One file for each change of the tables, in order; what was published never changes."""
