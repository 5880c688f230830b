"""Chaos: real processes that are killed, real HTTP, and a GitHub that misbehaves.

`plan` draws what happens in a round from its seed; `cast` sets the stage, `people` act on it;
`machines` runs and kills the processes; `past` lets days pass, and what is old be dropped;
`battle` plays a round and `truth` compares what Signalbox believes with what GitHub saw.
`python -m tests.chaos` plays many rounds.
"""
