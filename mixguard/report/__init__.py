"""Projections of one Audit; without `--show-text`, none contains corpus text."""
