"""No mixing at all: the control in every experiment."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from course_utils.shapes import expect_boolean


class NoMixing(nn.Module):
    """Returns what it is given, so no token ever hears of another.

    Whatever a model still learns with this mixer, it learned without its tokens talking
    (FNet's "FF-only" control, Lee-Thorp et al. 2021).
    """

    causal = True  # whoever hears nobody hears nothing of the future

    def forward(
        self,
        x: Float[Tensor, "batch n d_model"],
        mask: Bool[Tensor, "batch n"] | None = None,
    ) -> Float[Tensor, "batch n d_model"]:
        if mask is not None:  # unused, but as wrong here as it will be with the next mixer
            expect_boolean(mask, "NoMixing")
        return x

    def new_cache(self) -> None:
        """None: there is nothing to remember."""
        return None
