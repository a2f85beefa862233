"""A feed-forward layer, asked as a memory: keys, values, and a ReLU between them."""

from collections.abc import Iterator

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "17.as_memory",
    "A layer is a memory",
    section="But that's attention!",
    dimensions=("n", "d_model"),
    hints=[
        "nn.Linear keeps its matrix as [out, in]. `widen` is [d_ff, d_model]: each of its rows is "
        "as long as a token's vector, so it can be compared with one.",
        "How much each key fires: relu(x @ keys.T), a number for each token and key, [n, d_ff].",
        "`narrow` is [d_model, d_ff]: its *columns* are the values. Add them up, each as loud as "
        "its key fires: fires @ values, with values [d_ff, d_model].",
    ],
    praise="Right. Nobody will call it a black box in your presence.",
)


@task.answer
def as_memory(x, widen, narrow):
    ### BEGIN SOLUTION
    keys, values = widen, narrow.T
    fires = torch.relu(x @ keys.T)
    return fires @ values
    ### END SOLUTION


@task.cases
def cases(seed: int) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(seed)
    for n, d_model, d_ff in ((3, 4, 7), (5, 6, 24), (4, 6, 6), (1, 2, 3)):
        x = torch.randn(n, d_model, generator=generator)
        widen = torch.randn(d_ff, d_model, generator=generator)
        narrow = torch.randn(d_model, d_ff, generator=generator)
        yield Case(f"{n} tokens of {d_model}, {d_ff} keys", (x, widen, narrow))
    widen = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    narrow = torch.tensor([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])
    yield Case("the lesson's three keys", (torch.tensor([[1.0, 2.0]]), widen, narrow))
    yield Case("no key fires", (torch.tensor([[-1.0, -1.0]]), widen[:2], narrow[:, :2]))


@task.also_right
def key_by_key(x, widen, narrow):
    result = torch.zeros_like(x)
    for key, value in zip(widen, narrow.T, strict=True):
        result = result + (x @ key).clamp(min=0)[:, None] * value
    return result


@task.also_right
def by_the_library(x, widen, narrow):
    hidden = torch.nn.functional.linear(x, widen).relu()
    return torch.nn.functional.linear(hidden, narrow)


def recalled(x, widen, narrow, activation=torch.relu, scale=1.0):
    return activation(x @ widen.T / scale) @ narrow.T


@task.mistake
def softmax_for_relu(x, widen, narrow):
    """That is attention: a softmax over the keys.

    A feed-forward layer has a ReLU there, and may say nothing at all. The softmax comes with the
    next task.
    """
    return recalled(x, widen, narrow, lambda scores: scores.softmax(dim=-1))


@task.mistake
def no_relu(x, widen, narrow):
    """The ReLU is missing.

    Without it the two matrices are one, and keys that are against the token pull their values in
    backwards.
    """
    return recalled(x, widen, narrow, lambda scores: scores)


@task.mistake
def relu_at_the_end(x, widen, narrow):
    """The ReLU comes too late.

    It decides how much each *key* fires, before the values are added up.
    """
    return torch.relu(recalled(x, widen, narrow, lambda scores: scores))


@task.mistake
def relu_twice(x, widen, narrow):
    """A ReLU too many, at the end.

    A value may pull a number below zero.
    """
    return torch.relu(recalled(x, widen, narrow))


@task.mistake
def divided(x, widen, narrow):
    """You divided by √d_model, as attention does.

    A feed-forward layer divides by nothing.
    """
    return recalled(x, widen, narrow, scale=x.shape[-1] ** 0.5)


@task.mistake
def relu_on_keys(x, widen, narrow):
    """The ReLU is on the keys.

    A key may point anywhere. It is the *score*, token by key, that may not be below zero.
    """
    return (x @ torch.relu(widen).T) @ narrow.T


@task.mistake
def relu_on_tokens(x, widen, narrow):
    """The ReLU is on the tokens.

    It is the *score*, token by key, that may not be below zero.
    """
    return (torch.relu(x) @ widen.T) @ narrow.T


@task.mistake
def reshaped(x, widen, narrow):
    """You gave `narrow` another shape without turning it.

    `.reshape` reads the numbers on in their order. `.T` makes columns rows.
    """
    return torch.relu(x @ widen.T) @ narrow.reshape(widen.shape)


@task.mistake
def changed_places(x, widen, narrow):
    """Keys and values have changed places.

    `widen` comes first: its rows are what a token is compared with.
    """
    return torch.relu(x @ narrow) @ widen


@task.mistake
def other_activation(x, widen, narrow):
    """That is GELU.

    Our trained model has it; here it is the ReLU of the lesson's pencil, and of the paper.
    """
    return recalled(x, widen, narrow, torch.nn.functional.gelu)


@task.mistake
def absolute(x, widen, narrow):
    """You took the size of each score, without its sign.

    A key that points the other way does not fire: below zero is nothing.
    """
    return recalled(x, widen, narrow, torch.abs)


@task.mistake
def fires_alone(x, widen, narrow):
    """You returned how much each key fires.

    That is half of it: now add up the values, each as loud as its key fires.
    """
    return torch.relu(x @ widen.T)


@task.mistake
def with_the_residual(x, widen, narrow):
    """You added x.

    The block does that. The layer returns what it recalls, and nothing else.
    """
    return x + recalled(x, widen, narrow)


@task.mistake
def averaged(x, widen, narrow):
    """You made an average of it.

    A ReLU's shares need not add up to one, and nobody divides by their sum.
    """
    fires = torch.relu(x @ widen.T)
    return fires / fires.sum(dim=-1, keepdim=True).clamp(min=1e-9) @ narrow.T


@task.mistake
def loudest_alone(x, widen, narrow):
    """Only the loudest key speaks in yours.

    All keys that fire do, at once.
    """
    fires = torch.relu(x @ widen.T)
    return (fires * (fires == fires.amax(dim=-1, keepdim=True))) @ narrow.T
