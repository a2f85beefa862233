"""Lesson 06, teaching it to translate: its four tasks, and the ways in which they go wrong."""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.checks._old import Case, Misconception, Task

# ---- 06.pad_batch --------------------------------------------------------------------------------


def pad_batch(sentences: list[list[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    """Ids [batch, n] filled up with `pad_id`, and the mask [batch, n], True at real tokens."""
    n = max(map(len, sentences))
    ids = torch.full((len(sentences), n), pad_id)
    mask = torch.zeros(len(sentences), n, dtype=torch.bool)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = torch.tensor(sentence, dtype=torch.long)
        mask[row, : len(sentence)] = True
    return ids, mask


def pad_batch_cases(seed: int) -> Iterator[Case]:
    yield Case("4, 2 and 1 tokens, pad 9", ([[5, 3, 8, 2], [4, 2], [7]], 9))
    yield Case("a real token 0, and a pad that is 1", ([[0, 3], [4, 0, 2], [2, 5, 6, 7]], 1))
    yield Case("two of the same length", ([[3, 1, 2], [2, 2, 4]], 0))
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (5,), generator=generator).tolist()
    sentences = [torch.randint(4, 50, (n,), generator=generator).tolist() for n in lengths]
    yield Case("five sentences, pad 2", (sentences, 2))


def pad_batch_with_lists(sentences, pad_id):
    n = max(len(sentence) for sentence in sentences)
    ids = [sentence + [pad_id] * (n - len(sentence)) for sentence in sentences]
    mask = [[True] * len(sentence) + [False] * (n - len(sentence)) for sentence in sentences]
    return torch.tensor(ids), torch.tensor(mask)


def pad_batch_by_torch(sentences, pad_id):
    rows = [torch.tensor(sentence) for sentence in sentences]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad_id)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def _rows(sentences, n: int, pad_id: int, *, in_front: bool = False) -> Tensor:
    def filled(sentence: list[int]) -> list[int]:
        pads = [pad_id] * (n - len(sentence))
        return [*pads, *sentence] if in_front else [*sentence, *pads]

    return torch.tensor([filled(sentence[:n]) for sentence in sentences])


def _longest(sentences) -> int:
    return max(map(len, sentences))


def pads_in_front(sentences, pad_id):
    n = _longest(sentences)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    mask = torch.arange(n) >= n - lengths[:, None]
    return _rows(sentences, n, pad_id, in_front=True), mask


def mask_inside_out(sentences, pad_id):
    ids, mask = pad_batch(sentences, pad_id)
    return ids, ~mask


def mask_by_zero(sentences, pad_id):
    ids, _ = pad_batch(sentences, pad_id)
    return ids, ids != 0


def padded_with_zeros(sentences, pad_id):
    _, mask = pad_batch(sentences, pad_id)
    return pad_batch(sentences, 0)[0], mask


def zeros_and_mask_by_zero(sentences, pad_id):
    ids, _ = pad_batch(sentences, 0)
    return ids, ids != 0


def cut_to_the_shortest(sentences, pad_id):
    ids = _rows(sentences, min(map(len, sentences)), pad_id)
    return ids, torch.ones_like(ids, dtype=torch.bool)


def one_pad_too_many(sentences, pad_id):
    n = _longest(sentences) + 1
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return _rows(sentences, n, pad_id), torch.arange(n) < lengths[:, None]


def mask_of_numbers(sentences, pad_id):
    ids, mask = pad_batch(sentences, pad_id)
    return ids, mask.long()


def mask_of_real_numbers(sentences, pad_id):
    ids, mask = pad_batch(sentences, pad_id)
    return ids, mask.float()


PAD_BATCH = [
    Misconception(
        "your mask is ids != 0",
        mask_by_zero,
        "The pads here have the id pad_id, which is not 0, and 0 may be a real token. So the mask "
        "hides a word and shows the pads. (A well-read tutorial has this bug: the model trains on "
        "its padding, and nothing complains.) Compare with the lengths, or with pad_id.",
    ),
    Misconception(
        "you filled up with zeros",
        padded_with_zeros,
        "The id of the pad is given: pad_id. Zero may be somebody's word.",
    ),
    Misconception(
        "you filled up with zeros, and take every zero for a pad",
        zeros_and_mask_by_zero,
        "The id of the pad is given, pad_id, and it need not be 0. Fill with it; and ask the "
        "lengths for the mask.",
    ),
    Misconception(
        "your mask is inside out",
        mask_inside_out,
        "It is True at the pads. In this course True means a real token.",
    ),
    Misconception(
        "your pads stand in front",
        pads_in_front,
        "Some libraries do that on purpose, when a model is to go on writing at the right edge. "
        "Here the first word stands at place 0, and the pads come behind the last.",
    ),
    Misconception(
        "you cut to the shortest sentence",
        cut_to_the_shortest,
        "That makes a fine rectangle, and throws words away. Fill up to the longest instead.",
    ),
    Misconception(
        "one pad too many",
        one_pad_too_many,
        "The longest sentence needs none. The width is the length of the longest, not one more.",
    ),
    Misconception(
        "your mask holds whole numbers",
        mask_of_numbers,
        "Right places, wrong kind: a mask of True and False selects places, a mask of 1 and 0 "
        "counts as numbers, and ~mask turns 1 into −2. Make it boolean.",
    ),
    Misconception(
        "your mask holds decimal numbers",
        mask_of_real_numbers,
        "Right places, wrong kind: PyTorch's attention adds a mask of decimals to the scores "
        "instead of hiding them. Make it boolean.",
    ),
]

# ---- 06.masked_loss ------------------------------------------------------------------------------


def masked_loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Mean of −log p(target) in nats over the places where `mask` is True.

    logits [batch, n, vocab], targets and mask [batch, n]; a number.
    """
    log_p = logits.log_softmax(dim=-1)
    right = log_p.gather(-1, targets[..., None])[..., 0]  # [batch, n]
    return -right[mask].mean()


def _translations(seed: int) -> Iterator[tuple[str, Tensor, Tensor, Tensor]]:
    """Logits, targets and masks of batches whose sentences differ in length."""
    generator = torch.Generator().manual_seed(seed)
    batches = {
        "2 sentences, 4 and 2 words": ([4, 2], 4, 7),
        "3 sentences, 1, 5 and 3 words": ([1, 5, 3], 5, 11),
        "no pad at all": ([3, 3], 3, 5),
        "a rectangle wider than its longest sentence": ([2, 1, 3, 4], 6, 6),
    }
    for name, (lengths, n, vocab) in batches.items():
        logits = 2 * torch.randn(len(lengths), n, vocab, generator=generator)
        targets = torch.randint(0, vocab, (len(lengths), n), generator=generator)
        mask = torch.arange(n) < torch.tensor(lengths)[:, None]
        yield name, logits, targets.where(mask, torch.tensor(1)), mask
    # e to the 150th is more than a float32 can hold, and e to the −150th less.
    sure = 150 * F.one_hot(torch.tensor([[0, 3, 1]]), 4).float()
    yield (
        "sure, and wrong once",
        sure,
        torch.tensor([[0, 2, 1]]),
        torch.tensor([[True, True, False]]),
    )


def masked_loss_cases(seed: int) -> Iterator[Case]:
    for name, logits, targets, mask in _translations(seed):
        yield Case(name, (logits, targets, mask))


def masked_loss_by_torch(logits, targets, mask):
    return F.cross_entropy(logits[mask], targets[mask])


def masked_loss_by_ignoring(logits, targets, mask):
    targets = targets.masked_fill(~mask, -100)
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=-100)


def masked_loss_with_loops(logits, targets, mask):
    losses = []
    for sentence, words, real in zip(logits, targets, mask, strict=True):
        for scores, word, is_real in zip(sentence, words, real, strict=True):
            if is_real:
                losses.append(torch.logsumexp(scores, dim=0) - scores[word])
    return torch.stack(losses).mean()


def masked_loss_by_weights(logits, targets, mask):
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    weights = mask.flatten().float()
    return (each * weights).sum() / weights.sum()


def _each(logits: Tensor, targets: Tensor) -> Tensor:
    """−log p(target) at each place, [batch, n]."""
    return -logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]


def one_place_on(logits, targets, mask):
    return masked_loss(logits[:, :-1], targets[:, 1:], mask[:, 1:])


MASKED_LOSS = [
    Misconception(
        "your padding is counted",
        lambda logits, targets, mask: _each(logits, targets).mean(),
        "The mean runs over all places, so the model is paid for predicting pads, and it will: "
        "they are the easiest words there are. The loss looks splendid, the German does not. Only "
        "the places where the mask is True count.",
    ),
    Misconception(
        "you divide by all places",
        lambda logits, targets, mask: (_each(logits, targets) * mask).sum() / mask.numel(),
        "The pads add nothing to the sum, which is right, and still stand in the number you divide "
        "by: batches with more padding look better. Divide by mask.sum().",
    ),
    Misconception(
        "you added up and did not divide",
        lambda logits, targets, mask: (_each(logits, targets) * mask).sum(),
        "A sum grows with the batch, so that no two batches can be compared. Divide by the number "
        "of real tokens.",
    ),
    Misconception(
        "you divide by the number of sentences",
        lambda logits, targets, mask: (_each(logits, targets) * mask).sum() / len(mask),
        "That is a loss per sentence, and long sentences have more of it. Wanted is the mean over "
        "tokens: divide by mask.sum().",
    ),
    Misconception(
        "you take the mean of the sentences' means",
        lambda logits, targets, mask: ((_each(logits, targets) * mask).sum(1) / mask.sum(1)).mean(),
        "A word in a short sentence counts for more there than a word in a long one. Add up over "
        "all real tokens of the batch, then divide once.",
    ),
    Misconception(
        "your mask is inside out",
        lambda logits, targets, mask: _each(logits, targets)[~mask].mean(),
        "You count the pads and leave out the words. True means a real token. (Without a pad your "
        "loss is NaN: the mean of nothing.)",
    ),
    Misconception(
        "you set the logits of pads to zero",
        lambda logits, targets, mask: _each(logits * mask[..., None], targets).mean(),
        "Zero logits are a guess like another: each pad now costs ln(vocab) and is counted. Leave "
        "out the place, not its logits.",
    ),
    Misconception(
        "you took the softmax twice",
        lambda logits, targets, mask: F.cross_entropy(logits.softmax(-1)[mask], targets[mask]),
        "F.cross_entropy takes logits and does the softmax itself. Of a softmax's softmax nothing "
        "is left but a slope: the loss hardly moves, whatever the model says.",
    ),
    Misconception(
        "you shifted the targets",
        one_place_on,
        "The targets that you are given are shifted already: target_out at place i is the answer "
        "to target_in at place i. Shifted once more, the model learns to skip a word.",
    ),
    Misconception(
        "you forgot the minus",
        lambda logits, targets, mask: -_each(logits, targets)[mask].mean(),
        "A log-probability is at most 0, and training makes the loss small. With this sign it "
        "would learn to be wrong.",
    ),
    Misconception(
        "you took the log of a softmax, in two steps",
        lambda logits, targets, mask: (
            -logits.softmax(-1).log().gather(-1, targets[..., None])[..., 0][mask].mean()
        ),
        "Right on paper. But a probability of e to the −150th is 0 to a float32, and the log of 0 "
        "is −∞. logits.log_softmax(dim=-1) does both at once and never makes the 0.",
    ),
    Misconception(
        "your loss is in bits",
        lambda logits, targets, mask: _each(logits, targets)[mask].mean() / math.log(2),
        "Right, in another unit: you used log2. PyTorch, and this task, count in nats (ln).",
    ),
]

# ---- 06.smoothed_loss ----------------------------------------------------------------------------


def smoothed_loss(logits: Tensor, targets: Tensor, mask: Tensor, smoothing: float) -> Tensor:
    """Label smoothing as in Vaswani et al. 2017, section 5.4 (the variant of their code).

    The right token is to get 1 − ε, each of the other vocab − 1 tokens ε / (vocab − 1). Mean over
    the places where `mask` is True, in nats.
    """
    vocab = logits.shape[-1]
    log_p = logits.log_softmax(dim=-1)[mask]  # [tokens, vocab]
    right = log_p.gather(-1, targets[mask][:, None])[:, 0]
    others = log_p.sum(dim=-1) - right
    return -((1 - smoothing) * right + smoothing / (vocab - 1) * others).mean()


def smoothed_loss_cases(seed: int) -> Iterator[Case]:
    for (name, *batch), smoothing in zip(
        _translations(seed), (0.1, 0.3, 0.1, 0.0, 0.1), strict=True
    ):
        yield Case(f"{name}, ε = {smoothing}", (*batch, smoothing))


def smoothed_loss_by_table(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    wanted = torch.full_like(logits, smoothing / (vocab - 1))
    wanted.scatter_(-1, targets[..., None], 1 - smoothing)
    each = torch.einsum("bnv,bnv->bn", wanted, -F.log_softmax(logits, dim=-1))
    return (each * mask).sum() / mask.sum()


def smoothed_loss_by_torch(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    theirs = smoothing * vocab / (vocab - 1)
    return F.cross_entropy(logits[mask], targets[mask], label_smoothing=theirs)


def smoothed_loss_with_loops(logits, targets, mask, smoothing):
    total, vocab = 0.0, logits.shape[-1]
    for scores, target in zip(logits[mask], targets[mask], strict=True):
        for token, log_p in enumerate(scores.log_softmax(0)):
            share = 1 - smoothing if token == target else smoothing / (vocab - 1)
            total = total - share * log_p
    return total / mask.sum()


def _asked(share_right: Callable, share_other: Callable) -> Callable:
    """The mean loss when the right token is asked for with one share, each other with another."""

    def loss(logits, targets, mask, smoothing):
        vocab = logits.shape[-1]
        log_p = logits.log_softmax(-1)[mask]
        right = log_p.gather(-1, targets[mask][:, None])[:, 0]
        others = log_p.sum(-1) - right
        return -(
            share_right(smoothing, vocab) * right + share_other(smoothing, vocab) * others
        ).mean()

    return loss


def _entropy(smoothing: float, vocab: int) -> float:
    """Of what is asked for: the floor of the loss."""
    if smoothing == 0:
        return 0.0
    other = smoothing / (vocab - 1)
    return -(1 - smoothing) * math.log(1 - smoothing) - smoothing * math.log(other)


def smoothed_probabilities(logits, targets, mask, smoothing):
    p = logits.softmax(-1)[mask].gather(-1, targets[mask][:, None])[:, 0]
    return -((1 - smoothing) * p + smoothing / (logits.shape[-1] - 1)).log().mean()


def smoothed_at_pads_too(logits, targets, mask, smoothing):
    vocab = logits.shape[-1]
    log_p = logits.log_softmax(-1)
    right = log_p.gather(-1, targets[..., None])[..., 0]
    others = (log_p.sum(-1) - right) * smoothing / (vocab - 1)
    return -((1 - smoothing) * right[mask].sum() + others.sum()) / mask.sum()


SMOOTHED_LOSS = [
    Misconception(
        "nothing is smoothed",
        lambda logits, targets, mask, smoothing: masked_loss(logits, targets, mask),
        "That is right for ε = 0 and for nothing else. Ask for 1 − ε at the right token and for "
        "ε / (vocab − 1) at each other.",
    ),
    Misconception(
        "you share ε among all tokens, the right one too",
        _asked(lambda e, v: 1 - e + e / v, lambda e, v: e / v),
        "That is smoothing as Szegedy et al. 2016 and F.cross_entropy(label_smoothing=…) do it. It "
        "is a little gentler: the right token keeps 1 − ε + ε/vocab. The recipe of 2017 shares ε "
        "among the others only: ε / (vocab − 1) each.",
    ),
    Misconception(
        "every other token gets all of ε",
        _asked(lambda e, v: 1 - e, lambda e, v: e),
        "With 4,000 tokens that asks for 400 times what there is to give away. The others share ε: "
        "ε / (vocab − 1) each, so that all shares add up to one.",
    ),
    Misconception(
        "the right token still gets 1",
        _asked(lambda e, v: 1.0, lambda e, v: e / (v - 1)),
        "What the others get has to come from somewhere: the right token is asked for with 1 − ε.",
    ),
    Misconception(
        "you swapped ε and 1 − ε",
        _asked(lambda e, v: e, lambda e, v: (1 - e) / (v - 1)),
        "Smoothing is what is given away, the small part. The right token keeps 1 − ε.",
    ),
    Misconception(
        "the rest is lost",
        _asked(lambda e, v: 1 - e, lambda e, v: 0.0),
        "You ask for 1 − ε at the right token, and for nothing anywhere else. That only makes the "
        "loss smaller by a factor; no other token gains.",
    ),
    Misconception(
        "you divided by vocab − 2",
        _asked(lambda e, v: 1 - e, lambda e, v: e / (v - 2)),
        "Some programs leave out the pad as well, and so divide by vocab − 2. Here all tokens but "
        "the right one share: vocab − 1.",
    ),
    Misconception(
        "you divided by vocab",
        _asked(lambda e, v: 1 - e, lambda e, v: e / v),
        "There are vocab − 1 others. Divided by vocab, the shares add up to less than one.",
    ),
    Misconception(
        "your smoothing counts the pads",
        smoothed_at_pads_too,
        "The right tokens are taken at real places only, and what the others get is added up over "
        "the pads as well. Leave out the pads first (logits[mask], targets[mask]); then smooth.",
    ),
    Misconception(
        "your padding is counted",
        lambda logits, targets, mask, smoothing: smoothed_loss(
            logits, targets, torch.ones_like(mask), smoothing
        ),
        "Only the places where the mask is True count, in the sum and in the number you divide by.",
    ),
    Misconception(
        "you divide by all places",
        lambda logits, targets, mask, smoothing: (
            smoothed_loss(logits, targets, mask, smoothing) * mask.sum() / mask.numel()
        ),
        "The pads add nothing to the sum, which is right, and still stand in the number you divide "
        "by. Divide by mask.sum(), the number of real tokens.",
    ),
    Misconception(
        "you smoothed the model's answer",
        smoothed_probabilities,
        "It is the target that is smoothed, not the probabilities. There is a loss for each token "
        "of the vocabulary, −log p, and the shares say how much of each.",
    ),
    Misconception(
        "you took the floor off",
        lambda logits, targets, mask, smoothing: (
            smoothed_loss(logits, targets, mask, smoothing) - _entropy(smoothing, logits.shape[-1])
        ),
        "That is the KL divergence: cross-entropy minus the entropy of what was asked for. It has "
        "the same gradient, because the floor is a constant. This task wants the cross-entropy.",
    ),
]

# ---- 06.learning_rate ----------------------------------------------------------------------------


def learning_rate(step: int, d_model: int, warmup: int) -> float:
    """d_model^−½ · min(step^−½, step · warmup^−1½); Vaswani et al. 2017, section 5.3, eq. 3."""
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def learning_rate_cases(seed: int) -> Iterator[Case]:
    yield Case("the first step", (1, 512, 4000))
    yield Case("on the way up", (1000, 512, 4000))
    yield Case("the top", (4000, 512, 4000))
    yield Case("on the way down", (16_000, 512, 4000))
    generator = torch.Generator().manual_seed(seed)
    d_model, warmup = (
        int(torch.randint(low, high, (), generator=generator))
        for low, high in ((50, 300), (20, 90))
    )
    for step in (warmup // 3, warmup, 3 * warmup):
        yield Case(f"step {step}, {warmup} of warm-up", (step, d_model, warmup))


def learning_rate_in_two_parts(step, d_model, warmup):
    top = 1 / math.sqrt(d_model * warmup)
    return top * step / warmup if step <= warmup else top * math.sqrt(warmup / step)


def _rate(shape: Callable) -> Callable:
    return lambda step, d_model, warmup: d_model**-0.5 * shape(step, warmup)


LEARNING_RATE = [
    Misconception(
        "you took the larger one",
        _rate(lambda step, warmup: max(step**-0.5, step * warmup**-1.5)),
        "The climb and the descent cross at the end of the warm-up. The lower of the two is the "
        "hill; the higher one starts at a cliff. min, not max.",
    ),
    Misconception(
        "there is no warm-up",
        _rate(lambda step, warmup: step**-0.5),
        "The descent alone: it starts at its largest, where a fresh model can bear the least.",
    ),
    Misconception(
        "it climbs and never comes down",
        _rate(lambda step, warmup: step * warmup**-1.5),
        "The climb alone: after the warm-up it goes on to the sky. Take the smaller of it and "
        "step^−½.",
    ),
    Misconception(
        "it climbs and stays",
        _rate(lambda step, warmup: min(warmup**-0.5, step * warmup**-1.5)),
        "A plateau at the top's height. After the warm-up the recipe goes down with step^−½.",
    ),
    Misconception(
        "your climb is too steep",
        _rate(lambda step, warmup: min(step**-0.5, step * warmup**-0.5)),
        "step · warmup^−½ meets step^−½ almost at once. At step = warmup both should be "
        "warmup^−½: so the climb is step · warmup^−1½.",
    ),
    Misconception(
        "you climb to 1",
        _rate(lambda step, warmup: min(step**-0.5, step / warmup)),
        "step / warmup is 1 at the end of the warm-up, and step^−½ is far smaller by then. Climb "
        "to where the descent begins: step / warmup · warmup^−½.",
    ),
    Misconception(
        "d_model went missing",
        lambda step, d_model, warmup: min(step**-0.5, step * warmup**-1.5),
        "The shape is right and the height is not: all of it times d_model^−½. Wider models get "
        "smaller steps.",
    ),
    Misconception(
        "you multiplied by the root of d_model",
        lambda step, d_model, warmup: d_model**0.5 * min(step**-0.5, step * warmup**-1.5),
        "Wider models get smaller steps: d_model to the power of −½, not +½.",
    ),
    Misconception(
        "you divided by d_model",
        lambda step, d_model, warmup: min(step**-0.5, step * warmup**-1.5) / d_model,
        "By its root: d_model to the power of −½.",
    ),
    Misconception(
        "you count from 0",
        lambda step, d_model, warmup: learning_rate(step + 1, d_model, warmup),
        "Your rate is that of the next step. Here the first step is number 1 already, so nothing "
        "has to be added.",
    ),
]

TASKS = [
    Task(
        id="06.pad_batch",
        title="A rectangle of sentences",
        reference=pad_batch,
        cases=pad_batch_cases,
        dimensions=("batch", "n"),
        misconceptions=PAD_BATCH,
        hints=[
            "How wide must the rectangle be, so that no word is lost and no column is all pads?",
            "Begin with a full table: torch.full((len(sentences), n), pad_id). Then write each "
            "sentence over the beginning of its row.",
            "The mask knows nothing of ids: row i is True at its first len(sentences[i]) places. "
            "torch.arange(n) < lengths[:, None] says that for all rows at once.",
        ],
        alternatives=[pad_batch_with_lists, pad_batch_by_torch],
        praise="Right. (Should your mask ask the ids: a real token with the pad's id would fool "
        "it. The lengths are never fooled.)",
    ),
    Task(
        id="06.masked_loss",
        title="Only words count",
        reference=masked_loss,
        cases=masked_loss_cases,
        misconceptions=MASKED_LOSS,
        hints=[
            "At one place the loss is minus the log of the probability that the model gave to the "
            "right token. logits.log_softmax(dim=-1) has those logs for every token.",
            "Boolean masks select: logits[mask] is [real tokens, vocab], targets[mask] is "
            "[real tokens]. What is left has no pads to be careful about.",
            "gather picks one number a row: log_p.gather(-1, targets[:, None])[:, 0]. Or leave it "
            "all to F.cross_entropy, which takes logits, not probabilities.",
        ],
        alternatives=[
            masked_loss_by_torch,
            masked_loss_by_ignoring,
            masked_loss_with_loops,
            masked_loss_by_weights,
        ],
        gradient=True,
        praise="Right. Nobody is paid for pads.",
    ),
    Task(
        id="06.smoothed_loss",
        title="A little less sure",
        reference=smoothed_loss,
        cases=smoothed_loss_cases,
        misconceptions=SMOOTHED_LOSS,
        hints=[
            "Without smoothing you ask for probability 1 at the right token, so only its −log p "
            "counts. With it you ask a little of every token: the loss is a weighted sum of all "
            "−log p.",
            "The weights: 1 − ε at the right token, ε / (vocab − 1) at each other. For five tokens "
            "and ε = 0.1 that is 0.9, and four times 0.025.",
            "You need two sums for each place: right = log p of the right token, and others = "
            "log_p.sum(-1) - right. Then −((1 − ε)·right + ε / (vocab − 1)·others), and the mean "
            "over real places.",
        ],
        alternatives=[smoothed_loss_by_table, smoothed_loss_by_torch, smoothed_loss_with_loops],
        gradient=True,
        praise="Right: nine parts truth, one part doubt, shared out fairly.",
    ),
    Task(
        id="06.learning_rate",
        title="Up the hill and down",
        reference=learning_rate,
        cases=learning_rate_cases,
        misconceptions=LEARNING_RATE,
        hints=[
            "Two curves: one climbs in a straight line, one falls with one over the root of the "
            "step. The rate is the lower of them.",
            "They meet at step = warmup, where both are warmup^−½.",
            "Python writes x^−½ as x**-0.5. All of it is multiplied by d_model**-0.5.",
        ],
        alternatives=[learning_rate_in_two_parts],
        praise="Right. At step 4,000 with 512 numbers that is 0.0007, the top of 2017.",
    ),
]
