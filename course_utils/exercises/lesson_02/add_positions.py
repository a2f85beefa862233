"""Write the places on the words."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_02.common import normal
from course_utils.exercises.lesson_02.sinusoidal import sinusoidal

task = Task(
    "02.add_positions",
    "Write the places on the words",
    section="Adding it to a word",
    dimensions=("batch", "n", "d"),
    hints=[
        "n and d are in x.shape; the table has more rows than you need.",
        "table[:n] is n × d. Added to batch × n × d it goes to every sentence by itself.",
        "x * d ** 0.5 + table[:n]",
    ],
    praise="Right, and the caller's x is as it was.",
)


@task.answer
def add_positions(x, table):
    ### BEGIN SOLUTION
    n, d = x.shape[1:]
    return x * d**0.5 + table[:n]
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = [(2, 3, 12, 6), (1, 4, 6, 9), (3, 5, 2, 7), (2, 4, 5, 4), (2, 1, 3, 4), (3, 3, 3, 5)]
    for batch, n, d, max_n in sizes:
        name = f"{batch} sentences of {n} words of {d} numbers, {max_n} places"
        yield Case(name, (normal(generator, batch, n, d), normal(generator, max_n, d)))
    x, table = normal(generator, 2, 3, 4), normal(generator, 7, 4)
    yield Case("small numbers", (x / 1000, table / 1000))
    yield Case("large numbers", (1000 * x, table))
    yield Case("words of a single number", (x[..., :1], table[:, :1]))


@task.also_right
def by_loops(x, table):
    rows = [
        [word * math.sqrt(len(word)) + table[place] for place, word in enumerate(sentence)]
        for sentence in x
    ]
    return torch.stack([torch.stack(row) for row in rows])


@task.also_right
def in_its_own_copy(x, table):
    result = x.clone()
    result *= math.sqrt(x.shape[2])
    for place in range(x.shape[1]):
        result[:, place] += table[place]
    return result


@task.also_right
def with_numpy(x, table):
    return torch.from_numpy(x.numpy() * x.shape[-1] ** 0.5 + table.numpy()[None, : x.shape[1]])


@task.also_right
def by_index(x, table):
    places = torch.arange(x.size(1)).expand(x.size(0), -1)
    return torch.add(table[places], x.double(), alpha=x.size(-1) ** 0.5)


@task.mistake
def words_not_scaled(x, table):
    """You did not scale the words.

    The words are multiplied by √d first, or the places speak as loudly as they do.
    """
    return x + table[: x.shape[1]]


@task.mistake
def both_scaled(x, table):
    """You scaled the places as well.

    Only the words are multiplied by √d. Scaling the sum leaves words and places as loud as before,
    compared with each other.
    """
    return (x + table[: x.shape[1]]) * x.shape[-1] ** 0.5


@task.mistake
def places_scaled(x, table):
    """You scaled the places instead of the words.

    It is the words that would drown. They are multiplied by √d, the table is added as it is.
    """
    return x + table[: x.shape[1]] * x.shape[-1] ** 0.5


@task.mistake
def divided_by_the_root(x, table):
    """You divided by √d.

    Attention scores are divided by a root; words are multiplied by one.
    """
    return x / x.shape[-1] ** 0.5 + table[: x.shape[1]]


@task.mistake
def scaled_by_d(x, table):
    """You scaled by d, not by its root.

    √d is d ** 0.5, or math.sqrt(d).
    """
    return x * x.shape[-1] + table[: x.shape[1]]


@task.mistake
def half_of_d(x, table):
    """Your root is a half.

    d ** 1 / 2 is (d ** 1) / 2: powers come before divisions. Write d ** 0.5.
    """
    return x * x.shape[-1] / 2 + table[: x.shape[1]]


@task.mistake
def root_of_n(x, table):
    """You took the root of the number of words.

    x is batch × n × d. d is the last dimension, x.shape[-1].
    """
    return x * x.shape[1] ** 0.5 + table[: x.shape[1]]


@task.mistake
def root_of_the_batch(x, table):
    """You took the root of the number of sentences.

    x is batch × n × d. d is the last dimension, x.shape[-1], and not x.shape[0] or len(x).
    """
    return x * x.shape[0] ** 0.5 + table[: x.shape[1]]


@task.mistake
def root_of_the_table(x, table):
    """You took the root of the number of places.

    len(table) is max_n. d is the last dimension of both, x.shape[-1].
    """
    return x * len(table) ** 0.5 + table[: x.shape[1]]


@task.mistake
def root_of_the_words(x, table):
    """You took the root of the words themselves.

    x ** 0.5 is the root of every number in x, and NaN where it is negative. Multiply x by the root
    of d.
    """
    return x * x**0.5 + table[: x.shape[1]]


@task.mistake
def places_not_added(x, table):
    """You forgot the places.

    The words are scaled. The rows of the table are still to be added: + table[:n].
    """
    return x * x.shape[-1] ** 0.5


@task.mistake
def words_forgotten(x, table):
    """You returned the places alone.

    They are the right ones. They are to be added to the words, which come first.
    """
    return table[: x.shape[1]].expand_as(x)


@task.mistake
def places_subtracted(x, table):
    """You subtracted the places.

    The rows of the table are added: + table[:n].
    """
    return x * x.shape[-1] ** 0.5 - table[: x.shape[1]]


@task.mistake
def places_multiplied(x, table):
    """You multiplied words and places.

    A place of zeros would wipe its word out. The rows of the table are added.
    """
    return x * x.shape[-1] ** 0.5 * table[: x.shape[1]]


@task.mistake
def places_appended(x, table):
    """You put the places beside the words.

    They are d numbers more then, 2d in all. The rows of the table are added to the words: n × d
    stays n × d.
    """
    rows = table[: x.shape[1]].expand_as(x)
    return torch.cat([x * x.shape[-1] ** 0.5, rows], dim=-1)


@task.mistake
def last_rows(x, table):
    """You took the last rows of the table.

    The first word stands at place 0, so the first n rows: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[-x.shape[1] :]


