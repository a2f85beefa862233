"""Making a model speak: choose a token from its logits, hand it back, ask for the next.

A *speaker* is anything that is called as speaker(ids) and returns, for each token, logits of the
token after it: a `LanguageModel`, or a `Seq2SeqTransformer` that has been given its source.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.models import Seq2SeqTransformer
from course_utils.shapes import expect_at_least
from course_utils.text import BPETokenizer, pad

Choose = Callable[[Tensor], Tensor]  # logits [batch, vocab_size] -> ids [batch]

REACHED = 1 - 1e-6  # who has so much of what a cut asks for has reached it: the rest is rounding


@runtime_checkable
class Speaker(Protocol):
    """What `generate` and `beam_search` ask of a model.

    `new_cache` returns what the speaker wants to remember its reading in, or None if it keeps
    nothing. With a cache, `ids` are only the tokens that are new since the call before. A cache has
    `reorder(rows)`: its row i goes on from what row rows[i] has read (beam search asks for that).
    A speaker that cannot read more than so many tokens says so as `max_n`.
    """

    def __call__(self, ids: Tensor, *, cache: Any = None) -> Tensor: ...

    def new_cache(self) -> Any: ...


def greedy(logits: Float[Tensor, "batch vocab_size"]) -> Int[Tensor, "batch"]:
    """The most probable token, always."""
    return logits.argmax(dim=-1)


@dataclass(frozen=True)
class Sampler:
    """Draws the next token, so that the same prompt can go on in many ways.

    First `temperature` divides the logits: below 1 the favourites win more often, above 1 less
    often; towards 0 it becomes `greedy`. Then each of these, if given, removes tokens, in this
    order, and what is left is scaled up to sum to one again:

    - `top_k`: all but the k most probable (Fan et al. 2018, section 5.4);
    - `top_p`: all but the smallest set whose probabilities sum to p or more, also called nucleus
      (Holtzman et al. 2020, section 3.1);
    - `min_p`: those less probable than min_p times the most probable (Nguyen et al. 2024).

    Of equals at the border of top_k or top_p those with the smaller ids stay. A sum that comes
    within a millionth of p has reached it, so that rounding decides nothing.
    `generator` is the source of chance; without one it is torch's own.
    Raises ValueError for a value out of range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    generator: torch.Generator | None = None

    def __post_init__(self):
        if not 0 < self.temperature < math.inf:
            raise ValueError(
                f"temperature is a number above 0, got {self.temperature}. "
                "Its limit at 0 has a name of its own: choose=greedy."
            )
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k is a number of tokens, 1 or more, got {self.top_k}.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p is a probability above 0 and up to 1, got {self.top_p}.")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p is a share from 0 to 1, got {self.min_p}.")

    def __call__(self, logits: Float[Tensor, "batch vocab_size"]) -> Int[Tensor, "batch"]:
        chances = self.probabilities(logits)
        return torch.multinomial(chances, 1, generator=self.generator).squeeze(1)

    def probabilities(
        self, logits: Float[Tensor, "batch vocab_size"]
    ) -> Float[Tensor, "batch vocab_size"]:
        """What the tokens are drawn with: rows sum to one, removed tokens have 0."""
        chances = softmax_at(self.temperature, logits)
        if self.top_k is not None:
            chances = _keep(chances, _largest(chances, self.top_k))
        if self.top_p is not None and self.top_p < 1:
            falling, order = chances.sort(dim=-1, descending=True, stable=True)
            likelier = F.pad(falling.cumsum(dim=-1)[:, :-1], (1, 0))  # what comes before each token
            kept = likelier < REACHED * self.top_p
            chances = _keep(chances, kept.scatter(1, order, kept))
        if self.min_p is not None:
            least = REACHED * self.min_p * chances.amax(dim=-1, keepdim=True)
            chances = _keep(chances, chances >= least)
        return chances


def softmax_at(
    temperature: float, logits: Float[Tensor, "batch vocab_size"]
) -> Float[Tensor, "batch vocab_size"]:
    """Softmax of logits / temperature, at least in float32.

    A temperature too near to 0 or to infinity for the logits' dtype becomes the last one that it
    can hold: the coldest gives the favourite everything, the hottest gives all tokens the same.
    """
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    numbers = torch.finfo(logits.dtype)
    # The largest becomes 0 before the division, so that no temperature is too cold for it.
    logits = logits - logits.amax(dim=-1, keepdim=True)
    return (logits / min(max(temperature, numbers.tiny), numbers.max)).softmax(dim=-1)


