"""Text to vectors to neighbours: the encoder, the store of embedded texts, the index of exemplars."""
