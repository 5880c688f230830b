"""The rehearsal GitHub: does it behave, and does it speak, as the real one does?"""
