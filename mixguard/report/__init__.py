"""Projections of one Audit. None holds corpus text."""
