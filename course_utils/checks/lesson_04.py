"""Lesson 04, many heads and the encoder block: split, attend, merge, normalise, assemble."""

import torch
import torch.nn.functional as F

from course_utils.checks._old import Case, Misconception, Task


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# 1. Deal the numbers out


def split_heads(x, n_heads):
    batch, n, d_model = x.shape
    return x.view(batch, n, n_heads, d_model // n_heads).transpose(1, 2)


def split_heads_cases(seed):
    # No two sizes of a case are equal, so that dimensions in the wrong place show.
    for batch, n, d_model, n_heads in ((2, 5, 12, 4), (1, 3, 8, 2), (3, 4, 10, 5)):
        yield Case(
            f"{batch} sentences of {n} words, {d_model} numbers, {n_heads} heads",
            (normal(seed, batch, n, d_model), n_heads),
        )


def reshaped_at_once(x, n_heads):
    batch, n, d_model = x.shape
    return x.reshape(batch, n_heads, n, d_model // n_heads)


def dealt_like_cards(x, n_heads):
    return x.unflatten(-1, (-1, n_heads)).permute(0, 3, 1, 2)


def not_swapped(x, n_heads):
    return x.unflatten(-1, (n_heads, -1))


def heads_before_batch(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).permute(2, 0, 1, 3)


def numbers_before_words(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).permute(0, 2, 3, 1)


def split_by_slices(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


def split_by_loops(x, n_heads):
    d_head = x.shape[-1] // n_heads
    heads = [x[:, :, head * d_head : (head + 1) * d_head] for head in range(n_heads)]
    return torch.stack(heads).transpose(0, 1)


# 2. Collect them again


def merge_heads(x):
    batch, n_heads, n, d_head = x.shape
    return x.transpose(1, 2).reshape(batch, n, n_heads * d_head)


def merge_heads_cases(seed):
    for batch, n_heads, n, d_head in ((2, 4, 5, 3), (1, 2, 3, 4), (3, 5, 4, 2)):
        yield Case(
            f"{n_heads} heads of {d_head} numbers, {n} words",
            (normal(seed, batch, n_heads, n, d_head),),
        )


def merged_without_swapping(x):
    batch, n_heads, n, d_head = x.shape
    return x.reshape(batch, n, n_heads * d_head)


def mean_of_heads(x):
    return x.mean(dim=1)


def sum_of_heads(x):
    return x.sum(dim=1)


def woven_heads(x):
    return x.permute(0, 2, 3, 1).flatten(2)


def swapped_and_left(x):
    return x.transpose(1, 2)


def merge_by_cat(x):
    return torch.cat(x.unbind(dim=1), dim=-1)


# 3. All heads at once


def multi_head_attention(query, key, value, n_heads):
    query, key, value = (split_heads(x, n_heads) for x in (query, key, value))
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    return merge_heads(scores.softmax(dim=-1) @ value)


def multi_head_cases(seed):
    for batch, n_query, n_key, d_model, n_heads in (
        (2, 3, 5, 12, 3),
        (1, 4, 4, 8, 4),
        (2, 5, 2, 6, 2),
    ):
        yield Case(
            f"{n_query} words ask {n_key}, {n_heads} heads",
            (
                2 * normal(seed, batch, n_query, d_model),
                normal(seed + 1, batch, n_key, d_model),
                normal(seed + 2, batch, n_key, d_model),
                n_heads,
            ),
        )


def attend(
    query, key, value, n_heads, *, split=split_heads, merge=merge_heads, divisor=None, axis=-1
):
    """The right way, with something to get wrong in each keyword."""
    query, key, value = (split(x, n_heads) for x in (query, key, value))
    root = query.shape[-1] ** 0.5 if divisor is None else divisor
    return merge((query @ key.transpose(-2, -1) / root).softmax(dim=axis) @ value)


def root_of_d_model(query, key, value, n_heads):
    return attend(query, key, value, n_heads, divisor=query.shape[-1] ** 0.5)


def no_root(query, key, value, n_heads):
    return attend(query, key, value, n_heads, divisor=1)


def divided_by_d_head(query, key, value, n_heads):
    return attend(query, key, value, n_heads, divisor=query.shape[-1] // n_heads)


def one_big_head(query, key, value, n_heads):
    return attend(query, key, value, 1)


def one_big_head_with_a_small_root(query, key, value, n_heads):
    return attend(query, key, value, 1, divisor=(query.shape[-1] // n_heads) ** 0.5)


def one_big_head_without_a_root(query, key, value, n_heads):
    return attend(query, key, value, 1, divisor=1)


def softmax_over_queries(query, key, value, n_heads):
    return attend(query, key, value, n_heads, axis=-2)


def softmax_over_heads(query, key, value, n_heads):
    return attend(query, key, value, n_heads, axis=1)


def merged_badly(query, key, value, n_heads):
    return attend(query, key, value, n_heads, merge=merged_without_swapping)


def split_and_merged_badly(query, key, value, n_heads):
    return attend(query, key, value, n_heads, split=reshaped_at_once, merge=merged_without_swapping)


def keys_for_values(query, key, value, n_heads):
    return attend(query, key, key, n_heads)


def every_head_with_sdpa(query, key, value, n_heads):
    heads = (split_heads(x, n_heads) for x in (query, key, value))
    return merge_heads(F.scaled_dot_product_attention(*heads))


def heads_one_by_one(query, key, value, n_heads):
    d_head = query.shape[-1] // n_heads
    outputs = []
    for head in range(n_heads):
        part = slice(head * d_head, (head + 1) * d_head)
        q, k, v = query[..., part], key[..., part], value[..., part]
        outputs.append((q @ k.mT / d_head**0.5).softmax(-1) @ v)
    return torch.cat(outputs, dim=-1)


def heads_by_einsum(query, key, value, n_heads):
    q, k, v = (x.unflatten(-1, (n_heads, -1)) for x in (query, key, value))
    weights = (torch.einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2)


# 4. Layer norm


def layer_norm(x, scale, shift, eps=1e-5):
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * scale + shift


def layer_norm_cases(seed):
    for batch, n, d in ((2, 3, 5), (1, 4, 8), (2, 6, 3)):
        x = 3 * normal(seed, batch, n, d) + 2
        yield Case(
            f"{batch} × {n} words of {d} numbers",
            (x, 1 + normal(seed + 1, d).abs(), normal(seed + 2, d)),
        )
    small = 0.01 * normal(seed, 1, 2, 4)  # where the place of eps shows
    yield Case("tiny numbers", (small, torch.ones(4), torch.zeros(4)), {"eps": 1e-3})


def centred(x, *, dims=(-1,)):
    return x - x.mean(dim=dims, keepdim=True)


def over_the_words(x, scale, shift, eps=1e-5):
    rest = centred(x, dims=(1,))
    return rest / torch.sqrt(rest.square().mean(1, keepdim=True) + eps) * scale + shift


def over_the_sentence(x, scale, shift, eps=1e-5):
    rest = centred(x, dims=(1, 2))
    return rest / torch.sqrt(rest.square().mean((1, 2), keepdim=True) + eps) * scale + shift


def divided_by_n_minus_one(x, scale, shift, eps=1e-5):
    return centred(x) / torch.sqrt(x.var(-1, keepdim=True) + eps) * scale + shift


def eps_outside_the_root(x, scale, shift, eps=1e-5):
    spread = x.std(-1, keepdim=True, correction=0)
    return centred(x) / (spread + eps) * scale + shift


def eps_forgotten(x, scale, shift, eps=1e-5):
    return centred(x) / x.std(-1, keepdim=True, correction=0) * scale + shift


def std_as_torch_has_it(x, scale, shift, eps=1e-5):
    return centred(x) / (x.std(-1, keepdim=True) + eps) * scale + shift


def not_scaled_nor_shifted(x, scale, shift, eps=1e-5):
    return centred(x) / torch.sqrt(centred(x).square().mean(-1, keepdim=True) + eps)


def over_everything(x, scale, shift, eps=1e-5):
    rest = x - x.mean()
    return rest / torch.sqrt(rest.square().mean() + eps) * scale + shift


def divided_by_the_variance(x, scale, shift, eps=1e-5):
    return centred(x) / (x.var(-1, keepdim=True, correction=0) + eps) * scale + shift


def mean_left_in(x, scale, shift, eps=1e-5):
    return x / torch.sqrt(x.var(-1, keepdim=True, correction=0) + eps) * scale + shift


def root_mean_square(x, scale, shift, eps=1e-5):
    return x / torch.sqrt(x.square().mean(-1, keepdim=True) + eps) * scale + shift


def shifted_then_scaled(x, scale, shift, eps=1e-5):
    return (F.layer_norm(x, x.shape[-1:], eps=eps) + shift) * scale


def torch_layer_norm(x, scale, shift, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], scale, shift, eps)


def layer_norm_word_by_word(x, scale, shift, eps=1e-5):
    words = [
        (word - word.mean()) / (((word - word.mean()) ** 2).mean() + eps) ** 0.5 * scale + shift
        for word in x.flatten(0, 1)
    ]
    return torch.stack(words).view_as(x)


# 5. The block, pre-norm


def pre_norm_block(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    return x + ffn(norm_2(x))


def mean_mixer(x):
    """Every word hears the mean of all."""
    return x.mean(dim=1, keepdim=True).expand_as(x) * 1.5


def bend(x):
    return torch.tanh(2 * x) + 0.1


def halve(x):
    return 0.5 * x - 1


def normalise(x):
    return F.layer_norm(x, x.shape[-1:])


def block_cases(seed):
    for batch, n, d in ((2, 3, 4), (1, 5, 6)):
        x = 2 * normal(seed, batch, n, d) + 1
        yield Case(f"{batch} × {n} words of {d}", (x, mean_mixer, bend, normalise, halve))
    yield Case("other parts", (normal(seed, 1, 4, 3), bend, mean_mixer, halve, normalise))


def post_norm(x, mixer, ffn, norm_1, norm_2):
    x = norm_1(x + mixer(x))
    return norm_2(x + ffn(x))


def no_residuals(x, mixer, ffn, norm_1, norm_2):
    return ffn(norm_2(mixer(norm_1(x))))


def residual_of_the_normed(x, mixer, ffn, norm_1, norm_2):
    x = norm_1(x)
    x = norm_2(x + mixer(x))
    return x + ffn(x)


def side_by_side(x, mixer, ffn, norm_1, norm_2):
    return x + mixer(norm_1(x)) + ffn(norm_2(x))


def parts_normed(x, mixer, ffn, norm_1, norm_2):
    x = x + norm_1(mixer(x))
    return x + norm_2(ffn(x))


def second_residual_missing(x, mixer, ffn, norm_1, norm_2):
    x = x + mixer(norm_1(x))
    return ffn(norm_2(x))


def second_residual_from_the_start(x, mixer, ffn, norm_1, norm_2):
    mixed = x + mixer(norm_1(x))
    return x + ffn(norm_2(mixed))


def norms_swapped(x, mixer, ffn, norm_1, norm_2):
    return pre_norm_block(x, mixer, ffn, norm_2, norm_1)


def thinks_first(x, mixer, ffn, norm_1, norm_2):
    x = x + ffn(norm_2(x))
    return x + mixer(norm_1(x))


def block_step_by_step(x, mixer, ffn, norm_1, norm_2):
    heard = mixer(norm_1(x))
    after_listening = torch.add(heard, x)
    thought = ffn(norm_2(after_listening))
    return torch.add(thought, after_listening)


TASKS = [
    Task(
        id="04.split_heads",
        title="Deal the numbers out",
        reference=split_heads,
        cases=split_heads_cases,
        dimensions=("batch", "n_heads", "n", "d_head"),
        misconceptions=[
            Misconception(
                "you reshaped at once",
                reshaped_at_once,
                "The shape is right and the words are mixed: reshape reads the numbers in the "
                "order of memory, so your first head holds whole first words. Split the last "
                "dimension alone, then swap words and heads.",
            ),
            Misconception(
                "you dealt the numbers like cards",
                dealt_like_cards,
                "Head 0 got numbers 0, n_heads, 2·n_heads, … It should get the first d_head "
                "numbers in a row: split the last dimension into (n_heads, d_head), in this order.",
            ),
            Misconception(
                "words and heads were not swapped",
                not_swapped,
                "You have batch × n × n_heads × d_head. Each head should see all its words in one "
                "piece, so the heads come before the words: .transpose(1, 2).",
            ),
            Misconception(
                "you put the heads in front of the batch",
                heads_before_batch,
                "The batch stays the first dimension; the heads come second.",
            ),
            Misconception(
                "words and numbers changed places",
                numbers_before_words,
                "The last dimension should be the d_head numbers of a word, the one before it the "
                "words.",
            ),
        ],
        hints=[
            "Two steps: cut the last dimension into two, then swap two dimensions.",
            "x.unflatten(-1, (n_heads, -1)) makes batch × n × n_heads × d_head.",
            ".transpose(1, 2) swaps dimensions 1 and 2: words and heads.",
        ],
        alternatives=[split_by_slices, split_by_loops],
        praise="Right: every head has its own share of every word.",
    ),
    Task(
        id="04.merge_heads",
        title="And collect them again",
        reference=merge_heads,
        cases=merge_heads_cases,
        dimensions=("batch", "n", "d_model"),
        misconceptions=[
            Misconception(
                "you did not swap heads and words back",
                merged_without_swapping,
                "The shape is right, but a word's numbers now come from several words of one head. "
                "First .transpose(1, 2), then flatten.",
            ),
            Misconception(
                "you took the mean of the heads",
                mean_of_heads,
                "Then what they found separately is stirred together again. Put their numbers side "
                "by side.",
            ),
            Misconception(
                "you added the heads up",
                sum_of_heads,
                "Then what they found separately is stirred together again. Put their numbers next "
                "to each other.",
            ),
            Misconception(
                "you wove the heads' numbers together",
                woven_heads,
                "Head 0's numbers stay together and come first, then head 1's, and so on.",
            ),
            Misconception(
                "you swapped and stopped there",
                swapped_and_left,
                "Now heads and numbers are neighbours: flatten these last two dimensions into one.",
            ),
        ],
        hints=[
            "Undo your splitting, the last step first.",
            ".transpose(1, 2) makes batch × n × n_heads × d_head.",
            ".flatten(2) joins the last two dimensions (or .reshape; .view refuses after a "
            "transpose).",
        ],
        alternatives=[merge_by_cat],
        praise="Right. Split, then merge, and nothing has moved.",
    ),
    Task(
        id="04.multi_head_attention",
        title="All heads at once",
        reference=multi_head_attention,
        cases=multi_head_cases,
        dimensions=("batch", "n_query", "d_model"),
        gradient=True,
        misconceptions=[
            Misconception(
                "you divided by the root of d_model",
                root_of_d_model,
                "Each head's dot product adds up d_head products, not d_model. The size that you "
                "want to undo is √d_head.",
            ),
            Misconception(
                "you did not divide by a root",
                no_root,
                "Scores of d_head products are about √d_head in size. Undivided, the softmax picks "
                "winners by luck (lesson 03).",
            ),
            Misconception(
                "you divided by d_head, not by its root",
                divided_by_d_head,
                "That makes the scores too small, and everybody listens to everybody alike. "
                "The root: d_head ** 0.5.",
            ),
            Misconception(
                "you used one big head",
                one_big_head,
                "All d_model numbers went into one softmax. Split queries, keys and values first.",
            ),
            Misconception(
                "there is only one head, and its root is that of a small one",
                one_big_head_with_a_small_root,
                "√d_head is right for scores of d_head numbers, but yours are of all d_model: "
                "nothing was split. Split queries, keys and values first.",
            ),
            Misconception(
                "there is only one head, and no root",
                one_big_head_without_a_root,
                "All d_model numbers went into one softmax, undivided. Split queries, keys and "
                "values first; then divide each head's scores by √d_head.",
            ),
            Misconception(
                "the softmax runs over the queries",
                softmax_over_queries,
                "Each query shares its attention out among the keys, so each row adds up to one: "
                "dim=-1.",
            ),
            Misconception(
                "the softmax runs over the heads",
                softmax_over_heads,
                "Then the heads compete with each other. Each of them has a softmax of its own, "
                "over the keys: dim=-1.",
            ),
            Misconception(
                "you merged without swapping back",
                merged_badly,
                "The heads' results are batch × n_heads × n × d_head. Swap heads and words before "
                "you flatten: your merge_heads does.",
            ),
            Misconception(
                "you reshaped at once, in and out",
                split_and_merged_badly,
                "Every shape is right, nothing complains, and each head sees pieces of different "
                "words. Use your split_heads and merge_heads.",
            ),
            Misconception(
                "you averaged the keys",
                keys_for_values,
                "Keys say who is interesting. What is handed over is the value.",
            ),
        ],
        hints=[
            "Split all three, attend as in lesson 03, merge.",
            "query @ key.transpose(-2, -1) works on the last two dimensions, for all heads.",
            "d_head is the last dimension after splitting: query.shape[-1].",
        ],
        alternatives=[every_head_with_sdpa, heads_one_by_one, heads_by_einsum],
        praise="Right. As many conversations as heads, at the price of one.",
    ),
    Task(
        id="04.layer_norm",
        title="Layer norm",
        reference=layer_norm,
        cases=layer_norm_cases,
        dimensions=("batch", "n", "d"),
        gradient=True,
        misconceptions=[
            Misconception(
                "you normalised over the words",
                over_the_words,
                "Then what happens to one word depends on its neighbours. Each word by itself, "
                "over its own d numbers: dim=-1.",
            ),
            Misconception(
                "you normalised over the whole sentence",
                over_the_sentence,
                "Each word has its own mean and spread, over its d numbers alone: dim=-1.",
            ),
            Misconception(
                "x.std() is not quite it",
                std_as_torch_has_it,
                "Two small things at once: torch's std divides by d − 1 unless told otherwise "
                "(correction=0), and eps belongs under the root, beside the variance.",
            ),
            Misconception(
                "scale and shift are missing",
                not_scaled_nor_shifted,
                "The numbers are at mean 0 and spread 1, as they should be. Now times scale, plus "
                "shift: two learned vectors, d numbers each.",
            ),
            Misconception(
                "one mean for everything",
                over_everything,
                "x.mean() without a dim runs over words and sentences as well. Each word has its "
                "own mean and spread, over its d numbers: dim=-1, keepdim=True.",
            ),
            Misconception(
                "you divided by d − 1",
                divided_by_n_minus_one,
                "torch's .var and .std divide by d − 1 unless told otherwise (correction=0). "
                "Here it is d: these are all the numbers, not a sample of them.",
            ),
            Misconception(
                "eps stands outside the root",
                eps_outside_the_root,
                "It is added to the variance, under the root. For tiny numbers that matters.",
            ),
            Misconception(
                "eps is missing",
                eps_forgotten,
                "A word of equal numbers has spread 0, and 0/0 is NaN. Add eps under the root.",
            ),
            Misconception(
                "you divided by the variance",
                divided_by_the_variance,
                "The variance is the spread squared. Take its root.",
            ),
            Misconception(
                "the mean is still in",
                mean_left_in,
                "You measured the spread around the mean, and then divided x itself. Subtract the "
                "mean first.",
            ),
            Misconception(
                "you wrote RMSNorm",
                root_mean_square,
                "It never subtracts the mean. Many recent models do without; this one does not.",
            ),
            Misconception(
                "you shifted before you stretched",
                shifted_then_scaled,
                "The shift comes last and is not stretched: normalised · scale + shift.",
            ),
        ],
        hints=[
            "x.mean(dim=-1, keepdim=True) is one mean for each word, in a shape that subtracts.",
            "The variance is the mean of (x − mean)², for each word.",
            "(x − mean) / torch.sqrt(variance + eps) * scale + shift",
        ],
        alternatives=[torch_layer_norm, layer_norm_word_by_word],
        praise="Right, to the last eps.",
    ),
    Task(
        id="04.pre_norm_block",
        title="The block, pre-norm",
        reference=pre_norm_block,
        cases=block_cases,
        dimensions=("batch", "n", "d"),
        gradient=True,
        misconceptions=[
            Misconception(
                "you wrote the post-norm block",
                post_norm,
                "That is the paper of 2017, and the lesson's. Pre-norm normalises what goes into a "
                "part, and leaves the sum alone: x + mixer(norm_1(x)).",
            ),
            Misconception(
                "the residuals are missing",
                no_residuals,
                "Twelve of those and all words are one. Add what you had: x + …",
            ),
            Misconception(
                "you added the normalised x",
                residual_of_the_normed,
                "The road of the residual must stay free: x itself is added, and only the part's "
                "input is normalised.",
            ),
            Misconception(
                "listening and thinking happen side by side",
                side_by_side,
                "Some models do that, to save time. Here each word thinks about what it has heard: "
                "the second half starts from the sum of the first.",
            ),
            Misconception(
                "you normalised what comes out of the parts",
                parts_normed,
                "Pre-norm means before: mixer(norm_1(x)), not norm_1(mixer(x)).",
            ),
            Misconception(
                "the second residual is missing",
                second_residual_missing,
                "The thinking is added, too, to what the word has after listening.",
            ),
            Misconception(
                "the second residual starts from the beginning",
                second_residual_from_the_start,
                "What was heard gets lost: add the thinking to x after listening, not to the first "
                "x.",
            ),
            Misconception(
                "the norms are swapped",
                norms_swapped,
                "norm_1 belongs in front of the mixer, norm_2 in front of the thinking. Trained "
                "norms are not interchangeable.",
            ),
            Misconception(
                "it thinks first",
                thinks_first,
                "First the mixer, then the thinking.",
            ),
        ],
        hints=[
            "Two lines, one for listening and one for thinking, and both begin with x +.",
            "What goes into the mixer is norm_1(x).",
            "x = x + mixer(norm_1(x)), and the same with ffn and norm_2.",
        ],
        alternatives=[block_step_by_step],
        praise="Right. Stack six and you have an encoder.",
    ),
]
