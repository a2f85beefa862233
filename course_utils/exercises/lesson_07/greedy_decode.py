"""One word at a time: the most probable next token, again and again."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "07.greedy_decode",
    "One word at a time",
    section="07 · Talking back",
    hints=[
        "Start with ids = [bos]. Ask, choose, append, ask again: a loop of at most n_new rounds.",
        "step(ids) has a row for every token. The last row, step(ids)[-1], is about the word "
        "that is not there yet; its argmax is the token.",
        "If the token is eos, break before you append it. In the end leave out bos: ids[1:].",
    ],
    praise="Right: it speaks, it stops, and it never looks back.",
)


@task.answer
def greedy_decode(step, bos, eos, n_new):
    ### BEGIN SOLUTION
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].argmax().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]
    ### END SOLUTION


class Talker:
    """A model of tables: talker(ids) gives logits [n, vocab], row i for what comes after ids[i].

    `eos` gets improbable before `end` tokens have been written, and nearly certain from then on;
    who asks on after it hears something else.
    """

    def __init__(self, vocab, generator, *, bos, eos, end):
        self.after, self.before, self.place = torch.randn(3, 24, vocab, generator=generator)
        self.bos, self.eos, self.end = bos, eos, end

    def __call__(self, ids):
        ids = [int(token) for token in ids]
        rows = []
        for i, token in enumerate(ids):
            earlier = self.before[ids[i - 1]] if i else torch.zeros_like(self.before[0])
            row = 2 * self.after[token] + earlier + 2 * self.place[i]
            is_over = i >= self.end and self.eos not in ids[: i + 1]
            row[self.eos] = 20.0 if is_over else -20.0
            row[self.bos] = -20.0
            rows.append(row)
        return torch.stack(rows)


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    for name, vocab, bos, eos, end, n_new in (
        ("it ends by itself after 5 tokens", 12, 10, 11, 5, 18),
        ("there is room for 6 and it would go on", 9, 7, 8, 15, 6),
        ("it has nothing to say", 8, 6, 7, 0, 10),
        ("3 tokens of a larger vocabulary", 20, 18, 19, 3, 8),
        ("start and end are 0 and 1", 6, 0, 1, 8, 15),
        ("the end is 0", 5, 4, 0, 6, 12),
        ("four tokens in all, and 0 is a word", 4, 2, 3, 9, 14),
        ("room for a single one", 10, 3, 5, 7, 1),
        ("no room at all", 10, 3, 5, 7, 0),
        ("it ends where the room ends", 15, 13, 14, 7, 7),
    ):
        talker = Talker(vocab, generator, bos=bos, eos=eos, end=end)
        yield Case(name, (talker, bos, eos, n_new))


@task.also_right
def with_while(step, bos, eos, n_new):
    ids = []
    while len(ids) < n_new and (token := step([bos, *ids])[-1].argmax().item()) != eos:
        ids = [*ids, token]
    return ids


@task.also_right
def by_probability(step, bos, eos, n_new):
    ids = torch.tensor([bos])
    for _ in range(n_new):
        best = step(ids.tolist()).softmax(dim=-1)[-1].topk(1).indices
        if best == eos:
            return ids[1:].tolist()
        ids = torch.cat([ids, best])
    return ids[1:].tolist()


@task.also_right
def by_calling_itself(step, bos, eos, n_new):
    def go_on(said):
        logits = step([bos, *said])[-1].numpy() if len(said) < n_new else None
        token = eos if logits is None else max(range(len(logits)), key=logits.__getitem__)
        return said if token == eos else go_on([*said, token])

    return go_on([])


def spoken(step, bos, eos, n_new, *, choose=None, hand=list, stops=True):
    """The answer with another choice from the table, another prompt, or no end."""
    ids = [bos]
    for _ in range(n_new):
        logits = step(hand(ids))
        token = int((logits[-1] if choose is None else choose(logits)).argmax())
        if stops and token == eos:
            break
        ids.append(token)
    return ids[1:]


@task.mistake
def first_row(step, bos, eos, n_new):
    """The same word again and again.

    You look at what comes after <s>, in every round. Either you read row 0, where the last row,
    [-1], is about the next word; or you ask with [bos] each time, and the model never hears what it
    has said.
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: logits[0])


@task.mistake
def over_the_places(step, bos, eos, n_new):
    """Your argmax runs over the places.

    dim=0 of [n, vocab] are the places: you asked at which place a word would fit best. The words
    stand along the last axis.
    """
    ids = [bos]
    for _ in range(n_new):
        token = int(step(ids).argmax(dim=0)[-1])
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


@task.mistake
def whole_table(step, bos, eos, n_new):
    """You take the argmax of the whole table.

    argmax without an axis counts through all rows as if they were one, and finds a number that need
    not be a word at all. Take the last row first: step(ids)[-1].argmax().
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: logits)


@task.mistake
def all_places(step, bos, eos, n_new):
    """You mixed the rows.

    Row i is about what comes after ids[i], and all but the last are about words that are there
    already. Take the last row alone: step(ids)[-1].
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: logits.sum(dim=0))


