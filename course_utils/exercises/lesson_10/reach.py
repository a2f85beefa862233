"""Who has heard of whom after some layers: S^t_k in Yun et al. 2020, Assumption 1.3."""

import math

import torch

from course_utils.checks.task import Case, Task
from course_utils.exercises.lesson_10.common import and_oneself, random_mask

task = Task(
    "10.reach",
    "The rumour",
    section="A rumour",
    dimensions=("n_query", "n_key"),
    hints=[
        "Before the first layer everybody has heard of itself: torch.eye(n). Each layer makes a "
        "new table out of the old one.",
        "After a layer, a token has heard of whoever one of its keys had heard of. For one query: "
        "heard[mask[query]].any(dim=0).",
        "mask.float() @ heard.float() > 0 does it for all queries, with "
        "mask = masks[layer % len(masks)]. Don't add the old table: who doesn't look at itself "
        "forgets.",
    ],
    praise="Right. Six degrees of separation, in one matrix product a layer.",
)


@task.answer
def reach(masks, n_layers):
    ### BEGIN SOLUTION
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        heard = mask.float() @ heard.float() > 0
    return heard
    ### END SOLUTION


@task.cases
def cases(seed):
    generator = torch.Generator().manual_seed(seed)

    def some(n, share):
        return random_mask(n, share, generator)

    street = torch.ones(8, 8, dtype=torch.bool).tril(1).triu(-1)
    yield Case("a window of 8, three layers", ([street], 3))
    yield Case("0 layers: only itself", ([street], 0))
    # One-way looks, so that who hears and who is heard differ.
    yield Case("one-way looks, two layers", ([and_oneself(some(8, 0.12))], 2))
    two = [and_oneself(some(9, 0.1)) for _ in range(2)]
    yield Case("two patterns in turn, two layers", (two, 2))
    yield Case("two patterns in turn, three layers", (two, 3))
    yield Case("neighbours without oneself, three layers", ([street & ~torch.eye(8).bool()], 3))
    yield Case("three patterns, and whole rows are empty", ([some(7, 0.25) for _ in range(3)], 4))
    # Nothing new in the first layer is no reason to stop.
    only_oneself, everybody = torch.eye(3).bool(), torch.ones(3, 3).bool()
    yield Case("first each for itself, then all", ([only_oneself, everybody], 2))
    yield Case("one token that looks at nobody", ([torch.zeros(1, 1).bool()], 1))
    # So many layers that who counts ways instead of asking "any?" runs out of numbers.
    towns = torch.block_diag(torch.ones(4, 4), torch.ones(4, 4)).bool()
    yield Case("two towns of four that never call each other, 70 layers", ([towns], 70))
    # In the second layer the hub hears of itself from 256 tokens: 0, in a byte.
    star = torch.eye(256).bool()
    star[0], star[:, 0] = True, True
    yield Case("a star of 256, two layers", ([star], 2))


@task.also_right
def with_sets(masks, n_layers):
    n = len(masks[0])
    heard = [{token} for token in range(n)]
    for layer in range(n_layers):
        mask = masks[layer % len(masks)].tolist()
        heard = [
            {token for key in range(n) if mask[query][key] for token in heard[key]}
            for query in range(n)
        ]
    return torch.tensor([[key in news for key in range(n)] for news in heard])


@task.also_right
def by_any(masks, n_layers):
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        heard = torch.stack([heard[keys].any(dim=0) for keys in mask])
    return heard


@task.also_right
def by_counting_walks(masks, n_layers):
    walks = torch.eye(len(masks[0]), dtype=torch.float64)
    for layer in range(n_layers):
        walks = masks[layer % len(masks)].double() @ walks
    return walks > 0


@task.also_right
def clamped_in_numpy(masks, n_layers):
    heard = torch.eye(len(masks[0])).numpy()
    for layer in range(n_layers):
        heard = (masks[layer % len(masks)].numpy() @ heard).clip(0, 1)
    return torch.from_numpy(heard).bool()


def heard_after(
    masks,
    n_layers,
    step=lambda mask, heard: mask.float() @ heard > 0,
    mask_of=lambda masks, layer: masks[layer % len(masks)],
    layers=range,
    start=torch.eye,
):
    """reach with another step, other turns, other layers or another beginning."""
    heard = start(len(masks[0]))
    for layer in layers(n_layers):
        heard = step(mask_of(masks, layer), heard).float()
    return heard.bool()


