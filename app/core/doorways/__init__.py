"""From what people say to what orchestrations hear: which ones are meant, who may, the answer.

`approvals.doors` reads a delivery, `words` keeps the lines that ask for something, `aiming`
finds what they are about, `responding` decides, and `explaining` says why things are so.
"""
