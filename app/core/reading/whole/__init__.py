"""Reading the whole of a definition: what starts it, what it does, where it is told."""