def ways(masks, n_layers, dtype=torch.float32):
    """By how many ways the news can have come."""
    walks = torch.eye(len(masks[0]), dtype=dtype)
    for layer in range(n_layers):
        walks = masks[layer % len(masks)].to(dtype) @ walks
    return walks


@task.mistake
def booleans_multiplied(masks, n_layers):
    """Booleans can't be multiplied.

    PyTorch has no matrix product of True and False, and raises an error (“not implemented for
    'Bool'”). Make numbers of both sides first, mask.float() @ heard.float(), and ask > 0 of what
    comes out.
    """
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        heard = masks[layer % len(masks)] @ heard
    return heard


@task.mistake
def out_of_masks(masks, n_layers):
    """Your layers run out of masks.

    An IndexError: there may be more layers than masks. The masks take turns:
    masks[layer % len(masks)].
    """
    return heard_after(masks, n_layers, mask_of=lambda masks, layer: masks[layer])


@task.mistake
def nobody_forgets(masks, n_layers):
    """Nobody forgets.

    You add what is new to what a token knew before, or put the diagonal into the mask. But who
    doesn't look at itself gives up what it knew (the chessboard of the lesson): the new set is what
    its keys have heard, no more. With self-looks in the mask that makes no difference, without them
    it does.
    """
    return heard_after(
        masks, n_layers, lambda mask, heard: (mask.float() @ heard > 0) | heard.bool()
    )


def in_one_table(masks, n_layers, keep):
    """reach in a single table, each row written where later queries still read."""
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        for query in range(len(mask)):
            news = heard[mask[query]].any(dim=0)
            heard[query] = heard[query] | news if keep else news
    return heard


@task.mistake
def read_while_written(masks, n_layers):
    """You read the new table while writing it.

    A token that comes later in your loop hears what an earlier one has learned in this very layer:
    news that travels through the whole street in one. All must listen to the table as it was before
    the layer, so write into another one.
    """
    return in_one_table(masks, n_layers, keep=False)


@task.mistake
def added_while_read(masks, n_layers):
    """You read the new table while writing it, and add to what is there.

    heard[query] |= … changes the row that later queries of the same layer still read, so news
    travels through the whole street in one layer. Write into another table. And who doesn't look at
    itself keeps nothing: begin that table empty.
    """
    return in_one_table(masks, n_layers, keep=True)


@task.mistake
def read_while_written_by_keys(masks, n_layers):
    """You read the new table while writing it, one key after the other.

    A key whose row has grown in this very layer passes on the new news, too, so it travels through
    the whole street in one. Read from the table as it was before the layer, and write into another
    one, which begins empty.
    """
    heard = torch.eye(len(masks[0]), dtype=torch.bool)
    for layer in range(n_layers):
        mask = masks[layer % len(masks)]
        for key in range(len(mask)):
            heard[mask[:, key]] |= heard[key].clone()
    return heard


@task.mistake
def positive_at_the_end(masks, n_layers):
    """You ask for > 0 only at the very end, and your numbers overflow.

    The ways by which news can come multiply with each layer. With four looks a token, 64 layers
    make more than float32 can hold: ∞, and ∞ · 0 is NaN, which is not > 0. (Whole numbers turn to 0
    even sooner.) Make it True and False again after *each* layer.
    """
    return ways(masks, n_layers) > 0


@task.mistake
def boolean_at_the_end(masks, n_layers):
    """You ask for True or False only at the very end, and your numbers overflow.

    The ways by which news can come multiply with each layer. With four looks a token, 64 layers
    make more than float32 can hold: ∞, and ∞ · 0 is NaN, which counts as True. Ask after *each*
    layer whether there is a way at all.
    """
    return ways(masks, n_layers).bool()


@task.mistake
def counted_in_a_byte(masks, n_layers):
    """You multiply in bytes.

    Whoever hears the same news from 256 tokens counts 256, and in uint8 or int8 that is 0. Take
    .float() for the product.
    """
    heard = torch.eye(len(masks[0])).to(torch.uint8)
    for layer in range(n_layers):
        heard = (masks[layer % len(masks)].to(torch.uint8) @ heard > 0).to(torch.uint8)
    return heard.bool()


@task.mistake
def without_oneself(masks, n_layers):
    """You took away the looks at oneself.

    Powers of a graph without its self-looks count walks of *exactly* n_layers hops, and who is
    nearer gets lost. The masks say who looks at itself: leave the diagonal as it is.
    """
    return reach([mask & ~torch.eye(len(mask)).bool() for mask in masks], n_layers)


