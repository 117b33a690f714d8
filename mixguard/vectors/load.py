"""Load the configured encoder and vector store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mixguard.config import Config, EncodeConfig
from mixguard.files import cache_folder
from mixguard.vectors.base import Encoder
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.store import VectorStore


def open_store(config: Config, encoder: Encoder | None = None) -> VectorStore:
    """The vector store of the given encoder, by default the configured one."""
    encoder = encoder or load_encoder(config.encode, overlap=config.judge.window_overlap)
    return VectorStore.open(cache_folder(config.encode.cache), encoder)


def load_encoder(config: EncodeConfig, *, overlap: int) -> Encoder:
    """The configured encoder, on the configured device.

    Raises:
        UsageError: the model or device is not available.
    """
    asked = Asked(config, "cpu" if config.model == "hash" else _device(config.device), overlap)
    return next(kind.load(asked) for kind in ENCODERS.values() if kind.serves(asked))


class Asked(NamedTuple):
    """The request for an encoder."""

    config: EncodeConfig
    device: str
    overlap: int


class EncoderKind(NamedTuple):
    """One kind of encoder."""

    serves: Callable[[Asked], bool]
    load: Callable[[Asked], Encoder]
    example: Mapping[str, str]
    """Options that select it."""


def _openvino(asked: Asked) -> Encoder:
    from mixguard.vectors.openvino import OpenVinoEncoder

    return OpenVinoEncoder.load(cache_folder(asked.config.cache), overlap=asked.overlap)


def _sentence(asked: Asked) -> Encoder:
    from mixguard.vectors.sentence import SentenceEncoder

    model, precision, offline = asked.config.model, asked.config.precision, asked.config.offline
    half = asked.device == "cuda" and precision == "auto"
    return SentenceEncoder.load(model, device=asked.device, half=half, offline=offline, overlap=asked.overlap)


def _on_cpu(asked: Asked) -> bool:
    return (asked.config.model, asked.config.precision, asked.device) == ("bundled", "auto", "cpu")


ENCODERS: dict[str, EncoderKind] = {
    "hash": EncoderKind(
        lambda asked: asked.config.model == "hash", lambda _: HashEncoder(), {"model": "hash"}
    ),
    "openvino": EncoderKind(_on_cpu, _openvino, {"device": "cpu"}),
    "sentence": EncoderKind(lambda _: True, _sentence, {"device": "cpu", "precision": "float32"}),
}
"""The first that serves a request is used."""


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    # Importing torch takes seconds, so do it only if there is a GPU driver.
    from mixguard.vectors.devices import has_gpu

    return "cuda" if has_gpu() else "cpu"
