"""A batch of exchanges in, new columns out."""
