"""Several processes that train one model: who they are, and how their numbers are added up.

torchrun starts the same program several times and tells each process its number (RANK) and how
many there are (WORLD_SIZE). Started in any other way, a program is alone: one of one.
"""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from course_utils.training.batches import each_tensor


def device() -> torch.device:
    """Where this process should put its model: its own GPU if there are any, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    return torch.device("cpu")


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def rank() -> int:
    """The number of this process among them; 0 is the one that prints and writes."""
    return int(os.environ.get("RANK", 0)) if count() > 1 else 0


class Workers:
    """The processes that train together, of which this one has the number `rank`."""

    def __init__(self, on: torch.device):
        self.count, self.rank, self.device = count(), rank(), on
        if self.count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if on.type == "cuda" else "gloo")
            atexit.register(dist.destroy_process_group)

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, with gradients averaged over all processes as soon as they are there.

        Buffers stay as they are: the course's are tables that every process computes alike.
        """
        if self.count == 1:
            return model
        return DistributedDataParallel(model, forward_sync_buffers=False)

    @contextmanager
    def averaging(self, model: nn.Module, now: bool) -> Iterator[None]:
        """Averages gradients only if `now`: with several batches a step, once is enough."""
        if self.count == 1 or now:
            yield
        else:
            with model.no_sync():
                yield

    def share(self, batch: Any) -> Any:
        """This process's rows of a batch that all of them know: every `count`-th, on its device."""

        def rows(tensor: Tensor) -> Tensor:
            if len(tensor) < self.count:
                raise ValueError(
                    f"a batch of {len(tensor)} rows cannot be shared by {self.count} processes. "
                    "Take larger batches, or fewer processes."
                )
            return self.bring(tensor[self.rank :: self.count])

        return each_tensor(batch, rows)

    def bring(self, tensor: Tensor) -> Tensor:
        """The tensor on this process's device."""
        return tensor.to(self.device)

    def sum(self, *numbers: Real) -> list[float]:
        """Each number, added up over the processes. All of them have to call this."""
        if self.count == 1:
            return [float(number) for number in numbers]
        # NCCL adds on GPUs only; float64, so that token counts stay whole.
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return sums.tolist()
