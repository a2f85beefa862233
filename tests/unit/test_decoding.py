"""Decoding against brute force on vocabularies small enough to try everything."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.decoding import (
    Hypothesis,
    Sampler,
    beam_search,
    generate,
    greedy,
    length_penalty,
    translate,
)
from course_utils.mixers import Attention
from course_utils.models import LanguageModel, Seq2SeqTransformer
from course_utils.positions import LearnedPositions, Rotary, SinusoidalPositions
from course_utils.text import BPETokenizer, pad


class Table:
    """A speaker that knows a made-up distribution for each text: chance, frozen by the seed."""

    def __init__(self, vocab_size: int, seed: int, spread: float = 2.0):
        self.vocab_size, self.seed, self.spread = vocab_size, seed, spread
        self.known = {}

    def after(self, ids: tuple[int, ...]) -> torch.Tensor:
        if ids not in self.known:
            chance = torch.Generator().manual_seed(hash((self.seed, ids)) % 2**31)
            self.known[ids] = self.spread * torch.randn(self.vocab_size, generator=chance)
        return self.known[ids]

    def __call__(self, ids, *, cache=None):
        texts = [tuple(row) for row in ids.tolist()]
        return torch.stack(
            [torch.stack([self.after(t[: i + 1]) for i in range(len(t))]) for t in texts]
        )

    def new_cache(self):
        return None


def everything(speaker, prompt, n_new, eos, alpha):
    """Each text that ends within n_new tokens, with its probability and score, best first."""
    found = []
    for n in range(n_new):
        others = [token for token in range(speaker.vocab_size) if token != eos]
        for ids in itertools.product(others, repeat=n):
            text, log_probability = tuple(prompt), 0.0
            for token in (*ids, eos):
                log_probability += speaker.after(text).log_softmax(-1)[token].item()
                text = (*text, token)
            score = log_probability / ((5 + n) / 6) ** alpha
            found.append(Hypothesis(list(ids), log_probability, score))
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    vocab_size=st.integers(2, 4),
    n_new=st.integers(1, 4),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 3.0]),
    n_best=st.integers(1, 4),
)
def test_a_beam_wide_enough_for_everything_finds_the_best(seed, vocab_size, n_new, alpha, n_best):
    speaker, eos = Table(vocab_size, seed), vocab_size - 1
    prompts = [[0], [1]]
    found = beam_search(
        speaker,
        torch.tensor(prompts),
        n_new,
        eos=eos,
        width=vocab_size**n_new,
        alpha=alpha,
        n_best=min(n_best, vocab_size**n_new),
    )
    for prompt, hypotheses in zip(prompts, found, strict=True):
        expected = everything(speaker, prompt, n_new, eos, alpha)[:n_best]
        ended = hypotheses[: len(expected)]
        assert [h.ids for h in ended] == [h.ids for h in expected]
        for ours, theirs in zip(ended, expected, strict=True):
            assert ours.log_probability == pytest.approx(theirs.log_probability, abs=1e-4)
            assert ours.score == pytest.approx(theirs.score, abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    vocab_size=st.integers(2, 5),
    width=st.integers(1, 6),
    alpha=st.sampled_from([0.0, 0.6, 1.0]),
)
def test_any_beam_is_the_obvious_one(seed, vocab_size, width, alpha):
    """Against a beam of lists for one text at a time, with no batch, no table and no early stop."""
    speaker, eos, n_new = Table(vocab_size, seed), 0, 5
    prompts = [[1], [vocab_size - 1], [0]]
    found = beam_search(speaker, torch.tensor(prompts), n_new, eos=eos, width=width, alpha=alpha)
    for prompt, (best,) in zip(prompts, found, strict=True):
        beam = [((), 0.0)]
        for _ in range(n_new):
            ended = [(ids, total) for ids, total in beam if eos in ids]
            longer = [
                ((*ids, token), total + more)
                for ids, total in beam
                if eos not in ids
                for token, more in enumerate(
                    speaker.after((*prompt, *ids)).log_softmax(-1).tolist()
                )
            ]
            beam = ended + sorted(longer, key=lambda h: -h[1])[: width - len(ended)]
        ranked = [
            (eos in ids, total / length_penalty(len(ids) - (eos in ids), alpha), ids)
            for ids, total in beam
        ]
        _, score, ids = max(ranked)
        assert best.ids == [token for token in ids if token != eos]
        assert best.score == pytest.approx(score, abs=1e-4)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), vocab_size=st.integers(2, 6))
def test_a_beam_of_one_is_greedy(seed, vocab_size):
    speaker, prompt, eos = Table(vocab_size, seed), torch.tensor([[0], [1]]), 1
    written = generate(speaker, prompt, 6, eos=eos)[:, 1:].tolist()
    for row, (only,) in zip(
        written, beam_search(speaker, prompt, 6, eos=eos, width=1), strict=True
    ):
        assert only.ids == [*row, eos][: [*row, eos].index(eos)]


class Scripted:
    """A speaker with a table of probabilities, [token before, token after]."""

    def __init__(self, probabilities):
        self.logits = torch.tensor(probabilities).log()

    def __call__(self, ids, *, cache=None):
        return self.logits[ids]

    def new_cache(self):
        return None


# Token 0 ends. From the start (1): 2 is the likelier, but leads nowhere; 3 ends for certain.
GARDEN_PATH = Scripted(
    [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.6, 0.4],
        [0.5, 0.0, 0.5, 0.0],
        [1.0, 0.0, 0.0, 0.0],
    ]
)
START = torch.tensor([[1]])


def test_greed_walks_down_the_garden_path_and_a_beam_of_two_does_not():
    (greedy_best,), (best,) = (
        beam_search(GARDEN_PATH, START, 5, eos=0, width=width, alpha=0.0)[0] for width in (1, 2)
    )
    assert greedy_best.ids[0] == 2 and best.ids == [3]
    assert best.log_probability == pytest.approx(math.log(0.4))


def test_n_best_are_in_order_the_unended_last_and_no_more_than_there_are():
    hypotheses = beam_search(GARDEN_PATH, START, 4, eos=0, width=9, alpha=0.0, n_best=9)[0]
    assert [h.ids for h in hypotheses] == [[3], [2], [2, 2], [2, 2, 2], [2, 2, 2, 2]]
    chances = [math.exp(h.log_probability) for h in hypotheses]
    assert chances == pytest.approx([0.4, 0.3, 0.15, 0.075, 0.075])


@pytest.mark.parametrize("width", [2, 4, 9])
def test_no_hypothesis_is_found_twice(width):
    """Also where there are fewer than the beam has places for."""
    for seed in range(10):
        speaker = Table(2, seed)
        found = beam_search(speaker, torch.tensor([[0], [1]]), 3, eos=1, width=width, n_best=width)
        for hypotheses in found:
            kinds = {(tuple(h.ids), h.log_probability) for h in hypotheses}
            assert len(kinds) == len(hypotheses)


def test_a_longer_text_may_win_with_a_penalty_and_lose_without():
    speaker = Scripted([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5], [0.1, 0.0, 0.9]])

    def best(alpha):
        return beam_search(speaker, START, 9, eos=0, width=20, alpha=alpha)[0][0]

    assert best(0.0).ids == [] and best(2.0).ids == [2] * 8
    log_probability = math.log(0.5) + 7 * math.log(0.9) + math.log(0.1)
    assert best(2.0).score == pytest.approx(log_probability / (13 / 6) ** 2)


def test_who_may_still_become_longer_may_still_win():
    """Ended at once: ln 0.6, the shortest. The other goes on for certain, to six tokens.

    After the first step, penalised for the one token that it has, the other looks worse; at its
    end, penalised for six, it is the winner.
    """
    chain = [[0.0] * 8 for _ in range(8)]
    chain[1][0], chain[1][2] = 0.6, 0.4
    for token in range(2, 7):
        chain[token][token + 1] = 1.0
    chain[7][0] = chain[0][0] = 1.0
    ended_at_once, after_a_step = math.log(0.6) / (5 / 6), math.log(0.4)
    (winner,) = beam_search(Scripted(chain), START, 9, eos=0, width=2, alpha=1.0)[0]
    assert winner.ids == [2, 3, 4, 5, 6, 7]
    assert winner.score == pytest.approx(math.log(0.4) / (11 / 6))
    assert after_a_step < ended_at_once < winner.score


def test_length_penalty_is_gnmts():
    assert length_penalty(1, 0.6) == 1.0
    assert length_penalty(7, 1.0) == 2.0
    assert length_penalty(19, 0.5) == 2.0
    assert length_penalty(19, 0.0) == 1.0


# Choosing a token

LOGITS = torch.tensor([[2.0, 1.0, 0.0, -1.0, -3.0], [0.0, 0.5, 3.0, 0.2, 0.1]])


def by_hand(logits: list[float], temperature, top_k, top_p, min_p) -> list[float]:
    """One row, token by token: exponentials, then each cut over a sorted list."""
    weights = dict(enumerate(math.exp(x / temperature) for x in logits))

    def chances():
        return {i: w / sum(weights.values()) for i, w in weights.items()}

    if top_k is not None:
        weights = dict(sorted(weights.items(), key=lambda item: -item[1])[:top_k])
    if top_p is not None:
        kept, total = {}, 0.0
        for i, chance in sorted(chances().items(), key=lambda item: -item[1]):
            if total < top_p * (1 - 1e-6):
                kept[i] = weights[i]
            total += chance
        weights = kept
    if min_p is not None:
        best = max(chances().values())
        weights = {
            i: weights[i] for i, chance in chances().items() if chance >= min_p * best * (1 - 1e-6)
        }
    return [chances().get(i, 0.0) for i in range(len(logits))]


@settings(deadline=None, max_examples=150)
@given(
    logits=st.lists(st.integers(-400, 400), min_size=2, max_size=7, unique=True),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.none() | st.integers(1, 9),
    top_p=st.none() | st.floats(0.05, 0.99),
    min_p=st.none() | st.floats(0.01, 0.9),
)
def test_sampling_probabilities_equal_those_by_hand(logits, temperature, top_k, top_p, min_p):
    row = [x / 100 for x in logits]
    sampler = Sampler(temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    got = sampler.probabilities(torch.tensor([row], dtype=torch.float64))[0]
    expected = by_hand(row, temperature, top_k, top_p, min_p)
    assert got.tolist() == pytest.approx(expected, abs=1e-9)
    assert got.sum().item() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ({"top_k": 2}, [2, 2]),
        ({"top_k": 99}, [5, 5]),
        ({"top_p": 0.7}, [2, 1]),
        ({"top_p": 1e-9}, [1, 1]),
        ({"top_p": 1.0}, [5, 5]),
        ({"min_p": 0.1}, [3, 1]),
        ({"min_p": 0.0}, [5, 5]),
        ({"min_p": 1.0}, [1, 1]),
    ],
)
def test_each_cut_keeps_what_it_says(cut, kept):
    assert (Sampler(**cut).probabilities(LOGITS) > 0).sum(-1).tolist() == kept


@pytest.mark.parametrize(
    ("shares", "p", "kept"),
    [
        ([0.5, 0.3, 0.1, 0.1], 0.8, [0, 1]),
        ([0.5, 0.3, 0.1, 0.1], 0.5, [0]),
        ([0.5, 0.3, 0.1, 0.1], 0.9, [0, 1, 2]),
        ([0.5, 0.3, 0.1, 0.1], 0.81, [0, 1, 2]),
        ([0.1, 0.2, 0.3, 0.4], 0.7, [2, 3]),
        ([0.1] * 10, 0.3, [0, 1, 2]),
        ([0.1] * 10, 0.7, [0, 1, 2, 3, 4, 5, 6]),
        ([0.25] * 4, 0.5, [0, 1]),
        ([1.0, 0.0], 0.9, [0]),
        ([0.9999999, 1e-7], 1.0, [0, 1]),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_top_p_stops_where_the_sum_reaches_p(shares, p, kept, dtype):
    """Also where floating-point numbers fall short of it by the last digit."""
    got = Sampler(top_p=p).probabilities(torch.tensor([shares], dtype=dtype).log())[0]
    assert got.nonzero().flatten().tolist() == kept
    expected = [shares[i] / sum(shares[i] for i in kept) for i in kept]
    assert got[kept].tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("n", [1, 256, 1024])
def test_of_equals_the_first_stay(n):
    """And so a top-k of one is greedy, whatever `topk` would pick."""
    equals = torch.zeros(1, 1024)
    for cut in ({"top_k": n}, {"top_p": n / 1024}):
        kept = Sampler(**cut).probabilities(equals)[0].nonzero().flatten()
        assert kept.tolist() == [*range(n)]
    assert Sampler(top_k=1)(equals).tolist() == greedy(equals).tolist() == [0]
    some = torch.tensor([[0.0, 2.0, 1.0, 1.0, 1.0, 2.0]])
    assert Sampler(top_k=4).probabilities(some)[0].nonzero().flatten().tolist() == [1, 2, 3, 5]


def test_min_p_keeps_who_has_exactly_that_share_of_the_most_probable():
    shares = torch.tensor([[0.6, 0.3, 0.06, 0.04]])
    for dtype in (torch.float32, torch.float64):
        for min_p, kept in ((0.5, 2), (0.1, 3), (0.51, 1), (0.11, 2)):
            got = Sampler(min_p=min_p).probabilities(shares.to(dtype).log())
            assert (got > 0).sum() == kept, (dtype, min_p)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_cut_in_full_precision(dtype):
    logits = torch.linspace(0, 4, 3000)[None].to(dtype)
    for cut in ({}, {"top_k": 700}, {"top_p": 0.9}, {"min_p": 0.3}, {"temperature": 1e-6}):
        got = Sampler(**cut).probabilities(logits)
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, Sampler(**cut).probabilities(logits.float()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("cold", [1e-38, 1e-50, 5e-324])
def test_no_temperature_is_too_cold(dtype, cold):
    logits = torch.tensor([[1.0, 3.0, -math.inf, 2.99]], dtype=dtype)
    assert Sampler(cold).probabilities(logits).tolist() == [[0.0, 1.0, 0.0, 0.0]]


def test_no_temperature_is_too_hot():
    logits = torch.tensor([[1.0, 3.0, -math.inf]])
    assert Sampler(1e300).probabilities(logits).tolist() == [[0.5, 0.5, 0.0]]


def test_the_coldest_temperature_is_greedy_and_the_hottest_is_blind():
    for cold in (1e-2, 1e-12, 1e-38):
        assert Sampler(cold)(100 * LOGITS).tolist() == greedy(LOGITS).tolist() == [0, 2]
    blind = Sampler(1e6).probabilities(LOGITS)
    torch.testing.assert_close(blind, torch.full_like(blind, 0.2), atol=1e-5, rtol=0)
    warmer, colder = (Sampler(t).probabilities(LOGITS)[0, 0] for t in (2.0, 0.5))
    assert colder > LOGITS.softmax(-1)[0, 0] > warmer


def test_draws_follow_the_probabilities_and_the_generator():
    sampler = Sampler(0.8, top_k=3, generator=torch.Generator().manual_seed(1))
    drawn = sampler(LOGITS[:1].expand(20_000, -1))
    shares = drawn.bincount(minlength=5) / len(drawn)
    torch.testing.assert_close(shares, sampler.probabilities(LOGITS[:1])[0], atol=0.015, rtol=0)
    again = Sampler(0.8, top_k=3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again(LOGITS[:1].expand(20_000, -1)), drawn)


# Speaking

VOCAB, D_MODEL = 13, 24


def language_model(*, rotary=False, positions=None, **options) -> LanguageModel:
    def mixer(layer):
        turn = Rotary(D_MODEL // 3) if rotary else None
        return Attention(D_MODEL, 3, causal=True, rotary=turn)

    model = LanguageModel(
        VOCAB, mixer, d_model=D_MODEL, n_layers=2, d_ff=40, positions=positions, **options
    )
    return with_large_weights(model)


def translator(**options) -> Seq2SeqTransformer:
    return with_large_weights(
        Seq2SeqTransformer(VOCAB, d_model=D_MODEL, n_heads=3, n_layers=2, d_ff=40, **options)
    )


def with_large_weights(model):
    """New weights make all tokens nearly equal, and mistakes invisible; these have opinions."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(0.5 * torch.randn_like(parameter))
    return model


