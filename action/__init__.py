"""The companion Action: it runs in other repositories and imports nothing of `app`."""
