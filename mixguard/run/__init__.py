"""The document of a run, its parts, and the run folder."""
