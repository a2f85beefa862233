"""Published FNet weights in the course's encoder, against the library that publishes them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers

from course_utils.mixers import FourierMixing
from course_utils.trained.fnet import TANH_GELU, course_names, fnet_encoder, fnet_masked_lm

SIZES = {
    "vocab_size": 50,
    "hidden_size": 12,
    "num_hidden_layers": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 16,
    "type_vocab_size": 4,
    "hidden_act": "gelu_new",
    "layer_norm_eps": 1e-12,
}


def published(**changed):
    """Their model with random weights, norms and biases included, which begin at 1 and 0."""
    torch.manual_seed(0)
    model = transformers.FNetForMaskedLM(transformers.FNetConfig(**(SIZES | changed))).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.copy_(torch.randn_like(weights) * 0.3)
    return model


@pytest.mark.parametrize("n", [1, 7, 16])
def test_it_says_what_the_publishers_model_says(n):
    theirs = published()
    ours = fnet_masked_lm(theirs.state_dict())
    ids = torch.randint(50, (3, n))
    with torch.inference_mode():
        torch.testing.assert_close(ours(ids), theirs(ids).logits, atol=1e-5, rtol=1e-5)
        hidden = theirs.fnet(ids).last_hidden_state
        torch.testing.assert_close(ours.encoder(ids), hidden, atol=1e-5, rtol=1e-5)


def test_without_a_head_it_is_the_encoder_alone():
    theirs = published().fnet
    ours = fnet_encoder(theirs.state_dict())
    ids = torch.randint(50, (2, 9))
    with torch.inference_mode():
        torch.testing.assert_close(ours(ids), theirs(ids).last_hidden_state, atol=1e-5, rtol=1e-5)
    assert [type(block.mixer) for block in ours.encoder.blocks] == [FourierMixing] * 3


def test_the_large_ones_activation_is_another():
    theirs = published(hidden_act="gelu")
    ids = torch.randint(50, (2, 9))
    with torch.inference_mode():
        right, wrong = (
            fnet_masked_lm(theirs.state_dict(), activation=activation)(ids)
            for activation in (F.gelu, TANH_GELU)
        )
        torch.testing.assert_close(right, theirs(ids).logits, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(wrong, right, atol=1e-5)


def test_it_is_what_numpy_makes_of_the_published_numbers():
    """Every step by hand, from the published names, in float64."""
    weights = {name: tensor.double().numpy() for name, tensor in published().state_dict().items()}
    ids = np.array([[3, 1, 4, 1, 5, 9]])

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x):
        return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    at = "fnet.embeddings"
    x = weights[f"{at}.word_embeddings.weight"][ids]
    x = x + weights[f"{at}.position_embeddings.weight"][:6]
    x = x + weights[f"{at}.token_type_embeddings.weight"][0]
    x = linear(norm(x, f"{at}.LayerNorm"), f"{at}.projection")
    for layer in range(3):
        at = f"fnet.encoder.layer.{layer}"
        x = norm(x + np.fft.fft2(x).real, f"{at}.fourier.output.LayerNorm")
        wide = gelu(linear(x, f"{at}.intermediate.dense"))
        x = norm(x + linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    ours = fnet_encoder(published().double().state_dict())
    with torch.inference_mode():
        got = ours(torch.as_tensor(ids)).numpy()
    np.testing.assert_allclose(got, x, atol=1e-10)


def test_weights_of_another_model_are_refused_by_name():
    weights = published().state_dict()
    with pytest.raises(KeyError, match="attention.self.query.weight'.*another model's"):
        course_names(weights | {"encoder.layer.0.attention.self.query.weight": torch.ones(2)})
    without = {name: each for name, each in weights.items() if "position_emb" not in name}
    with pytest.raises(KeyError, match="position_embeddings.weight"):
        fnet_masked_lm(without)