def _largest(chances: Tensor, k: int) -> Tensor:
    """True at the k largest of each row; of equals at the first, as in greedy."""
    least = chances.topk(min(k, chances.shape[-1]), dim=-1).values[:, -1:]
    larger, equal = chances > least, chances == least
    return larger | (equal & (equal.cumsum(dim=-1) <= k - larger.sum(dim=-1, keepdim=True)))


def _keep(chances: Tensor, kept: Tensor) -> Tensor:
    chances = chances.masked_fill(~kept, 0.0)
    return chances / chances.sum(dim=-1, keepdim=True)


def generate(
    speaker: Speaker,
    prompt: Int[Tensor, "batch n"],
    n_new: int,
    *,
    choose: Choose = greedy,
    eos: int | None = None,
    use_cache: bool = True,
) -> Int[Tensor, "batch n_total"]:
    """Continue each row of `prompt` by up to `n_new` tokens, one after another.

    A row that has written `eos` goes on with `eos`; when all rows have, the writing ends early.
    `use_cache=False` reads the whole text again for each token: the same tokens, more slowly. When
    the text outgrows what the speaker can read at once (`speaker.max_n`), it reads the last max_n
    tokens, from then on without a cache, because each token has moved to another position.

    Dropout is off and no gradients are kept.
    Raises ValueError for an empty prompt and for a negative `n_new` or `eos`.
    """
    batch, n = _prompt_shape(prompt, n_new)
    expect_at_least(0, eos=eos)
    ids = prompt.new_empty(batch, n + n_new)
    ids[:, :n] = prompt
    ended = torch.zeros(batch, dtype=torch.bool, device=prompt.device)
    with torch.inference_mode(), without_dropout(speaker):
        read = _Reader(speaker, use_cache)
        for end in range(n, n + n_new):
            token = choose(read(ids[:, :end]))
            if eos is not None:
                token = token.masked_fill(ended, eos)
                ended |= token == eos
            ids[:, end] = token
            if ended.all():
                return ids[:, : end + 1].clone()
    return ids


class _Reader:
    """Asks a speaker for the logits of the next token; with a cache, it reads nothing twice."""

    def __init__(self, speaker: Speaker, use_cache: bool):
        self.speaker = speaker
        self.max_n = getattr(speaker, "max_n", None) or math.inf
        self.cache = speaker.new_cache() if use_cache else None
        self.n_read = 0

    def __call__(self, ids: Int[Tensor, "rows n"]) -> Float[Tensor, "rows vocab_size"]:
        if ids.shape[1] > self.max_n:
            self.cache, ids = None, ids[:, -self.max_n :]
        if self.cache is None:
            return self.speaker(ids)[:, -1]
        new, self.n_read = ids[:, self.n_read :], ids.shape[1]
        return self.speaker(new, cache=self.cache)[:, -1]

    def reorder(self, rows: Int[Tensor, "rows"]) -> None:
        if self.cache is not None:
            self.cache.reorder(rows)


def _prompt_shape(prompt: Tensor, n_new: int) -> tuple[int, int]:
    if prompt.ndim != 2 or prompt.shape[1] == 0:
        raise ValueError(
            "a prompt is ids of shape [batch, n] with at least one token in each row, "
            f"got {list(prompt.shape)}. A start token will do."
        )
    expect_at_least(0, n_new=n_new)
    return prompt.shape[0], prompt.shape[1]


@contextmanager
def without_dropout(speaker: Any) -> Iterator[None]:
    """A model, while it speaks, is in evaluation mode; afterwards each part is as it was."""
    training = [
        module
        for module in (speaker.modules() if isinstance(speaker, nn.Module) else [])
        if module.training
    ]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


class Hypothesis(NamedTuple):
    """One continuation that beam search has found.

    `ids` are without the prompt and the end token; `log_probability`, in nats, is that of all of
    them and of the end token if it was reached; `score` is what hypotheses are ranked by.
    """

    ids: list[int]
    log_probability: float
    score: float


