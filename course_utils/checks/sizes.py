"""How large is the largest tensor on the way? For tasks in which nobody is to write a table."""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _Watch(TorchDispatchMode):
    """Notes the size of every tensor that an operation returns."""

    def __init__(self):
        super().__init__()
        self.largest = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or torch imports its compiler first: two seconds

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        sizes = (leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        self.largest = max([self.largest, *sizes])
        return result


def with_no_table(function: Callable, *args: Any, allowed: int) -> Any:
    """function(*args); RuntimeError if a tensor of more than `allowed` numbers came up on the way.

    Takes hardly longer than the call alone; a tensor counts whether it is a copy or a view.
    """
    with _Watch() as watch:
        result = function(*args)
    if watch.largest > allowed:
        raise RuntimeError(
            f"a tensor of {watch.largest:,} numbers is made on the way, and {allowed:,} are enough "
            "here. Is a whole table of scores written down?"
        )
    return result
