"""What the tests are built with, and nothing they assert."""
