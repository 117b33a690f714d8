"""The rows of findings: chosen, told in words, written as a table or as the corpus has them."""
