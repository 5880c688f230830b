"""What the page of an orchestration shows: the same words as the check, and more room."""