@task.mistake
def places_turned(x, table):
    """Your places run backwards.

    The first word stands at place 0, so row 0 goes to it: table[:n], as it lies.
    """
    return x * x.shape[-1] ** 0.5 + table[: x.shape[1]].flip(0)


@task.mistake
def places_from_one(x, table):
    """Your first place is place 1.

    The first word stands at place 0, so row 0 goes to it: table[:n]. (You began again at the top
    where the table ended, or got an error there.)
    """
    return x * x.shape[-1] ** 0.5 + table.roll(-1, dims=0)[: x.shape[1]]


@task.mistake
def row_1_onwards(x, table):
    """You left out row 0 of the table.

    table[1 : n + 1] gives place 1 to the first word, and where the table has just n rows, one row
    is missing. The first n rows are table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[1 : x.shape[1] + 1]


@task.mistake
def the_whole_table(x, table):
    """You added the whole table.

    It has max_n rows, and a sentence has n words. That fits only when they are as many. Take the
    first n: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table


@task.mistake
def one_place_for_all(x, table):
    """Every word got the same place.

    You added row 0 to all of them. Each word needs its own row: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[0]


@task.mistake
def last_place_for_all(x, table):
    """Every word got the last word's place.

    table[n − 1] is one row. Each word needs its own: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[x.shape[1] - 1]


@task.mistake
def all_places_for_all(x, table):
    """Every word got all the places.

    You added the sum of the rows to each word. Word i gets row i alone: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[: x.shape[1]].sum(0)


@task.mistake
def places_for_the_first_sentence(x, table):
    """Only the first sentence got its places.

    Place 0 begins anew in every sentence. Without an index in front, + table[:n] goes to all.
    """
    result = x * x.shape[-1] ** 0.5
    result[0] += table[: x.shape[1]]
    return result


@task.mistake
def place_of_the_sentence(x, table):
    """You gave places to the sentences.

    The first dimension of x counts sentences, the second counts words. Word number 0 of every
    sentence gets row 0.
    """
    return x * x.shape[-1] ** 0.5 + table[: x.shape[0], None]


@task.mistake
def clocks_of_its_own(x, table):
    """You wound your own clocks.

    The table is given; whoever calls may have learned it. Take its rows: table[:n].
    """
    return (
        x * x.shape[-1] ** 0.5
        + sinusoidal(x.shape[1], x.shape[2] + x.shape[2] % 2)[:, : x.shape[2]]
    )


@task.mistake
def changed_in_place(x, table):
    """You changed the words that you were given.

    The result is right, and the caller's x is gone: *= and += write into it. x = x * … makes a new
    one.
    """
    x *= x.shape[-1] ** 0.5
    x += table[: x.shape[1]]
    return x


@task.mistake
def place_behind_the_last(x, table):
    """Every word got the place behind the last.

    table[n] is one row, and where the table ends with the sentence there is none. The first n rows
    are table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table[x.shape[1]]


@task.mistake
def mean_of_the_places(x, table):
    """Every word got the mean of all places.

    Then nobody knows where it stands. Word i gets row i: table[:n].
    """
    return x * x.shape[-1] ** 0.5 + table.mean(0)


@task.mistake
def as_many_rows_as_sentences(x, table):
    """You took as many rows as there are sentences.

    len(x) and x.shape[0] count sentences. The words of each are counted by x.shape[1].
    """
    return x * x.shape[-1] ** 0.5 + table[: x.shape[0]]


@task.mistake
def first_sentence_alone(x, table):
    """You returned the first sentence alone.

    A return inside a loop ends it after the first round. All sentences are wanted.
    """
    return add_positions(x, table)[0]
