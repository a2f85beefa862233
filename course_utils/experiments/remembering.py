"""Where a model without feed-forward layers keeps what it knows: vectors, how many, how begun."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.experiments.trials import Candidate, Socket
from course_utils.mixers import PersistentAttention
from course_utils.mixers.attention import may_look, merge_heads
from course_utils.mixers.memory import Init

SOFTMAXES = ("one", "two")


class TwoSoftmaxes(PersistentAttention):
    """The paper's "attn-split": tokens and vectors are shared out apart, and the two are added.

    Nobody has to choose between neighbours and memory here. It has no dropout and no cache.
    Source: Sukhbaatar et al. 2019, the ablations.
    """

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        self._read_before(x, mask, None)
        query, scale = self._queries(x, 0), self.d_head**-0.5
        key, value = self._tokens(x, 0)
        allowed = may_look(query, key, mask, self.causal)
        heard = F.scaled_dot_product_attention(query, key, value, allowed, scale=scale)
        key, value = self._persistent(x)
        recalled = F.scaled_dot_product_attention(query, key, value, scale=scale)
        return self.out(merge_heads((heard + recalled)[..., : self.d_head]))


@dataclass(frozen=True)
class Remembering(Candidate):
    """All-attention with `n_persistent` vectors a head in each layer, and nothing after it.

    `init` is how the vectors begin (see `PersistentAttention`); `softmax` is "one" for all that a
    token looks at, or "two" (see `TwoSoftmaxes`). Without vectors it is attention alone.
    """

    kind: ClassVar[str] = "memory"
    feed_forward: ClassVar[bool] = False
    n_persistent: int
    init: Init = "quiet"
    softmax: str = "one"

    def __post_init__(self):
        if self.softmax not in SOFTMAXES:
            raise ValueError(f'softmax is "one" or "two", got {self.softmax!r}.')

    def __str__(self) -> str:
        if self.n_persistent == 0:
            return "attention alone"
        begun = ", begun as in the paper" if self.init == "paper" else ""
        apart = ", two softmaxes" if self.softmax == "two" else ""
        return f"{self.n_persistent} vectors{begun}{apart}"

    def mixer(self, socket: Socket) -> Callable[[int], PersistentAttention]:
        kind = TwoSoftmaxes if self.softmax == "two" else PersistentAttention
        return lambda layer: kind(
            socket.d_model,
            socket.n_heads,
            self.n_persistent,
            causal=socket.causal,
            rotary=socket.rotation(),
            init=self.init,
        )
