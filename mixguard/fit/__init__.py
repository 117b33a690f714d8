"""Training code that maintainers run to build the shipped models."""
