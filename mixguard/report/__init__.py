"""Projections of one Audit; corpus text is in them only with `--show-text`."""
