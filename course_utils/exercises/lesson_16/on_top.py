"""FNet-Hybrid: one mixer below, another in the top layers."""

from collections.abc import Iterator

from course_utils.checks.task import Case, Task


def every_layer(answer, below, above, n_layers, n_above):
    """What is done with the answer: each layer is asked for its mixer."""
    of_layer = answer(below, above, n_layers, n_above)
    if of_layer is None:  # not written yet
        return None
    mixers = [of_layer(layer) for layer in range(n_layers)]
    return [getattr(mixer, "__name__", mixer) for mixer in mixers]  # a function by its name


task = Task(
    "16.on_top",
    "Attention on top",
    section="Three sets of questions",
    hints=[
        "Models call `mixer(layer)` for layer 0, 1, … n_layers − 1. So a function has to come "
        "back, and that function chooses.",
        "Of 6 layers with 2 on top, 4 and 5 are above: those from n_layers − n_above on.",
        "Return `lambda layer: (above if … else below)(layer)`: the chosen one is called with the "
        "layer's own number.",
    ],
    praise="Right. One line, and no model had to be told.",
    use=every_layer,
)


@task.answer
def on_top(below, above, n_layers, n_above):
    ### BEGIN SOLUTION
    first_above = n_layers - n_above
    return lambda layer: (above if layer >= first_above else below)(layer)
    ### END SOLUTION


def waves(layer):
    return f"waves {layer}"


def attention(layer):
    return f"attention {layer}"


@task.cases
def cases(seed: int) -> Iterator[Case]:
    for n_layers, n_above in ((6, 2), (4, 1), (5, 3)):
        name = f"{n_layers} layers, {n_above} on top"
        yield Case(name, (waves, attention, n_layers, n_above))
    yield Case("none on top", (waves, attention, 3, 0))
    yield Case("all on top", (waves, attention, 3, 3))
    size = 7 + seed % 5
    yield Case(f"{size} layers, 2 on top", (waves, attention, size, 2))


@task.also_right
def a_function_inside(below, above, n_layers, n_above):
    def choose(layer):
        if layer < n_layers - n_above:
            return below(layer)
        return above(layer)

    return choose


@task.also_right
def by_a_list(below, above, n_layers, n_above):
    each = [below] * (n_layers - n_above) + [above] * n_above
    return lambda layer: each[layer](layer)


@task.mistake
def at_the_bottom(below, above, n_layers, n_above):
    """Yours has the second mixer at the bottom.

    Layer 0 is the lowest, next to the words. The top is n_layers − 1.
    """
    return lambda layer: (above if layer < n_above else below)(layer)


@task.mistake
def one_too_few(below, above, n_layers, n_above):
    """One layer too few is on top.

    Layers are counted from 0: of 6 with 2 on top, 4 and 5. Take >=, not >.
    """
    return lambda layer: (above if layer > n_layers - n_above else below)(layer)


@task.mistake
def one_too_many(below, above, n_layers, n_above):
    """One layer too many is on top.

    The first one above is n_layers − n_above.
    """
    return lambda layer: (above if layer >= n_layers - n_above - 1 else below)(layer)


@task.mistake
def changed_places(below, above, n_layers, n_above):
    """Below and above have changed places.

    The top layers get `above`.
    """
    return lambda layer: (below if layer >= n_layers - n_above else above)(layer)


@task.mistake
def always_two(below, above, n_layers, n_above):
    """Always two are on top in yours.

    The paper's hybrid has two; here it is `n_above`.
    """
    return lambda layer: (above if layer >= n_layers - 2 else below)(layer)


@task.mistake
def in_turns(below, above, n_layers, n_above):
    """Yours take turns.

    That is the paper's "mixed" layout. On top was asked for.
    """
    return lambda layer: (above if layer % 2 else below)(layer)


@task.mistake
def counted_anew(below, above, n_layers, n_above):
    """Above, layers are counted from 0 again.

    Each mixer is made for the layer's own number in the whole model: call it with `layer`.
    """
    first = n_layers - n_above
    return lambda layer: above(layer - first) if layer >= first else below(layer)


@task.mistake
def made_once(below, above, n_layers, n_above):
    """Every layer got the mixer of layer 0.

    Layers that share a mixer share its weights. Call the chosen one for each layer, with its
    number.
    """
    one, other = below(0), above(0)
    return lambda layer: other if layer >= n_layers - n_above else one


@task.mistake
def functions_not_mixers(below, above, n_layers, n_above):
    """Your function returns a function, not a mixer.

    The chosen one still has to be called: (above if … else below)(layer).
    """
    return lambda layer: above if layer >= n_layers - n_above else below
