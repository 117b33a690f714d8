"""Columns in, findings out: pure polars, seconds, no model."""
