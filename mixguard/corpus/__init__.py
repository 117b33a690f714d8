"""From bytes to exchanges: the only package that handles rows as Python objects."""
