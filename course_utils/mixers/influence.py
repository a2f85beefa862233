"""Who hears whom, whatever the mixer: how much each output moves when an input does."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def influence(mixer: nn.Module, x: Float[Tensor, "n d_model"]) -> Float[Tensor, "n_output n_input"]:
    """How much output token i moves when input token j moves a little.

    It is the size of the derivative: the root of the sum of the squares of ∂ output i / ∂ input j,
    over all their numbers. Attention has weights to look at and a fixed mixer has none:
    this is the same question for both. What is 0 is not heard at all.
    """
    was_training = mixer.training
    mixer.eval()
    try:
        derivative = torch.autograd.functional.jacobian(
            lambda x: mixer(x[None])[0], x, vectorize=True
        )  # [n_output, d_model, n_input, d_model]
    finally:
        mixer.train(was_training)
    return derivative.square().sum(dim=(1, 3)).sqrt()
