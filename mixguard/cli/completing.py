"""What a shell completes after some options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence


def _begun(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Those of the names that begin with what was typed."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def _gates() -> Sequence[str]:
    from typing import get_args

    from mixguard.run.findings import Kind
    from mixguard.run.gate import LEVELS

    return (*LEVELS, *get_args(Kind))


def _formats() -> Iterable[str]:
    from mixguard.corpus.formats.keys import keys_of_formats

    return keys_of_formats()


def _profiles() -> Iterable[str]:
    from mixguard.library.profile import profile_names

    return profile_names()


def _providers() -> Iterable[str]:
    from mixguard.library.provider import provider_names

    return provider_names()


def _voices() -> Iterable[str]:
    from mixguard.library.voice import bundled_voices

    return bundled_voices()


def _options() -> Iterable[str]:
    from mixguard.config import options

    return [f"{name}=" for name, _, _, _ in options()]


gates, formats, profiles, providers, voices, settings = map(
    _begun, (_gates, _formats, _profiles, _providers, _voices, _options)
)