@task.mistake
def softmax_over_the_places(step, bos, eos, n_new):
    """Your softmax runs over the places.

    dim=0 of [n, vocab] compares what one word would be at several places. The words stand along the
    last axis, and for an argmax no softmax is needed.
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: logits.softmax(dim=0)[-1])


@task.mistake
def last_token_only(step, bos, eos, n_new):
    """You hand on the last token only.

    The model then knows one word, and takes it for the first of its sentence. Without a cache it
    has to be given all that is written so far, <s> included.
    """
    return spoken(step, bos, eos, n_new, hand=lambda ids: ids[-1:])


@task.mistake
def without_start(step, bos, eos, n_new):
    """You left out the start token.

    After the first word you ask without <s>, and every word stands one place too early. The model
    has learned sentences that begin with it.
    """
    return spoken(step, bos, eos, n_new, hand=lambda ids: ids[1:] or ids)


@task.mistake
def newest_in_front(step, bos, eos, n_new):
    """You put the new token in front.

    The model reads from the left: the sentence begins with <s>, and each new word comes last.
    """
    return spoken(step, bos, eos, n_new, hand=lambda ids: ids[::-1])[::-1]


@task.mistake
def talks_on(step, bos, eos, n_new):
    """It talks on after the end.

    The model said </s>, and you went on asking. What comes after the end is noise: stop when the
    token is eos. (bos is how you asked; the model never says it.)
    """
    return spoken(step, bos, eos, n_new, stops=False)


@task.mistake
def talks_on_and_sweeps(step, bos, eos, n_new):
    """It talks on after the end, and you take out the end token.

    What comes behind </s> is noise, and it is still there. Stop when the token is eos.
    """
    return [token for token in spoken(step, bos, eos, n_new, stops=False) if token != eos]


@task.mistake
def no_limit(step, bos, eos, n_new):
    """You never count.

    Some models never say </s>. After n_new tokens you stop, whether it was said or not.
    """
    return greedy_decode(step, bos, eos, 20)


@task.mistake
def start_kept(step, bos, eos, n_new):
    """The start token is still there.

    <s> is how you asked, not what was answered. Leave out the first: ids[1:].
    """
    return [bos, *greedy_decode(step, bos, eos, n_new)]


@task.mistake
def end_kept(step, bos, eos, n_new):
    """The end token is still there.

    </s> says that the sentence is over; it is no word of it. Look before you append.
    """
    ids = greedy_decode(step, bos, eos, n_new)
    return ids if len(ids) == n_new else [*ids, eos]


@task.mistake
def both_kept(step, bos, eos, n_new):
    """Start and end token are still there.

    <s> and </s> are for the model. The result is what lies between them.
    """
    return [bos, *end_kept(step, bos, eos, n_new)]


@task.mistake
def one_too_few(step, bos, eos, n_new):
    """One token too few.

    Where nobody says </s> there should be n_new tokens, and <s> is not one of them. A loop
    `while len(ids) < n_new` counts it; and [1:-1] cuts off a word where there is no </s> to cut.
    """
    return greedy_decode(step, bos, eos, n_new - 1)


@task.mistake
def one_too_many(step, bos, eos, n_new):
    """One token too many.

    Where nobody says </s> there should be n_new tokens, not n_new + 1.
    """
    return greedy_decode(step, bos, eos, n_new + 1)


@task.mistake
def first_word_lost(step, bos, eos, n_new):
    """The first word is missing.

    <s> was not in your list, and [1:] cut off a word. Leave out what is there and no more.
    """
    return greedy_decode(step, bos, eos, n_new)[1:]


@task.mistake
def one_round(step, bos, eos, n_new):
    """You ask once.

    The return stands inside the loop. It belongs behind it, as far left as the for, so that you ask
    up to n_new times.
    """
    ids = [bos]
    for _ in range(n_new):
        token = int(step(ids)[-1].argmax())
        if token == eos:
            break
        ids.append(token)
        return ids[1:]


@task.mistake
def stops_at_zero(step, bos, eos, n_new):
    """You take token 0 for the end.

    0 is an id like others, though Python counts it as false. Compare with eos: token == eos.
    """
    ids = [bos]
    for _ in range(n_new):
        token = int(step(ids)[-1].argmax())
        if not token or token == eos:
            break
        ids.append(token)
    return ids[1:]


@task.mistake
def least_probable(step, bos, eos, n_new):
    """You take the least probable.

    argmin finds the word that the model thinks of last. argmax.
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: -logits[-1])


@task.mistake
def second_best(step, bos, eos, n_new):
    """You take the second best.

    Counted from 0, the best is at [0].
    """
    ids = [bos]
    for _ in range(n_new):
        token = int(step(ids)[-1].argsort(descending=True)[1])
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


@task.mistake
def the_score_itself(step, bos, eos, n_new):
    """You append the logit, and not its place.

    max() says how large the largest is, argmax() which one it is. The token is which one.
    """
    ids = [bos]
    for _ in range(n_new):
        token = step(ids)[-1].max().item()
        if token == eos:
            break
        ids.append(token)
    return ids[1:]


@task.mistake
def the_row_before(step, bos, eos, n_new):
    """You read the last row but one.

    It is about the token that is there already. The last row, [-1], is about the one to come.
    """
    return spoken(step, bos, eos, n_new, choose=lambda logits: logits[-2:][0])


@task.mistake
def as_a_tensor(step, bos, eos, n_new):
    """You returned a tensor.

    The ids are right. The result is a list: ids.tolist().
    """
    return torch.tensor(greedy_decode(step, bos, eos, n_new))