SPEAKERS = {
    "sinusoidal": lambda: language_model(positions=SinusoidalPositions(D_MODEL)),
    "post-norm": lambda: language_model(positions=SinusoidalPositions(D_MODEL), norm="post"),
    "learned": lambda: language_model(positions=LearnedPositions(64, D_MODEL)),
    "rotary": lambda: language_model(rotary=True),
    "window": lambda: language_model(positions=LearnedPositions(6, D_MODEL)),
    "translator": lambda: translator().given(SOURCE, SOURCE_REAL),
    "translator, post-norm": lambda: translator(norm="post").given(SOURCE, SOURCE_REAL),
}
SOURCE = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0], [11, 0, 0, 0]])
SOURCE_REAL = SOURCE != 0
PROMPT = torch.tensor([[1, 2], [3, 4], [5, 6]])


@pytest.fixture(params=SPEAKERS)
def speaker(request):
    return SPEAKERS[request.param]()


def test_with_and_without_a_cache_the_same_tokens(speaker):
    def write(use_cache):
        luck = torch.Generator().manual_seed(1)
        choose = Sampler(2.0, generator=luck)
        return generate(speaker, PROMPT, 30, choose=choose, use_cache=use_cache)

    cached, uncached = write(True), write(False)
    assert cached.shape == (3, 32) and torch.equal(cached[:, :2], PROMPT)
    assert torch.equal(cached, uncached)
    assert len(cached[:, 2:].unique()) > 3, "if all tokens are alike, this test tests nothing"


