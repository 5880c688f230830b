"""The work of `end_to_end`, given to engines that others have made, for comparison.

They live in a scratch environment of their own and are no part of the tests. Each script gets
a database URL, how many events and how many callers, and prints how many seconds it took as
JSON. Those called `work` do the same work as we do (`same_work`), as the documentation of
their engine recommends and as fast as we could make it; those called `bare` hardly any.
"""
