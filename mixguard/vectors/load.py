"""Load the configured encoder and vector store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mixguard.config import Config, EncodeConfig
from mixguard.files import cache_folder
from mixguard.vectors.base import Encoder
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.in_use import use
from mixguard.vectors.shipped import shipped_vectors
from mixguard.vectors.store import VectorStore

if TYPE_CHECKING:
    from mixguard.vectors.published import Published


def open_store(config: Config, encoder: Encoder | None = None) -> VectorStore:
    """The vector store of the given encoder, by default the configured one; it knows the shipped vectors."""
    encoder = encoder or load_encoder(config.encode, overlap=config.judge.window_overlap)
    use(cache_folder(config.encode.cache))
    cache, shipped = cache_folder(config.encode.cache), shipped_vectors(encoder)
    return VectorStore.open(cache, encoder, shipped, config.encode.cache_size)


def load_careful(config: EncodeConfig, *, overlap: int) -> Encoder:
    """The encoder of the careful stage, on the configured device.

    Raises:
        UsageError: its weights or the device are not available.
    """
    from mixguard.vectors.careful import careful_weights

    published = careful_weights(config.careful, offline=config.offline)
    return _published(published, Asked(config, _device(config.device), overlap))


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


def _published(published: Published, asked: Asked) -> Encoder:
    """A published encoder: in OpenVINO on a CPU, else in torch."""
    if asked.device == "cpu" and asked.config.precision != "float32":
        from mixguard.vectors.openvino import OpenVinoEncoder

        cache, precision = cache_folder(asked.config.cache), asked.config.precision
        return OpenVinoEncoder.load(published, cache, overlap=asked.overlap, precision=precision)
    from mixguard.vectors.torch import TorchEncoder

    cache = cache_folder(asked.config.cache)
    return TorchEncoder.load(published, cache, device=asked.device, half=_half(asked), overlap=asked.overlap)


def _bundled(asked: Asked) -> Encoder:
    from mixguard.vectors.bundled import BUNDLED

    return _published(BUNDLED, asked)


def _sentence(asked: Asked) -> Encoder:
    if asked.config.model == "bundled":
        return _bundled(asked)
    from mixguard.vectors.sentence import SentenceEncoder

    model, offline = asked.config.model, asked.config.offline
    return SentenceEncoder.load(
        model, device=asked.device, half=_half(asked), offline=offline, overlap=asked.overlap
    )


def _half(asked: Asked) -> bool:
    return asked.device == "cuda" and asked.config.precision != "float32"


ENCODERS: dict[str, EncoderKind] = {
    "hash": EncoderKind(
        lambda asked: asked.config.model == "hash", lambda _: HashEncoder(), {"model": "hash"}
    ),
    "openvino": EncoderKind(
        lambda asked: (
            (asked.config.model, asked.device) == ("bundled", "cpu") and asked.config.precision != "float32"
        ),
        _bundled,
        {"device": "cpu"},
    ),
    "sentence": EncoderKind(lambda _: True, _sentence, {"device": "cpu", "precision": "float32"}),
}
"""The first that serves a request is used."""


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    # Importing torch takes seconds, so do it only if there is a GPU driver.
    from mixguard.vectors.devices import has_gpu

    return "cuda" if has_gpu() else "cpu"
