"""Checking a refusal bank, and letting it grow."""
