"""How a model will be trained on the corpus, as far as it was said."""
