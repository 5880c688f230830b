"""The work of `end_to_end`, given to engines that others have made, for comparison.

They live in a scratch environment of their own and are no part of the tests. Each script gets
a database URL and a count, and prints how many seconds it took as JSON.
"""
