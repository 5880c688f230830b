"""Stories about what Signalbox says to GitHub, and hears from it."""
