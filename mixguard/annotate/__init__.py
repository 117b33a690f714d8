"""Annotators: a batch of exchanges in, new columns out."""
