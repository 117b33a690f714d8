"""Writing the mix: a corpus's own records, byte for byte, and bank pairs that look like them."""