def test_generate_takes_the_most_probable_token_each_time(speaker):
    text, max_n = PROMPT, getattr(speaker, "max_n", None) or 99
    for _ in range(12):
        with torch.no_grad():
            following = speaker(text[:, -max_n:])[:, -1].argmax(-1, keepdim=True)
        text = torch.cat([text, following], dim=1)
    assert torch.equal(generate(speaker, PROMPT, 12), text)


def test_with_and_without_a_cache_the_same_beam(speaker):
    cached, uncached = (
        beam_search(speaker, PROMPT, 12, eos=0, width=5, n_best=5, use_cache=use)
        for use in (True, False)
    )
    for ours, theirs in zip(cached, uncached, strict=True):
        assert [h.ids for h in ours] == [h.ids for h in theirs]
        assert [h.score for h in ours] == pytest.approx([h.score for h in theirs], abs=1e-4)
        assert len({tuple(h.ids) for h in ours}) == 5


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "translator"])
def test_a_beams_log_probability_is_that_of_reading_it_aloud(kind):
    speaker = SPEAKERS[kind]()
    for row, (best,) in enumerate(beam_search(speaker, PROMPT, 8, eos=0)):
        written = torch.tensor([*best.ids, 0][:8])
        with torch.no_grad():
            log_p = speaker(torch.cat([PROMPT, written.expand(3, -1)], dim=1)).log_softmax(-1)
        read_aloud = log_p[row, 1:-1].gather(1, written[:, None]).sum().item()
        assert best.log_probability == pytest.approx(read_aloud, abs=1e-4)