@task.mistake
def backwards(masks, n_layers):
    """Your rumour runs backwards.

    Query and key are swapped: yours goes from who looks to whom is looked at. A token hears what
    *its keys* have heard: row = query, so mask @ heard, not mask.T @ heard.
    """
    return reach([mask.T for mask in masks], n_layers)


@task.mistake
def on_its_side(masks, n_layers):
    """Your answer lies on its side.

    The row is who has heard, the column of whom. Yours is transposed.
    """
    return reach(masks, n_layers).T


@task.mistake
def from_the_wrong_side(masks, n_layers):
    """You multiply from the wrong side.

    heard @ mask lets the *first* layer's mask stand nearest to the end, so the patterns are used in
    the other order. With a single pattern nobody notices. The newest layer stands on the left: mask
    @ heard.
    """
    return heard_after(masks, n_layers, lambda mask, heard: heard @ mask.float() > 0)


@task.mistake
def last_begins(masks, n_layers):
    """The last pattern begins.

    The first layer uses masks[0], the second masks[1], and then from the beginning:
    masks[layer % len(masks)].
    """
    return reach(masks[::-1], n_layers)


@task.mistake
def second_begins(masks, n_layers):
    """The second pattern begins.

    Layers are counted from 0: the first one uses masks[0]. With range(1, n_layers + 1) it is
    masks[(layer − 1) % len(masks)].
    """
    return reach([*masks[1:], masks[0]], n_layers)


@task.mistake
def first_alone(masks, n_layers):
    """Only the first pattern is used.

    The patterns take turns: masks[layer % len(masks)].
    """
    return reach(masks[:1], n_layers)


@task.mistake
def by_the_number_of_layers(masks, n_layers):
    """All layers use the same mask.

    n_layers never changes, so masks[n_layers % len(masks)] is always one and the same. The loop's
    own number counts the layers: masks[layer % len(masks)].
    """
    return reach([masks[n_layers % len(masks)]], n_layers)


@task.mistake
def all_at_once(masks, n_layers):
    """Every layer uses all patterns at once.

    That is their union in every layer. Here they take turns, one a layer: masks[layer %
    len(masks)].
    """
    return reach([torch.stack(masks).any(dim=0)], n_layers)


@task.mistake
def one_mask_after_the_other(masks, n_layers):
    """All layers with the first mask, then all with the next.

    Your outer loop goes through the masks and gives each of them n_layers layers. There are
    n_layers in all, and the masks take turns: masks[layer % len(masks)].
    """
    in_this_order = [mask for mask in masks for _ in range(n_layers)] or masks
    return reach(in_this_order, n_layers * len(masks))


@task.mistake
def layers_shared_out(masks, n_layers):
    """The masks don't take turns, they share the layers.

    The first layers all use the first mask, the last ones the last. In turn means first, second,
    first, second, …: masks[layer % len(masks)].
    """
    each = math.ceil(n_layers / len(masks))
    return reach([mask for mask in masks for _ in range(each)] or masks, n_layers)


@task.mistake
def stops_with_the_masks(masks, n_layers):
    """Your rumour stops when the masks run out.

    A loop over the masks (or zip) ends with the last of them. There may be more layers than masks:
    then begin again, masks[layer % len(masks)].
    """
    return reach(masks, min(n_layers, len(masks)))


@task.mistake
def each_mask_once(masks, n_layers):
    """You use each mask once, whatever n_layers says.

    A loop over the masks has as many rounds as there are masks. n_layers of them are wanted, with
    masks[layer % len(masks)].
    """
    return reach(masks, len(masks))


@task.mistake
def stays_with_the_last(masks, n_layers):
    """You stay with the last mask.

    After the last mask comes the first again: masks[layer % len(masks)].
    """
    return heard_after(
        masks, n_layers, mask_of=lambda masks, layer: masks[min(layer, len(masks) - 1)]
    )


@task.mistake
def whole_rounds(masks, n_layers):
    """Every layer goes through all patterns.

    Your inner loop uses each of the masks in every layer. One layer, one mask.
    """
    return reach(masks, n_layers * len(masks))


@task.mistake
def stops_when_nothing_is_new(masks, n_layers):
    """You stop at the first layer that changes nothing.

    The next layer may use another mask, and that one may still bring news. Go through all n_layers.
    """
    heard = torch.eye(len(masks[0])).bool()
    for layer in range(n_layers):
        after = masks[layer % len(masks)].float() @ heard.float() > 0
        if after.equal(heard):
            break
        heard = after
    return heard


