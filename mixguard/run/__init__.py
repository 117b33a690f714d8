"""The document of a run, what it is made of, and the folder it lies in."""
