"""The part that thinks: stories, laws and properties of values, without any world."""
