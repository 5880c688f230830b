"""What the rehearsal GitHub knows and how it changes: plain state, no network, no asyncio."""
