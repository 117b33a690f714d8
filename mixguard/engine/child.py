"""A process that judges for another: a pickled recipe comes in, then frames; annotations go out.

It ends when its input does, so none outlives whoever started it.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from mixguard.engine.keeping import judge, unpickled


def main() -> None:
    """Answer each frame on standard input with what was judged, or with the error."""
    # What a library prints must not get between the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        try:
            _answer(sys.stdin.buffer, answers)
        except (EOFError, BrokenPipeError):
            return


def _answer(asked: BinaryIO, answers: BinaryIO) -> None:
    worker = None
    recipe = pickle.load(asked)
    while True:
        frame = pickle.load(asked)
        try:
            worker = worker or unpickled(recipe).worker()
            answer: object = judge(worker, frame)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            answer = error
        answers.write(_pickled(answer))
        answers.flush()


def _pickled(answer: object) -> bytes:
    try:
        return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - an error can hold anything
        return pickle.dumps(RuntimeError(repr(answer)))
