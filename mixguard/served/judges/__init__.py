"""Models that judge prompts and answers: how each is asked, and how its answers are read."""
