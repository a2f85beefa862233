"""No mixing at all: the control in every experiment."""

from jaxtyping import Bool, Float
from torch import Tensor, nn


class NoMixing(nn.Module):
    """Returns what it is given, so no token ever hears of another.

    Whatever a model still learns with this mixer, it learned without its tokens talking
    (FNet's "FF-only" control, Lee-Thorp et al. 2021).
    """

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        return x

    def new_cache(self) -> None:
        """Nothing is remembered, because nothing is heard."""
        return None
