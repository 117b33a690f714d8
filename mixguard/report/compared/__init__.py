"""Projections of one Comparison; without texts, none contains an answer."""
