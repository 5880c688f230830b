"""Pages in a real browser: `make look` looks at them, in light and dark, wide and narrow."""
