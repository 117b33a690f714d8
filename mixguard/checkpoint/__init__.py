"""A model before and after tuning, looked at from inside."""
