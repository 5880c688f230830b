"""State turned into the JSON that GitHub sends, in answers and in webhooks alike."""
