"""Text to vectors to neighbours: the encoder, the store of what was embedded before, the index of exemplars."""
