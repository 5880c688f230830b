"""State machines: what the state that one is in waits for. `rules.machine` leads it on."""
