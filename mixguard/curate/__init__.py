"""Check and extend your own taxonomies and refusal banks."""
