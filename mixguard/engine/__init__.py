"""Engines: where the map step runs."""
