"""Who may decide, whether they have, and why: the one engine behind every door.

Read in this order: `reasons` (the codes, and the tree that explains), `people`, `codeowners`,
`matching`, `question`, `votes`, `decide`, `roles`. Nothing here asks anybody anything: what
is known of people, plans and files is handed in.
"""
