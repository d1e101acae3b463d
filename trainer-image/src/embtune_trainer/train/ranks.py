"""What the processes of one training say to each other. With one process, nothing."""

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Ranks:
    """This process among all; the process group must be up."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.world = dist.get_world_size()

    @property
    def first(self) -> bool:
        return self.rank == 0

    def gather(self, rows: Tensor, counts: list[int]) -> Tensor:
        """Every rank's rows, rank after rank: (sum(counts), dim), detached. `counts`: rows of each rank."""
        if self.world == 1:
            return rows.detach()
        padded = rows.new_zeros(max(counts), rows.shape[1])
        padded[: len(rows)] = rows.detach()
        everyone = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(everyone, padded)
        return torch.cat([part[:count] for part, count in zip(everyone, counts, strict=True)])

    def sum_gradients(self, model: nn.Module) -> None:
        """Add up every parameter's gradient over the ranks. A parameter that no rank used keeps None."""
        if self.world == 1:
            return
        parameters = [p for p in model.parameters() if p.requires_grad]
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=parameters[0].device)
        flat = torch.cat([used, *((p.grad if p.grad is not None else torch.zeros_like(p)).reshape(-1) for p in parameters)])
        dist.all_reduce(flat)
        offset = len(parameters)
        for parameter, uses in zip(parameters, flat[:offset].tolist(), strict=True):
            if uses:
                parameter.grad = flat[offset : offset + parameter.numel()].view_as(parameter)
            offset += parameter.numel()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is true on some rank: all ranks answer alike."""
        if self.world == 1:
            return flag
        answer = torch.tensor([float(flag)], device=device)
        dist.all_reduce(answer, op=dist.ReduceOp.MAX)
        return bool(answer.item())

    def first_says(self, numbers: list[float], device: torch.device) -> list[float]:
        """The numbers of rank 0, on all ranks; the others pass as many, of any value."""
        if self.world == 1:
            return numbers
        told = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.broadcast(told, src=0)
        return [float(number) for number in told.tolist()]

    def wait(self) -> None:
        if self.world > 1:
            dist.barrier()
