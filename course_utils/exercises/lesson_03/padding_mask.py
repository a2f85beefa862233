"""Who is a word, and who only fills the row."""

import math

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "03.padding_mask",
    "Who is a word",
    section="Words that are not there",
    dimensions=("batch", "n"),
    hints=[
        "A place holds a word if its number, counted from 0, is below the sentence's length.",
        "torch.arange(n) is the numbers of the places, [n]. It should be compared with each length "
        "in turn.",
        "lengths[:, None] is [batch, 1]. Compare [n] with it, and torch makes [batch, n].",
    ],
)


@task.answer
def padding_mask(lengths, n):
    ### BEGIN SOLUTION
    return torch.arange(n) < lengths[:, None]
    ### END SOLUTION


@task.cases
def cases(seed):
    yield Case("4, 2 and 0 words in 5 places", (torch.tensor([4, 2, 0]), 5))
    yield Case("no pad at all", (torch.tensor([3, 3]), 3))
    yield Case("a rectangle wider than its longest sentence", (torch.tensor([1, 4, 2]), 6))
    yield Case("as many sentences as places", (torch.tensor([3, 1, 0, 2]), 4))
    yield Case("one sentence", (torch.tensor([2]), 3))
    yield Case("one place", (torch.tensor([0, 1]), 1))
    yield Case("no word at all", (torch.tensor([0, 0]), 2))
    generator = torch.Generator().manual_seed(seed)
    yield Case("five sentences", (torch.randint(0, 5, (5,), generator=generator), 4))
    long = torch.randint(250, 300, (2,), generator=generator)
    yield Case("sentences of more than 250 words", (long, 300))


@task.also_right
def with_loops(lengths, n):
    return torch.tensor([[place < length for place in range(n)] for length in lengths.tolist()])


@task.also_right
def by_filling(lengths, n):
    mask = torch.zeros(len(lengths), n, dtype=torch.bool)
    for row, length in zip(mask, lengths, strict=True):
        row[:length] = True
    return mask


@task.also_right
def compared_the_other_way(lengths, n):
    return lengths.unsqueeze(1) > torch.arange(n).expand(len(lengths), n)


@task.also_right
def not_a_pad(lengths, n):
    return ~torch.ge(torch.arange(n, dtype=torch.int32).view(1, n), lengths.view(-1, 1))


@task.also_right
def counted_down(lengths, n):
    left = lengths[:, None] - torch.ones(len(lengths), n).cumsum(1) + 1
    return left >= 1


@task.also_right
def with_numpy(lengths, n):
    return torch.from_numpy(torch.arange(n).numpy()[None, :] < lengths.numpy()[:, None])


@task.mistake
def inside_out(lengths, n):
    """Your mask is inside out.

    It is True at the pads. In this course True means: a real word, may be looked at. (Libraries
    differ. torch.nn.MultiheadAttention has it your way, SDPA has it ours.)
    """
    return torch.arange(n) >= lengths[:, None]


@task.mistake
def one_too_many(lengths, n):
    """One place too many.

    Places are counted from 0: a sentence of 2 words fills the places 0 and 1, and place 2 is a pad.
    Compare with <.
    """
    return torch.arange(n) <= lengths[:, None]


@task.mistake
def one_too_few(lengths, n):
    """One place too few.

    The last word of each sentence counts as a pad. Places are counted from 0, so the last word of 2
    stands at place 1, and 1 < 2.
    """
    return torch.arange(1, n + 1) < lengths[:, None]


@task.mistake
def pads_first(lengths, n):
    """Your pads come first.

    The right number of words, at the wrong end. Here the words come first, the pads behind.
    """
    return torch.arange(n) >= n - lengths[:, None]


@task.mistake
def words_behind(lengths, n):
    """You made True what lies behind the words.

    Place number `length` is the first pad. A place holds a word if its number is below the length:
    compare with <.
    """
    return torch.arange(n) > lengths[:, None]


@task.mistake
def only_the_border(lengths, n):
    """You marked a single place of each sentence.

    == is True at the first pad alone. All places below the length hold words: compare with <.
    """
    return torch.arange(n) == lengths[:, None]


@task.mistake
def last_word_alone(lengths, n):
    """You marked the last word of each sentence alone.

    mask[i, length - 1] is one place. All places up to there hold words: mask[i, :length]. (And a
    sentence without words has no last one: place −1 is the row's end.)
    """
    return torch.arange(n) == (lengths[:, None] - 1) % n


@task.mistake
def triangle(lengths, n):
    """You made a triangle.

    That is the mask of lesson 05, which goes by places alone. Here row i goes by lengths[i].
    """
    return torch.ones(len(lengths), n, dtype=torch.bool).tril()