def length_penalty(n: int | Tensor, alpha: float) -> float | Tensor:
    """((5 + n) / 6) ** alpha: what the log probability of n tokens is divided by.

    Each token costs some probability, so that sums favour the short. alpha = 0 leaves them so,
    alpha = 1 is nearly the mean. Source: Wu et al. 2016 (GNMT), eq. 14, without coverage.
    """
    return ((5 + n) / 6) ** alpha


def beam_search(
    speaker: Speaker,
    prompt: Int[Tensor, "batch n"],
    n_new: int,
    *,
    eos: int,
    width: int = 4,
    alpha: float = 0.6,
    n_best: int = 1,
    use_cache: bool = True,
) -> list[list[Hypothesis]]:
    """The `n_best` continuations with the best scores that a beam of `width` finds, best first.

    At each step every hypothesis in the beam is continued with every token, and the `width` most
    probable of all these stay. One that writes `eos` has ended: it keeps its place in the beam, and
    the others go on with the places left. A beam of width 1 is therefore greedy, and one that is
    wide enough for everything finds the true best. The end token counts among the `n_new`.

    The score is log probability / length_penalty(tokens, alpha), where tokens are counted without
    the end token. Hypotheses that have not ended after n_new tokens come after those that
    have. Searching stops early for what can no longer change the answer, and for nothing else.

    Raises ValueError if width < 1, n_best is not in 1 … width, or eos or alpha is negative.
    Sources: Wu et al. 2016, section 7; Vaswani et al. 2017, section 6.1 (width 4, penalty 0.6).
    """
    batch, n = _prompt_shape(prompt, n_new)
    expect_at_least(1, width=width)
    expect_at_least(0, eos=eos)
    if not 1 <= n_best <= width:
        raise ValueError(f"a beam of width={width} has 1 to {width} best, got n_best={n_best}.")
    if not alpha >= 0:
        raise ValueError(f"alpha, of the length penalty, is 0 or more, got {alpha}.")
    with torch.inference_mode(), without_dropout(speaker):
        beam = _Beam(prompt, n_new, eos, width)
        read = _Reader(speaker, use_cache)
        for _ in range(n_new):
            logits = read(beam.ids[:, : beam.n])
            read.reorder(beam.step(logits))
            if beam.settled(alpha, n_best):
                break
    return beam.best(alpha, n_best)


class _Beam:
    """The hypotheses of all prompts: `width` rows of `ids` for each, one prompt after another."""

    def __init__(self, prompt: Tensor, n_new: int, eos: int, width: int):
        batch, self.n_prompt = prompt.shape
        self.n, self.n_max, self.eos = self.n_prompt, n_new, eos
        self.ids = prompt.new_empty(batch * width, self.n_prompt + n_new)
        self.ids[:, : self.n] = prompt.repeat_interleave(width, dim=0)
        # At first there is one hypothesis; its copies are impossible until they differ.
        self.log_probability = torch.full((batch, width), -torch.inf, device=prompt.device)
        self.log_probability[:, 0] = 0.0
        self.length = torch.zeros(batch, width, dtype=torch.long, device=prompt.device)
        self.ended = torch.zeros(batch, width, dtype=torch.bool, device=prompt.device)
        self.first_row = torch.arange(batch, device=prompt.device)[:, None] * width

    def step(self, logits: Float[Tensor, "rows vocab_size"]) -> Int[Tensor, "rows"]:
        """Continue all hypotheses, keep the best. Returns the row that each one came from."""
        batch, width = self.ended.shape
        following = logits.float().log_softmax(dim=-1).view(batch, width, -1)
        total = self.log_probability[..., None] + following  # [batch, width, vocab_size]
        # An ended hypothesis has one continuation, itself, which nothing may push out.
        total = total.masked_fill(self.ended[..., None], -torch.inf)
        total[..., self.eos].masked_fill_(self.ended, torch.inf)
        best, chosen = total.flatten(1).topk(width, dim=1)
        parent, token = chosen // total.shape[-1], chosen % total.shape[-1]

        ended_before = best == torch.inf
        kept = self.log_probability.gather(1, parent)
        self.log_probability = torch.where(ended_before, kept, best)
        self.ended = ended_before | ((token == self.eos) & (best > -torch.inf))
        self.length = self.length.gather(1, parent) + ~self.ended

        rows = (self.first_row + parent).flatten()
        self.ids[:, : self.n] = self.ids[rows, : self.n]
        self.ids[:, self.n] = token.flatten()
        self.n += 1
        return rows

    def scores(self, alpha: float) -> Float[Tensor, "batch width"]:
        return self.log_probability / length_penalty(self.length, alpha)

    def settled(self, alpha: float, n_best: int) -> bool:
        """Whether every prompt has n_best ended hypotheses that no other can still beat.

        Going on makes a hypothesis less probable, and the penalty is kindest to the longest.
        """
        ended = self.scores(alpha).masked_fill(~self.ended, -torch.inf)
        alive = self.log_probability.masked_fill(self.ended, -torch.inf)
        hope = alive.amax(dim=1) / length_penalty(self.n_max, alpha)
        return bool((ended.topk(n_best, dim=1).values[:, -1] >= hope).all())

    def best(self, alpha: float, n_best: int) -> list[list[Hypothesis]]:
        scores = self.scores(alpha)
        texts = self.ids[:, self.n_prompt : self.n].view(*self.ended.shape, -1)
        found = []
        for row in range(len(scores)):
            hypotheses = [
                (
                    bool(self.ended[row, place]),
                    Hypothesis(
                        texts[row, place, : self.length[row, place]].tolist(),
                        self.log_probability[row, place].item(),
                        scores[row, place].item(),
                    ),
                )
                for place in range(scores.shape[1])
                if self.log_probability[row, place] > -torch.inf
            ]
            hypotheses.sort(key=lambda found: (found[0], found[1].score), reverse=True)
            found.append([hypothesis for _, hypothesis in hypotheses[:n_best]])
        return found


