"""The encoder and the vector store that a configuration names."""

from __future__ import annotations

from mixguard.config import Config, EncodeConfig
from mixguard.files import cache_folder
from mixguard.vectors.base import Encoder
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.store import VectorStore


def open_store(config: Config, encoder: Encoder | None = None) -> VectorStore:
    """The store of the configured encoder's vectors, or of the encoder that is given."""
    encoder = encoder or load_encoder(config.encode, overlap=config.judge.window_overlap)
    return VectorStore.open(cache_folder(config.encode.cache), encoder)


def load_encoder(config: EncodeConfig, *, overlap: int) -> Encoder:
    """The encoder a configuration names, on the device it names.

    Raises:
        UsageError: the model or device is not available here.
    """
    if config.model == "hash":
        return HashEncoder()
    device = _device(config.device)
    if config.model == "bundled" and device == "cpu" and config.precision == "auto":
        from mixguard.vectors.openvino import OpenVinoEncoder

        return OpenVinoEncoder.load(cache_folder(config.cache), overlap=overlap)
    from mixguard.vectors.sentence import SentenceEncoder

    half = device == "cuda" and config.precision == "auto"
    return SentenceEncoder.load(
        config.model, device=device, half=half, offline=config.offline, overlap=overlap
    )


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    # Importing torch takes seconds, so it is asked only where a driver says that there is a GPU.
    from mixguard.vectors.devices import has_gpu

    return "cuda" if has_gpu() else "cpu"
