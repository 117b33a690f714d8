"""Flagged rows read by people: what they decide, kept on disk, and what follows from it."""