def translate(
    model: Seq2SeqTransformer,
    tokenizer: BPETokenizer,
    texts: list[str],
    *,
    width: int = 4,
    alpha: float = 0.6,
    n_new: int | None = None,
    use_cache: bool = True,
    batch_size: int = 32,
) -> list[str]:
    """Translate each text, in the order given, with a beam of `width` (1 is greedy).

    Texts of like length are translated together, `batch_size` at a time. A translation has at most
    `n_new` tokens, by default 50 more than the longest source beside it (Vaswani et al. 2017,
    section 6.1), and no more than the model has positions for. The tokenizer has the special tokens
    "<pad>", "<s>" (start) and "</s>" (end). A text without a token, "", stays as it is.
    Raises ValueError for a batch_size below 1, and what `beam_search` raises.
    """
    expect_at_least(1, batch_size=batch_size)
    if isinstance(texts, str):
        raise TypeError(f"translate takes a list of texts, got the text {texts!r}. Put it in [ ].")
    start, eos = tokenizer.special_id("<s>"), tokenizer.special_id("</s>")
    sources = [tokenizer.encode(text) for text in texts]
    by_length = sorted(
        filter(sources.__getitem__, range(len(texts))), key=lambda i: len(sources[i])
    )
    translations = [""] * len(texts)
    search = {"eos": eos, "width": width, "alpha": alpha, "use_cache": use_cache}
    for first in range(0, len(by_length), batch_size):
        together = by_length[first : first + batch_size]
        table = pad([sources[i] for i in together], tokenizer.special_id("<pad>"))
        for i, ids in zip(together, _translated(model, *table, start, n_new, search), strict=True):
            words = [token for token in ids if token < len(tokenizer.vocabulary)]
            translations[i] = tokenizer.decode(words)
    return translations


def _translated(
    model: Seq2SeqTransformer,
    ids: Int[Tensor, "batch n"],
    mask: Bool[Tensor, "batch n"],
    start: int,
    n_new: int | None,
    search: dict[str, Any],
) -> list[list[int]]:
    """The ids of the best translation of each row; `search` is for `beam_search`."""
    device = next(model.parameters()).device
    max_n = getattr(model.embedding.positions, "max_n", None) or math.inf
    with torch.inference_mode(), without_dropout(model):
        speaker = model.given(ids.to(device), mask.to(device))
    prompt = torch.full((len(ids), 1), start, device=device)
    n_new = min(ids.shape[1] + 50 if n_new is None else n_new, max_n)
    return [best.ids for best, *_ in beam_search(speaker, prompt, n_new, **search)]