def test_a_batch_is_decoded_as_one_by_one():
    model = translator()
    together = model.given(SOURCE, SOURCE_REAL)
    start = torch.full((3, 1), 1)
    greedy_batch = generate(together, start, 15, eos=0).tolist()
    beam_batch = beam_search(together, start, 15, eos=0, n_best=3)
    for row, real in enumerate(SOURCE_REAL.sum(1).tolist()):
        alone = model.given(SOURCE[row : row + 1, :real])
        written = generate(alone, start[:1], 15, eos=0).tolist()[0]
        assert written == greedy_batch[row][: len(written)]
        assert set(greedy_batch[row][len(written) :]) <= {0}
        beam = beam_search(alone, start[:1], 15, eos=0, n_best=3)[0]
        assert [h.ids for h in beam] == [h.ids for h in beam_batch[row]]
        assert [h.score for h in beam] == pytest.approx(
            [h.score for h in beam_batch[row]], abs=1e-4
        )


def test_after_the_end_comes_the_end_and_when_all_have_ended_nothing():
    # 1 says 2 2 2 …; 3 ends at once; 4 says 3 and ends then. After the end it would say 2.
    probabilities = torch.eye(5)[[2, 2, 2, 0, 3]].clamp(min=1e-6)
    chain = Scripted(probabilities.tolist())
    written = generate(chain, torch.tensor([[1], [3], [4]]), 4, eos=0)
    assert written.tolist() == [[1, 2, 2, 2, 2], [3, 0, 0, 0, 0], [4, 3, 0, 0, 0]]
    written = generate(chain, torch.tensor([[3], [4]]), 50, eos=0)
    assert written.tolist() == [[3, 0, 0], [4, 3, 0]]
    assert generate(chain, torch.tensor([[3]]), 3).tolist() == [[3, 0, 2, 2]]


