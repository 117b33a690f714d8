"""People's own data: checking and growing taxonomies and refusal banks."""
