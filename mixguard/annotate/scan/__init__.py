"""Scanners that read the code in answers. They are run on the few rows that a cheap expression lets through."""