@task.mistake
def intersection(masks, n_layers):
    """You heard only those whom all your keys have heard of.

    That is the intersection of what the keys know. A rumour needs *one* who tells it: any, not all.
    """
    return heard_after(masks, n_layers, lambda mask, heard: mask.float() @ (1 - heard) == 0)


@task.mistake
def mask_by_itself(masks, n_layers):
    """You multiply the mask by itself.

    What was heard in the layers before gets lost that way. The product is mask @ heard, and its
    result is the next layer's heard.
    """
    return heard_after(masks, n_layers, lambda mask, heard: mask.float() @ mask.float() > 0)


@task.mistake
def place_by_place(masks, n_layers):
    """You multiply place by place.

    * and & compare one place of the mask with the same place of the table. News goes from a key's
    row to a query's row: that is the matrix product, @.
    """
    return heard_after(masks, n_layers, lambda mask, heard: mask.float() * heard)


@task.mistake
def who_is_looked_at(masks, n_layers):
    """You add those who are looked at, and not what they have heard.

    After a layer a token knows all that its keys knew, and not just the keys: the matrix product
    mask @ heard, and not mask | heard.
    """
    return heard_after(masks, n_layers, lambda mask, heard: mask | heard.bool())


@task.mistake
def last_mask_alone(masks, n_layers):
    """Your answer is the last layer's mask.

    Each layer replaces what the layers before it have brought. Carry the table along: mask @ heard.
    """
    return heard_after(masks, n_layers, lambda mask, heard: mask)


@task.mistake
def one_too_few(masks, n_layers):
    """One layer too few.

    Before the first layer everybody has heard of itself, and each of n_layers layers passes the
    news on once. range(n_layers).
    """
    return reach(masks, n_layers - 1)


@task.mistake
def one_too_many(masks, n_layers):
    """One layer too many.

    After 0 layers everybody has heard of itself alone. If you begin with the first mask, one layer
    has been used already.
    """
    return reach(masks, n_layers + 1)


@task.mistake
def first_left_out(masks, n_layers):
    """The first layer is missing.

    range(1, n_layers) has n_layers − 1 rounds, and begins with the second mask. range(n_layers)
    begins at 0.
    """
    return heard_after(masks, n_layers, layers=lambda n: range(1, n))


@task.mistake
def one_layer(masks, n_layers):
    """You stop after one layer.

    A return inside a loop ends it after the first round. It belongs behind the loop.
    """
    return reach(masks, min(n_layers, 1))


@task.mistake
def begins_with_the_first_mask(masks, n_layers):
    """You begin with the first mask.

    From one layer on that is the same. But after 0 layers nobody has listened to anybody: begin
    with torch.eye(n), everybody has heard of itself.
    """
    return reach(masks, max(1, n_layers))


@task.mistake
def nothing_to_tell(masks, n_layers):
    """Nobody has anything to tell.

    You begin with nothing, and nothing times anything is nothing. Before the first layer everybody
    has heard of itself: torch.eye(n).
    """
    return heard_after(masks, n_layers, start=lambda n: torch.zeros(n, n))


@task.mistake
def everybody_knows(masks, n_layers):
    """You begin with everybody having heard of everybody.

    Before the first layer each has heard of itself alone: torch.eye(n), and not ones.
    """
    return heard_after(masks, n_layers, start=lambda n: torch.ones(n, n))


@task.mistake
def counts(masks, n_layers):
    """You count the ways.

    Those are the *numbers* of ways by which news can come. Whether it has come at all is asked: >
    0.
    """
    return ways(masks, n_layers)


@task.mistake
def of_lists(masks, n_layers):
    """Your answer is a list of lists.

    True and False are in the right places. A square of booleans is wanted: wrap the list in
    torch.tensor(…).
    """
    return reach(masks, n_layers).tolist()


@task.mistake
def of_numbers(masks, n_layers):
    """Your answer is made of numbers.

    Ones and zeros in the right places. True and False are wanted: > 0, or .bool().
    """
    return reach(masks, n_layers).float()


@task.mistake
def of_whole_numbers(masks, n_layers):
    """Your answer is made of whole numbers.

    Ones and zeros in the right places. True and False are wanted: > 0, or .bool().
    """
    return reach(masks, n_layers).long()
