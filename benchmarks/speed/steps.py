"""One training step and one reading, our way and the reference's."""

from collections.abc import Callable, Sequence

import torch
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from benchmarks.speed.sizes import NODES
from graphmer.graph.dataset import batches
from graphmer.nn.model import EmotionModel
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.experts import mixing_loss
from graphmer.training.optimization import Optimization
from tests.nn import oracle


class Ours:
    """As `Trainer` trains: bucketed ragged batches, gradient clipping, its optimizer."""

    def __init__(self, model: EmotionModel, *, bfloat16: bool = False) -> None:
        self.model, self.bfloat16 = model, bfloat16
        self.optimizer = Optimization().make(model)

    def train(self, graphs: Sequence[Batch]) -> None:
        self.model.train()
        for _, batch in batches(graphs, NODES, torch.Generator().manual_seed(0)):
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
                loss = mixing_loss(self.model, batch, TrainingTargets()).total
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()

    @torch.inference_mode()
    def read(self, graphs: Sequence[Batch]) -> None:
        self.model.eval()
        for _, batch in batches(graphs, NODES):
            self.model(batch)


class Reference:
    """Nine padded passes over random batches, with Adam."""

    def __init__(self, model: EmotionModel) -> None:
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-5)

    def train(self, groups: Sequence[Sequence[Batch]]) -> None:
        self.model.train()
        for graphs in groups:
            batch = Batch.from_data_list(list(graphs))
            loss = cross_entropy(oracle.model_forward(self.model, batch), batch.emotion)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.inference_mode()
    def read(self, groups: Sequence[Sequence[Batch]]) -> None:
        self.model.eval()
        for graphs in groups:
            oracle.model_forward(self.model, Batch.from_data_list(list(graphs)))


def matrix_product(rows: int, width: int, dtype: torch.dtype) -> tuple[Callable[[], object], int]:
    """A matrix product as an expert has them, and its multiplications and additions."""
    first, second = torch.randn(rows, width, dtype=dtype), torch.randn(width, width, dtype=dtype)
    return lambda: first @ second, 2 * rows * width * width
