"""Gradient descent, step by step."""

import torch

from course_utils.checks.task import Case, Task

task = Task(
    "A1.descend",
    "Downhill",
    section="Which way is down?",
    dimensions=("d",),
    hints=[
        "A step is: the loss of the w that you have now, its gradient, and w minus lr times that. "
        "Then the same again with the new w.",
        "By formula: the gradient of the mean squared error is 2 / n · xᵀ(xw − y), in torch "
        "2 / len(y) * x.T @ (x @ w - y). Then no autograd is needed.",
        "With torch: w = w.clone().requires_grad_(), optimizer = torch.optim.SGD([w], lr=lr), and "
        "in the loop zero_grad(), loss.backward(), step(). Return w.detach().",
    ],
    praise="Right. A model of a billion numbers goes downhill the same way.",
)


@task.answer
def descend(w, x, y, lr, steps):
    ### BEGIN SOLUTION
    w = w.clone().requires_grad_()  # the caller's stays as it is
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(steps):
        loss = (x @ w - y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return w.detach()
    ### END SOLUTION


@task.cases
def cases(seed):
    # The first optimiser of all fetches torch's compiler. That takes seconds, and no answer's time.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    generator = torch.Generator().manual_seed(seed)

    def case(name, n, d, lr, steps):
        x = torch.randn(n, d, generator=generator)
        w, y = torch.randn(d, generator=generator), torch.randn(n, generator=generator)
        return Case(name, (w, x, 2 * y + 1, lr, steps))

    yield case("one step, 4 examples of 2 numbers", 4, 2, 0.1, 1)
    yield case("two steps", 5, 3, 0.1, 2)
    yield case("twelve steps", 6, 2, 0.05, 12)
    yield case("as many numbers as examples", 3, 3, 0.02, 4)
    yield case("a timid rate", 8, 4, 0.001, 5)
    yield case("one example, one number", 1, 1, 0.05, 3)
    yield case("no step at all", 4, 3, 0.1, 0)


def _gradient(w, x, y):
    """Of the mean squared error, [d]."""
    return 2 / len(y) * x.T @ (x @ w - y)


@task.also_right
def by_formula(w, x, y, lr, steps):
    for _ in range(steps):
        w = w - lr * 2 / len(y) * x.T @ (x @ w - y)
    return w


@task.also_right
def by_backward(w, x, y, lr, steps):
    w = w.clone().requires_grad_()
    for _ in range(steps):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
    return w


@task.also_right
def by_grad(w, x, y, lr, steps):
    for _ in range(steps):
        w = w.detach().requires_grad_()
        (slope,) = torch.autograd.grad(((y - x.mv(w)) ** 2).sum() / len(y), w)
        w = w - lr * slope
    return w.detach()


@task.mistake
def uphill(w, x, y, lr, steps):
    """You walk uphill.

    The gradient points to where the loss grows. Step against it: w − lr · gradient.
    """
    for _ in range(steps):
        w = w + lr * _gradient(w, x, y)
    return w


@task.mistake
def never_cleared(w, x, y, lr, steps):
    """Your gradients pile up.

    backward adds to w.grad what it finds. Without zero_grad() in the loop, each step walks along
    the sum of all gradients so far.
    """
    piled = torch.zeros_like(w)
    for _ in range(steps):
        piled = piled + _gradient(w, x, y)
        w = w - lr * piled
    return w


@task.mistake
def one_step(w, x, y, lr, steps):
    """You take one step, whatever `steps` says.

    Each step begins with the loss at the new w: all of it has to stand in the loop.
    """
    return w - lr * _gradient(w, x, y)


@task.mistake
def same_gradient_again(w, x, y, lr, steps):
    """You take the gradient once, and walk along it all the way.

    With each step w is another, and so is the slope under it. Work out the loss anew in the loop.
    """
    return w - lr * steps * _gradient(w, x, y)


@task.mistake
def summed(w, x, y, lr, steps):
    """You step along the sum of the squared errors.

    Then a step grows with the number of examples. Wanted is their mean: .mean().
    """
    for _ in range(steps):
        w = w - lr * len(y) * _gradient(w, x, y)
    return w


@task.mistake
def two_forgotten(w, x, y, lr, steps):
    """You forgot the 2.

    The slope of a square is twice what is squared: the gradient is 2 / n · xᵀ(xw − y).
    """
    for _ in range(steps):
        w = w - lr / 2 * _gradient(w, x, y)
    return w


@task.mistake
def two_forgotten_and_summed(w, x, y, lr, steps):
    """You forgot the 2, and the mean.

    xᵀ(xw − y) is half the slope of the sum of the squares. That of their mean is 2 / n times as
    long.
    """
    for _ in range(steps):
        w = w - lr * x.T @ (x @ w - y)
    return w


@task.mistake
def root(w, x, y, lr, steps):
    """You took the root of the loss.

    Its slope is another one. Here the loss is the mean of the squares, as it is.
    """
    for _ in range(steps):
        w = w - lr * _gradient(w, x, y) / (2 * (x @ w - y).square().mean().sqrt())
    return w


@task.mistake
def absolute_errors(w, x, y, lr, steps):
    """Your loss is the mean of the absolute errors.

    The task's loss is the mean of their squares: .square().mean().
    """
    for _ in range(steps):
        w = w - lr / len(y) * x.T @ (x @ w - y).sign()
    return w


@task.mistake
def everybody_against_everybody(w, x, y, lr, steps):
    """You subtract everybody from everybody.

    Predictions of [n, 1] against y of [n] make a table of n × n, and no error. x @ w with w of [d]
    is [n] already.
    """
    for _ in range(steps):
        apart = (x @ w)[:, None] - y
        w = w - lr * 2 / apart.numel() * x.T @ apart.sum(1)
    return w


@task.mistake
def adam(w, x, y, lr, steps):
    """That is Adam.

    It makes every number's first step lr long, whatever the slope. Wanted is plain gradient
    descent: torch.optim.SGD.
    """
    w = w.clone().requires_grad_()
    optimizer = torch.optim.Adam([w], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (x @ w - y).square().mean().backward()
        optimizer.step()
    return w.detach()


@task.mistake
def momentum(w, x, y, lr, steps):
    """You have given it momentum.

    Then each step goes on in the direction of the ones before. Plain gradient descent forgets them:
    torch.optim.SGD with nothing but lr.
    """
    speed = torch.zeros_like(w)
    for _ in range(steps):
        speed = 0.9 * speed + _gradient(w, x, y)
        w = w - lr * speed
    return w


@task.mistake
def at_the_bottom(w, x, y, lr, steps):
    """You jump to the bottom of the hill.

    That is where it all ends, and here there is even a formula for it. Wanted is how far `steps`
    steps lead.
    """
    return torch.linalg.pinv(x) @ y


@task.mistake
def no_rate(w, x, y, lr, steps):
    """You step by the whole gradient.

    It says how steep it is, and not how far to go. Times lr.
    """
    for _ in range(steps):
        w = w - _gradient(w, x, y)
    return w


@task.mistake
def gradient_returned(w, x, y, lr, steps):
    """You return the gradient.

    Wanted is where one ends up: w after all steps.
    """
    return _gradient(w, x, y)


@task.mistake
def nowhere(w, x, y, lr, steps):
    """Your w comes out as it went in.

    Either nothing steps, or zero_grad() stands between backward and step: then the gradient is gone
    when it is wanted. zero_grad, backward, step is the order.
    """
    return w.clone()


@task.mistake
def one_too_many(w, x, y, lr, steps):
    """You take one step too many.

    range(steps) counts from 0 to steps − 1: that is `steps` steps.
    """
    for _ in range(steps + 1):
        w = w - lr * _gradient(w, x, y)
    return w


@task.mistake
def one_too_few(w, x, y, lr, steps):
    """You take one step too few.

    range(1, steps) leaves one out: range(steps) has `steps` of them.
    """
    for _ in range(steps - 1):
        w = w - lr * _gradient(w, x, y)
    return w


@task.mistake
def example_by_example(w, x, y, lr, steps):
    """You step after each example.

    That is `steps` times n steps. Here the mean over all examples makes one loss, and one step.
    """
    for _ in range(steps):
        for row, wanted in zip(x, y):
            w = w - lr * 2 * (row @ w - wanted) * row
    return w


@task.mistake
def targets_alone(w, x, y, lr, steps):
    """You leave out the targets.

    That pulls every prediction to zero. The error is x @ w − y.
    """
    for _ in range(steps):
        w = w - lr * 2 / len(y) * x.T @ (x @ w)
    return w
