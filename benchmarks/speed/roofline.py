"""The least time that a piece of work can take: its operations at the measured rates of the machine.

Each operation takes at least its arithmetic at the rate of matrix products, or what it reads and writes at
the rate of memory, whichever is longer (roofline model: Williams, Waterman and Patterson 2009, Communications
of the ACM 52(4)). What calls cost whatever their size is measured, by the same steps on hardly any turns.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

aten = torch.ops.aten
ATTENTION = {
    aten._scaled_dot_product_flash_attention_for_cpu: aten._scaled_dot_product_flash_attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        aten._scaled_dot_product_flash_attention_backward
    ),
}
"""What torch's counter knows by another name."""
WRITTEN = (aten.copy_, aten.fill_, aten.zero_, aten.random_)
"""Operations that do not read their first tensor."""


class Operation(NamedTuple):
    """One call: its multiplications and additions, their type, and the bytes it reads and writes."""

    dtype: torch.dtype
    flops: int
    moved: int


class Rates(NamedTuple):
    """What the machine does, measured beside the work.

    Attributes:
        flops: a second in matrix products, by the type of what is multiplied.
        moved: bytes read and written a second in sums of two matrices.
    """

    flops: Mapping[torch.dtype, float]
    moved: float


class Bound(NamedTuple):
    """Seconds that calls, matrix products and all other passes over memory take at least."""

    calls: float
    products: float
    passes: float


def bound(whole: list[Operation], few: list[Operation], spent: float, rates: Rates) -> Bound:
    """Least time of a piece of work.

    Args:
        whole: its operations.
        few: those of the same steps on hardly any turns.
        spent: seconds that these took.
        rates: of the machine.
    """
    products, passes = (at_rates(whole, rates, p) - at_rates(few, rates, p) for p in (True, False))
    return Bound(spent, products, passes)


def at_rates(operations: list[Operation], rates: Rates, products: bool) -> float:
    """Least seconds of the matrix products, or of all else."""
    return sum(
        max(flops / rates.flops.get(dtype, torch.inf), moved / rates.moved)
        for dtype, flops, moved in operations
        if (flops > 0) == products
    )


def operations(work: Callable[[], object]) -> list[Operation]:
    """The operations of a piece of work, forward and backward; views and empty tensors cost nothing."""
    with _Recorder() as recorder:
        work()
    return recorder.found


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd):
            with self:  # what reads without gradients arrives here before it falls into its parts
                return func.decompose(*args, **given)
        result = func(*args, **given)
        read, written = _tensors((args, given)), _tensors(result)
        name = func.overloadpacket
        known = ATTENTION.get(name, name)
        if known in flop_registry:
            flops = flop_registry[known](*args, **given, out_val=result)
            self.found.append(Operation(read[0].dtype, flops, _bytes(read + written)))
        elif not _free(func, read, written):
            moved = _bytes(read[1:] if name in WRITTEN else read) + _bytes(written)
            if name in (aten.index_select, aten.index_copy_):  # rows of the result, or of what is put in
                moved = 2 * _bytes(written if name is aten.index_select else read[-1:])
            self.found.append(Operation(torch.uint8, 0, moved))
        return result


def _free(func: Any, read: list[Tensor], written: list[Tensor]) -> bool:
    """Whether an operation only allocates, or shows what is there in another shape."""
    if func._schema.is_mutable:
        return False
    there = {tensor.untyped_storage().data_ptr() for tensor in read}
    return "empty" in func.name() or all(tensor.untyped_storage().data_ptr() in there for tensor in written)


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def _tensors(nest: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(nest) if isinstance(leaf, Tensor)]
