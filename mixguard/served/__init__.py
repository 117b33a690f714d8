"""A model behind an OpenAI-compatible API: asked over HTTP, its replies bounded and taken as hostile."""
