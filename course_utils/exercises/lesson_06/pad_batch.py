"""A rectangle of sentences."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_utils.checks.task import Case, Task

task = Task(
    "06.pad_batch",
    "A rectangle of sentences",
    section="Rectangles",
    dimensions=("batch", "n"),
    hints=[
        "How wide must the rectangle be, so that no word is lost and no column is all pads?",
        "Begin with a full table: torch.full((len(sentences), n), pad_id). Then write each "
        "sentence over the beginning of its row.",
        "The mask knows nothing of ids: row i is True at its first len(sentences[i]) places. "
        "torch.arange(n) < lengths[:, None] says that for all rows at once.",
    ],
    praise="Right. (Should your mask ask the ids: a real token with the pad's id would fool "
    "it. The lengths are never fooled.)",
)


@task.answer
def pad_batch(sentences, pad_id):
    ### BEGIN SOLUTION
    n = max(len(sentence) for sentence in sentences)
    ids = torch.full((len(sentences), n), pad_id)
    for row, sentence in zip(ids, sentences):
        row[: len(sentence)] = torch.tensor(sentence)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return ids, torch.arange(n) < lengths[:, None]
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    yield Case("4, 2 and 1 tokens, pad 9", ([[5, 3, 8, 2], [4, 2], [7]], 9))
    yield Case("a real token 0, and a pad that is 1", ([[0, 3], [4, 0, 2], [2, 5, 6, 7]], 1))
    yield Case("two of the same length", ([[3, 1, 2], [2, 2, 4]], 0))
    yield Case("one sentence of one token", ([[6]], 3))
    yield Case("ids up to 70,000", ([[69_999], [12, 300, 40_000]], 50_000))
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 7, (5,), generator=generator).tolist()
    sentences = [torch.randint(4, 50, (n,), generator=generator).tolist() for n in lengths]
    yield Case("five sentences, pad 2", (sentences, 2))


@task.also_right
def pad_batch_with_lists(sentences, pad_id):
    n = max(len(sentence) for sentence in sentences)
    ids = [sentence + [pad_id] * (n - len(sentence)) for sentence in sentences]
    mask = [[True] * len(sentence) + [False] * (n - len(sentence)) for sentence in sentences]
    return torch.tensor(ids), torch.tensor(mask)


@task.also_right
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


@task.mistake
def mask_by_zero(sentences, pad_id):
    """Your mask is ids != 0.

    The pads here have the id pad_id, which is not 0, and 0 may be a real token. So the mask hides a
    word and shows the pads. (A well-read tutorial has this bug: the model trains on its padding,
    and nothing complains.) Compare with the lengths, or with pad_id.
    """
    ids, _ = pad_batch(sentences, pad_id)
    return ids, ids != 0


@task.mistake
def padded_with_zeros(sentences, pad_id):
    """You filled up with zeros.

    The id of the pad is given: pad_id. Zero may be somebody's word.
    """
    _, mask = pad_batch(sentences, pad_id)
    return pad_batch(sentences, 0)[0], mask


@task.mistake
def zeros_and_mask_by_zero(sentences, pad_id):
    """You filled up with zeros, and take every zero for a pad.

    The id of the pad is given, pad_id, and it need not be 0. Fill with it; and ask the lengths for
    the mask.
    """
    ids, _ = pad_batch(sentences, 0)
    return ids, ids != 0


@task.mistake
def mask_inside_out(sentences, pad_id):
    """Your mask is inside out.

    It is True at the pads. In this course True means a real token.
    """
    ids, mask = pad_batch(sentences, pad_id)
    return ids, ~mask


@task.mistake
def pads_in_front(sentences, pad_id):
    """Your pads stand in front.

    Some libraries do that on purpose, when a model is to go on writing at the right edge. Here the
    first word stands at place 0, and the pads come behind the last.
    """
    n = _longest(sentences)
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    mask = torch.arange(n) >= n - lengths[:, None]
    return _rows(sentences, n, pad_id, in_front=True), mask


@task.mistake
def cut_to_the_shortest(sentences, pad_id):
    """You cut to the shortest sentence.

    That makes a fine rectangle, and throws words away. Fill up to the longest instead.
    """
    ids = _rows(sentences, min(map(len, sentences)), pad_id)
    return ids, torch.ones_like(ids, dtype=torch.bool)


@task.mistake
def one_pad_too_many(sentences, pad_id):
    """One pad too many.

    The longest sentence needs none. The width is the length of the longest, not one more.
    """
    n = _longest(sentences) + 1
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return _rows(sentences, n, pad_id), torch.arange(n) < lengths[:, None]


@task.mistake
def mask_of_numbers(sentences, pad_id):
    """Your mask holds whole numbers.

    Right places, wrong kind: a mask of True and False selects places, a mask of 1 and 0 counts as
    numbers, and ~mask turns 1 into −2. Make it boolean.
    """
    ids, mask = pad_batch(sentences, pad_id)
    return ids, mask.long()


@task.mistake
def mask_of_real_numbers(sentences, pad_id):
    """Your mask holds decimal numbers.

    Right places, wrong kind: PyTorch's attention adds a mask of decimals to the scores instead of
    hiding them. Make it boolean.
    """
    ids, mask = pad_batch(sentences, pad_id)
    return ids, mask.float()


@task.mistake
def mask_comes_first(sentences, pad_id):
    """The two are in the other order.

    First the ids, then the mask: return ids, mask.
    """
    return pad_batch(sentences, pad_id)[::-1]


@task.mistake
def ids_alone(sentences, pad_id):
    """You return the ids alone.

    A pair is asked for: the ids, and the mask that tells tokens from pads.
    """
    return pad_batch(sentences, pad_id)[0]


@task.mistake
def filled_up_in_place(sentences, pad_id):
    """You filled up the sentences themselves.

    The caller still has these lists, and now there are pads in them. Make new ones: sentence +
    [pad_id] * k rather than sentence += ….
    """
    n = max(map(len, sentences))
    mask = torch.arange(n) < torch.tensor([[len(sentence)] for sentence in sentences])
    for sentence in sentences:
        sentence += [pad_id] * (n - len(sentence))
    return torch.tensor(sentences), mask
