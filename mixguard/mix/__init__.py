"""Write the mix: the corpus's own records, byte for byte, plus bank pairs in the same shape."""
