"""Answers of a served model, with the candidates for their first token where the server gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

from mixguard.checkpoint.answers import Decoding, Target
from mixguard.checkpoint.source import Coming, Wanted, messages
from mixguard.errors import UsageError
from mixguard.served.chat import CANDIDATES_MOST, Answer
from mixguard.served.endpoint import UNKNOWN_FIELD, Endpoint, ask_all

SCOUTS = 3
"""Requests sent one by one until one is answered: an API that answers none should not be sent thousands."""
AT_ONCE = 64
"""Probes whose first tokens are measured before they are answered, about."""
GONE = 8
"""Measurements in a row without a reply after which no more are tried."""
LOGPROBS: Final[Mapping[str, Any]] = {"logprobs": True, "top_logprobs": CANDIDATES_MOST}


@dataclass
class Served:
    """A model behind an OpenAI-compatible API.

    The first token is measured by a request of its own, for one token, once for each probe: asked for with the answer, its
    candidates would come with those of every further token, some 450 kB an answer. It is the same for every sample.
    """

    endpoint: Endpoint
    target: Target
    measures: bool = True
    """Whether first tokens are asked for; off once the server has been seen to reject or ignore that."""
    is_kept: bool = field(default=False, init=False)

    def __call__(self, wanted: Sequence[Wanted], decoding: Decoding) -> Coming:
        """The answers, a few asked for at a time."""
        scouted = 0
        for each in wanted[:SCOUTS]:
            answer = self._scouted(each, decoding)
            scouted += 1
            yield each, answer
            if answer.text is not None:
                break
        for sample, group in groupby(wanted[scouted:], key=lambda each: each.sample):
            endpoint = self._seeded(decoding, sample)
            for part in _parts(list(group), max(AT_ONCE, 8 * endpoint.concurrency)):
                first = self._measured(part, decoding) if sample == 0 else {}
                with closing(ask_all([_conversation(each, decoding) for each in part], endpoint)) as coming:
                    for number, answer in coming:
                        yield part[number], _together(answer, first.get(number))

    def _scouted(self, each: Wanted, decoding: Decoding) -> Answer:
        """One answer.

        Raises:
            UsageError: the API rejects a seed.
        """
        answer = _one(each, decoding, self._seeded(decoding, each.sample))
        if decoding.seed is not None and answer.problem in UNKNOWN_FIELD:
            unseeded = _one(each, decoding, self._seeded(decoding.model_copy(update={"seed": None}), 0))
            if unseeded.text is not None:
                raise UsageError(f"{self.endpoint.shown}: takes no seed; leave --seed out")
        if answer.text is None or each.sample:
            return answer
        return _together(answer, self._measured([each], decoding).get(0))

    def _measured(self, part: Sequence[Wanted], decoding: Decoding) -> Mapping[int, Answer]:
        """Answers of one token with the candidates for it, by number, as far as the server gives them."""
        if not self.measures:
            return {}
        endpoint = replace(self.endpoint, max_tokens=1, more={**self.endpoint.more, **LOGPROBS})
        found: dict[int, Answer] = {}
        gone = 0
        with closing(ask_all([_conversation(each, decoding) for each in part], endpoint)) as coming:
            for number, answer in coming:
                found[number] = answer
                gone = gone + 1 if answer.text is None and answer.problem not in UNKNOWN_FIELD else 0
                if gone >= GONE:
                    break
        # It may reject one prompt for what that says, but all of them only for the fields.
        if found and all(_gives_none(answer) for answer in found.values()):
            self.measures = False
        return found

    def _seeded(self, decoding: Decoding, sample: int) -> Endpoint:
        seed = {} if decoding.seed is None else {"seed": decoding.seed + sample}
        return replace(
            self.endpoint,
            max_tokens=decoding.max_tokens,
            temperature=decoding.temperature,
            more={**self.endpoint.more, **seed},
        )


def _together(answer: Answer, measured: Answer | None) -> Answer:
    """An answer with what was measured, and the tokens of both."""
    if measured is None:
        return answer
    return replace(
        answer,
        first=measured.first,
        prompt_tokens=answer.prompt_tokens + measured.prompt_tokens,
        completion_tokens=answer.completion_tokens + measured.completion_tokens,
    )


def _gives_none(answer: Answer) -> bool:
    return answer.problem in UNKNOWN_FIELD or (answer.text is not None and not answer.first)


def _one(each: Wanted, decoding: Decoding, endpoint: Endpoint) -> Answer:
    return dict(ask_all([_conversation(each, decoding)], endpoint))[0]


def _conversation(each: Wanted, decoding: Decoding) -> Sequence[Mapping[str, str]]:
    return messages(each.probe, decoding.system)


def _parts(wanted: Sequence[Wanted], size: int) -> Iterator[Sequence[Wanted]]:
    yield from (wanted[start : start + size] for start in range(0, len(wanted), size))