@task.mistake
def first_row_alone(lengths, n):
    """You filled the first row alone.

    A return inside a loop ends it after the first round. It belongs behind the loop.
    """
    mask = padding_mask(lengths, n)
    mask[1:] = False
    return mask


@task.mistake
def all_but_the_border(lengths, n):
    """You left out a single place of each sentence.

    != is False at the first pad alone, and True again behind it. Compare with <.
    """
    return torch.arange(n) != lengths[:, None]


@task.mistake
def all_words(lengths, n):
    """You took every place for a word.

    The lengths were never asked. Behind the last word of a sentence there are pads, and they are
    False.
    """
    return torch.ones(len(lengths), n, dtype=torch.bool)


@task.mistake
def no_words(lengths, n):
    """Your mask is False throughout.

    The places below each length must become True. In a loop, write into the mask itself:
    mask[i, :length] = True.
    """
    return torch.zeros(len(lengths), n, dtype=torch.bool)


@task.mistake
def whole_sentences(lengths, n):
    """You asked which sentences have words at all.

    That is one answer for a whole row. Each place wants its own: its number against the length.
    """
    return (lengths > 0)[:, None].expand(len(lengths), n)


@task.mistake
def first_length_for_all(lengths, n):
    """Every sentence got the first one's length.

    Row i goes by lengths[i]. With a new axis, lengths[:, None], each row meets its own.
    """
    return (torch.arange(n) < lengths[0]).expand(len(lengths), n)


@task.mistake
def last_length_for_all(lengths, n):
    """Every sentence got the last one's length.

    Is a variable left over from a loop that is done? Row i goes by lengths[i].
    """
    return (torch.arange(n) < lengths[-1]).expand(len(lengths), n)


@task.mistake
def longest_for_all(lengths, n):
    """Every sentence got the longest one's length.

    lengths.max() is one number for the whole batch. Row i goes by lengths[i].
    """
    return (torch.arange(n) < lengths.max()).expand(len(lengths), n)


@task.mistake
def sorted_lengths(lengths, n):
    """You sorted the sentences.

    Row i is about sentence i, whichever is longer. Leave the lengths in their order.
    """
    return padding_mask(lengths.sort().values, n)


@task.mistake
def first_sentence_alone(lengths, n):
    """You made the mask of one sentence.

    A return inside a loop ends it after the first round. The result has a row for each sentence.
    """
    return torch.arange(n) < lengths[0]


@task.mistake
def on_its_side(lengths, n):
    """Your mask lies on its side.

    The rows should be the sentences, the columns the places: [batch, n]. Give lengths the new axis,
    lengths[:, None], and leave the places as they are.
    """
    return torch.arange(n)[:, None] < lengths


@task.mistake
def for_the_weights(lengths, n):
    """Your mask has an axis too many.

    [batch, 1, n] is what the attention will want, and task 4 makes that of it. This one is
    [batch, n].
    """
    return padding_mask(lengths, n)[:, None, :]


@task.mistake
def for_heads(lengths, n):
    """Your mask has two axes too many.

    [batch, 1, 1, n] is what several heads will want. This one is [batch, n].
    """
    return padding_mask(lengths, n)[:, None, None, :]


@task.mistake
def a_square_for_each(lengths, n):
    """You made a square for every sentence.

    Who may look at whom is asked later. Here each place is a word or a pad: [batch, n].
    """
    words = padding_mask(lengths, n)
    return words[:, None, :] & words[:, :, None]


@task.mistake
def of_numbers(lengths, n):
    """Your mask is made of numbers.

    The ones and zeros are in the right places, but masked_fill and ~ want True and False. A
    comparison already is a boolean; leave it one.
    """
    return padding_mask(lengths, n).float()


@task.mistake
def of_whole_numbers(lengths, n):
    """Your mask is made of whole numbers.

    The ones and zeros are in the right places, but ~1 is −2, which no mask can use. A comparison
    already is a boolean; leave it one.
    """
    return padding_mask(lengths, n).long()


@task.mistake
def of_lists(lengths, n):
    """Your mask is made of lists.

    Every True and False is where it should be. torch.tensor(...) around them makes a mask that ~
    and masked_fill can use.
    """
    return padding_mask(lengths, n).tolist()


@task.mistake
def as_wide_as_the_longest(lengths, n):
    """Your mask is as wide as the longest sentence.

    The rectangle may be wider than that: its width is n.
    """
    return padding_mask(lengths, int(lengths.max()))


@task.mistake
def to_be_added(lengths, n):
    """That is the mask to be added to the scores.

    0 and −∞ are what some libraries add to the scores. Ours says who is real, True or False, and
    leaves the −∞ to the attention.
    """
    return torch.zeros(len(lengths), n).masked_fill(inside_out(lengths, n), -math.inf)