def test_a_model_with_a_table_of_six_positions_writes_sixty_tokens():
    model = SPEAKERS["window"]()
    assert generate(model, PROMPT, 60).shape == (3, 62)
    long_prompt = torch.randint(VOCAB, (1, 20))
    assert generate(model, long_prompt, 2)[0, 20] == model(long_prompt[:, -6:])[0, -1].argmax()


def test_each_token_is_read_once():
    model, read = SPEAKERS["sinusoidal"](), []
    model.register_forward_hook(lambda module, inputs, output: read.append(inputs[0].shape[1]))
    generate(model, PROMPT, 5)
    assert read == [2, 1, 1, 1, 1]
    read.clear()
    generate(model, PROMPT, 5, use_cache=False)
    assert read == [2, 3, 4, 5, 6]


def test_a_cold_sampler_speaks_as_greed_does():
    model = SPEAKERS["rotary"]()
    cold = generate(model, PROMPT, 10, choose=Sampler(1e-6))
    assert torch.equal(cold, generate(model, PROMPT, 10))
    warm = generate(model, PROMPT, 10, choose=Sampler(3.0))
    assert not torch.equal(cold, warm)


def test_while_speaking_there_is_no_dropout_and_afterwards_all_is_as_it_was():
    model = language_model(positions=SinusoidalPositions(D_MODEL), dropout=0.5)
    model.encoder.blocks[0].ffn.eval()
    before = [module.training for module in model.modules()]
    assert torch.equal(generate(model, PROMPT, 20), generate(model, PROMPT, 20))
    beam_search(model, PROMPT, 3, eos=0)
    assert [module.training for module in model.modules()] == before
    with pytest.raises(RuntimeError, match="tired"):
        generate(model, PROMPT, 3, choose=give_up)
    assert [module.training for module in model.modules()] == before


