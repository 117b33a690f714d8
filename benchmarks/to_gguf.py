"""Writes a tuned Llama-like model as GGUF, in the place of the weights of the file that it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

TAKEN = "GGUF."
"""Beginning of fields that are about the file itself."""


def to_gguf(model: Any, source: Path, out: Path) -> None:
    """Write a model's weights as F16, with the tokeniser, template and sizes of another file of it.

    Args:
        model: a `transformers` model of the Llama architecture whose output layer is its embedding.
        source: GGUF file of the same architecture.
        out: the file to write; whole, or not there.
    """
    unfinished = out.with_suffix(".unfinished")
    writer = gguf.GGUFWriter(unfinished, "llama")
    for field in gguf.GGUFReader(source).fields.values():
        if not field.name.startswith(TAKEN) and field.name not in (
            "general.architecture",
            "general.file_type",
        ):
            kind, *of = field.types[:2] if field.types[0] == gguf.GGUFValueType.ARRAY else field.types[:1]
            writer.add_key_value(field.name, field.contents(), kind, sub_type=of[0] if of else None)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight":  # the embedding again
            continue
        known = names.get_name(name, try_suffixes=(".weight",))
        if known is None:
            raise ValueError(f"{name}: not a tensor of the Llama architecture")
        writer.add_tensor(known, _as_written(name, weight.float().numpy(), config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(out)


def _as_written(name: str, weight: npt.NDArray[np.float32], config: Any) -> npt.NDArray[Any]:
    if weight.ndim == 1:
        return weight
    if name.endswith("q_proj.weight"):
        weight = interleaved(weight, config.num_attention_heads)
    elif name.endswith("k_proj.weight"):
        weight = interleaved(weight, config.num_key_value_heads)
    return weight.astype(np.float16)


def interleaved(weight: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """Rows of a query or key weight in the order of llama.cpp, which turns neighbours, not halves, of each head."""
    rows, width = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)
