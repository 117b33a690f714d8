"""What serves a model, as far as it says so: the program and its version, and a digest of the chat template.

Two models are compared behind the same server, often on two ports of one machine. So a port is no part of it, nor the model's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from mixguard.escape import shorten
from mixguard.served.endpoint import Endpoint

LONGEST_WAIT = 10.0
"""Seconds for each of the few questions to a server about itself."""


class Server(NamedTuple):
    """A server and its chat template."""

    name: str
    """Program and version, or only the host."""
    template: str | None = None
    """Digest; None where the server does not show it."""


def server_of(endpoint: Endpoint) -> Server:
    """Ask a server what it is: llama.cpp tells its build and template, vLLM, Ollama and others their name or version.

    A server that tells nothing, or nonsense, is known by its host. Nothing that it says is taken for more than a name.
    """
    root, api = _root(endpoint.url), endpoint.url.rstrip("/")
    props = _asked(endpoint, root, "props")
    template = props.get("chat_template")
    if isinstance(template, str) and template:
        digest = hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()[:16]
        return Server(_named("llama.cpp", props.get("build_info")), digest)
    owner = _owner(_asked(endpoint, api, "models"))
    version = _version(endpoint, root)
    if owner or version:
        return Server(_named(owner or "server", version))
    return Server(urlsplit(endpoint.url).hostname or "unknown")


def _named(program: str, version: object) -> str:
    return shorten(f"{program} {version}" if isinstance(version, str) and version else program, 100)


def _version(endpoint: Endpoint, root: str) -> str | None:
    """The version that vLLM tells, or Ollama."""
    told = (_asked(endpoint, root, path).get("version") for path in ("version", "api/version"))
    return next((each for each in told if isinstance(each, str) and each), None)


def _owner(models: Mapping[str, Any]) -> str | None:
    """Who owns the first model listed, where that names a program."""
    try:
        owner = models["data"][0]["owned_by"]
    except (LookupError, TypeError):
        return None
    return owner if isinstance(owner, str) and owner in _PROGRAMS else None


_PROGRAMS = ("vllm", "sglang", "llamacpp", "lmdeploy", "library", "organization_owner")
"""What programs that serve models say there; others name a company or a person."""


def _asked(endpoint: Endpoint, url: str, path: str) -> Mapping[str, Any]:
    """A reply as an object; empty if it is anything else."""
    from mixguard.served.wire import Wire, WireError

    try:
        with Wire(url, endpoint.key, min(endpoint.timeout, LONGEST_WAIT)) as wire:
            reply = wire.get(path)
        tree = orjson.loads(reply.body) if reply.status == 200 else None
    except (WireError, orjson.JSONDecodeError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _root(url: str) -> str:
    """The URL of a server without the API's own path."""
    return url.rstrip("/").removesuffix("/v1")