def give_up(logits):
    raise RuntimeError("tired")


def test_what_was_written_can_be_trained_on():
    model = SPEAKERS["sinusoidal"]()
    written = generate(model, PROMPT, 5)
    model(written).sum().backward()


# Translating

PAIRS = [
    ("one", "eins"),
    ("two", "zwei"),
    ("one two", "eins zwei"),
    ("two two one", "zwei zwei eins"),
]


@pytest.fixture(scope="module")
def tokenizer():
    text = "\n".join(text for pair in PAIRS * 3 for text in pair)
    return BPETokenizer.train(text, 20, special=["<pad>", "<s>", "</s>"])


@pytest.fixture(scope="module")
def learned(tokenizer):
    """A translator that knows four sentences by heart."""
    torch.manual_seed(0)
    model = Seq2SeqTransformer(tokenizer.vocab_size, d_model=32, n_heads=2, n_layers=1, d_ff=64)
    end, begin, nothing = map(tokenizer.special_id, ("</s>", "<s>", "<pad>"))
    source, source_real = pad([tokenizer.encode(english) for english, _ in PAIRS], nothing)
    german = [tokenizer.encode(text) for _, text in PAIRS]
    target_in, _ = pad([[begin, *words] for words in german], nothing)
    target_out, target_real = pad([[*words, end] for words in german], nothing)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(60):
        logits = model(source, target_in, source_real)
        loss = torch.nn.functional.cross_entropy(logits[target_real], target_out[target_real])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("batch_size", [1, 2, 32])
@pytest.mark.parametrize("use_cache", [True, False])
def test_translations_come_in_the_order_of_the_texts(
    learned, tokenizer, width, batch_size, use_cache
):
    english = ["two two one", "", "one", "two", "one two"]
    german = ["zwei zwei eins", "", "eins", "zwei", "eins zwei"]
    got = translate(
        learned, tokenizer, english, width=width, batch_size=batch_size, use_cache=use_cache
    )
    assert got == german


def test_a_translation_ends_in_time_and_names_no_special_token(tokenizer):
    """A model that has learned nothing says anything, "<pad>" and "<s>" too."""
    torch.manual_seed(0)
    model = Seq2SeqTransformer(tokenizer.vocab_size, d_model=8, n_heads=2, n_layers=1, d_ff=8)
    with torch.no_grad():
        model.embedding.tokens.weight[: len(tokenizer.vocabulary)] *= 0.01
    texts = translate(model, tokenizer, ["one", "two two one"], n_new=3)
    assert not any("<" in text for text in texts)
    assert translate(model, tokenizer, []) == []


