"""How a definition is read: from the nodes of a YAML document to checked values.

`document` holds the nodes, `words` the vocabulary, `reader` the questions one may ask of a
node while problems are collected. `triggers`, `declarations` and `tasks` each read one part
of the file, `formulas` its expressions. `app.core.parse` joins them; nobody else needs them.
"""
