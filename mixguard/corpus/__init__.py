"""Bytes to exchanges: the only place where rows are Python objects."""
