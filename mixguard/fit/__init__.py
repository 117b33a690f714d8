"""Training: what maintainers run to make the models that are shipped."""
