"""How a definition is read: from the nodes of a YAML document to checked values.

`document` holds the nodes, `words` and `happenings` the vocabulary, `reader` the questions
one may ask of a node while problems are collected, `formulas` reads expressions with the
names of `scopes`. `actions` read what a task does, `graph` tasks and how they are carried
out, `machine` states, and `whole` puts them together. `schema` says the same to editors.
`app.core.parse` joins them; nobody else needs them.
"""
