"""Speaks: everything Signalbox says to GitHub, and the reading of what GitHub says to it.

`webhooks` is pure and may be used by `web`. The rest talks over the network. This room decides
nothing about orchestrations: it carries a command out and tells what came of it.
"""
