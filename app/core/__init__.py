"""The part that thinks: plain values and functions that touch nothing."""