def test_a_translation_without_an_end_has_fifty_tokens_more_than_the_longest_source(
    tokenizer, monkeypatch
):
    """Of the sources in its batch (Vaswani et al. 2017, section 6.1)."""
    model = Seq2SeqTransformer(tokenizer.vocab_size, d_model=8, n_heads=2, n_layers=1, d_ff=8)
    (always,) = tokenizer.encode("x")
    endless = torch.zeros(tokenizer.vocab_size, tokenizer.vocab_size)
    endless[:, always] = 1.0
    monkeypatch.setattr(model, "given", lambda ids, mask: Scripted(endless.tolist()), raising=False)
    texts = ["x", "x" * 7, "x" * 11]
    lengths = [len(tokenizer.encode(text)) for text in texts]
    assert lengths == [1, 7, 11]
    together = translate(model, tokenizer, texts, width=1)
    assert together == ["x" * 61] * 3
    one_by_one = translate(model, tokenizer, texts, width=1, batch_size=1)
    assert one_by_one == ["x" * (n + 50) for n in lengths]


def test_a_short_table_of_positions_shortens_translations(tokenizer):
    model = Seq2SeqTransformer(
        tokenizer.vocab_size,
        d_model=8,
        n_heads=2,
        n_layers=1,
        d_ff=8,
        positions=LearnedPositions(9, 8),
    )
    translate(model, tokenizer, ["one"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Sampler(0.0), "temperature.*0.0.*greedy"),
        (lambda: Sampler(-1.0), "temperature.*-1.0"),
        (lambda: Sampler(float("nan")), "temperature.*nan"),
        (lambda: Sampler(top_k=0), "top_k.*0"),
        (lambda: Sampler(top_p=0.0), "top_p.*0.0"),
        (lambda: Sampler(top_p=1.5), "top_p.*1.5"),
        (lambda: Sampler(min_p=-0.1), "min_p.*-0.1"),
        (lambda: generate(GARDEN_PATH, START[:, :0], 3), r"\[1, 0\].*start token"),
        (lambda: generate(GARDEN_PATH, START[0], 3), r"\[1\]"),
        (lambda: generate(GARDEN_PATH, START, -3), "n_new.*-3"),
        (lambda: generate(GARDEN_PATH, START, 3, eos=-1), "eos is a number of 0 or more, got -1"),
        (lambda: beam_search(GARDEN_PATH, START, 3, eos=-1), "eos is a number of 0 or more"),
        (lambda: beam_search(GARDEN_PATH, START, 3, eos=0, width=0), "width.*0"),
        (lambda: beam_search(GARDEN_PATH, START, 3, eos=0, n_best=5), "width=4.*n_best=5"),
        (
            lambda: beam_search(GARDEN_PATH, START, 3, eos=0, alpha=-1.0),
            "alpha.*-1.0",
        ),
    ],
)
def test_errors_name_what_was_given(plain_shapes, wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()


@pytest.mark.parametrize("name", ["n_new", "width", "eos"])
def test_lengths_and_widths_are_whole_numbers(plain_shapes, name):
    given = {"n_new": 3, "eos": 0, name: 1.5}
    with pytest.raises(TypeError, match=rf"{name} is a whole number, got 1\.5"):
        beam_search(GARDEN_PATH, START, **given)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"batch_size": -1}, "batch_size is a number of 1 or more, got -1"),
        ({"batch_size": 0}, "batch_size is a number of 1 or more, got 0"),
        ({"n_new": -1}, "n_new.*-1"),
        ({"width": 0}, "width.*0"),
        ({"alpha": -0.5}, "alpha.*-0.5"),
    ],
)
def test_a_translation_names_what_it_cannot_do(plain_shapes, tokenizer, wrong, named):
    model = Seq2SeqTransformer(tokenizer.vocab_size, d_model=8, n_heads=2, n_layers=1, d_ff=8)
    with pytest.raises(ValueError, match=named):
        translate(model, tokenizer, ["one"], **wrong)


def test_one_text_is_not_a_list_of_texts(plain_shapes, tokenizer):
    with pytest.raises(TypeError, match="'hello'.*\\[ \\]"):
        translate(translator(), tokenizer, "hello")
