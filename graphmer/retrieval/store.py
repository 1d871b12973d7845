"""FAISS index over the vectors of one modality: exact for few vectors, clustered (IVF) for many."""

import math
import sys
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphmer.storage import replacing

Metric = Literal["cosine", "l2"]

EXACT = 50_000
"""Number of rows up to which a search is exact (FAISS "flat"); above it, only near clusters are searched."""

_PROBES = 32  # clusters searched for a query
_SAMPLE = 64  # training vectors per cluster; FAISS's default is 256: a quarter of the time, equal recall
_ROUNDS = 10  # iterations of k-means
_GPU_LIMIT = 2048  # most neighbours that FAISS finds on a GPU


@cache
def faiss_library() -> Any:
    """FAISS module with support for torch tensors, imported at the first call.

    FAISS and torch each bring an OpenMP runtime. FAISS gets as many threads as torch. On macOS it gets one,
    because two active OpenMP runtimes crash the process.
    """
    import faiss
    import faiss.contrib.torch_utils  # makes `add` and `search` read tensors without a copy

    faiss.omp_set_num_threads(1 if sys.platform == "darwin" else torch.get_num_threads())
    return faiss


def prepared(vectors: Tensor, metric: Metric) -> Tensor:
    """Vectors as they are indexed: of length one for ``cosine`` (zero stays zero), unchanged for ``l2``.

    Raises:
        ValueError: on NaN or infinity.
    """
    vectors = vectors.detach().to("cpu", torch.float32).contiguous()
    if not bool(torch.isfinite(vectors).all()):
        raise ValueError("Features to index hold NaN or infinity; mark the modality as unavailable instead.")
    return normalize(vectors, dim=-1) if metric == "cosine" else vectors


def distances(queries: Tensor, candidates: Tensor, metric: Metric) -> Tensor:
    """Euclidean distance of prepared vectors.

    For ``cosine`` this is the chord ``sqrt(2 - 2 cos)``, which gives the same ranking as the cosine. A zero
    vector has no direction; its cosine with every vector is defined as 0. Otherwise it would be nearer to
    most vectors than they are to one another.

    Shapes:
        queries ``[Q, D]``, candidates ``[Q, K, D]``, returns ``[Q, K]``.
    """
    found = torch.linalg.vector_norm(candidates - queries.unsqueeze(1), dim=-1)
    if metric == "l2":
        return found
    directed = candidates.any(dim=-1) & queries.any(dim=-1, keepdim=True)
    return torch.where(directed, found, math.sqrt(2))


class VectorStore:
    """FAISS index of prepared vectors, which are identified by numbers that the caller assigns.

    Up to `exact` rows a query is compared with all rows. Above it, the rows are grouped into about
    ``2 sqrt(N)`` clusters, and a query is compared with the rows of the 32 clusters whose centres are
    nearest. The clusters are computed again when the best number of clusters has more than doubled or halved.

    Args:
        width: features per vector.
        metric: similarity of two vectors, ``cosine`` or ``l2``.
        exact: number of rows up to which a search is exact.
    """

    def __init__(self, width: int, metric: Metric, exact: int = EXACT) -> None:
        self.width = width
        self.metric = metric
        self.exact = exact
        self._index = self._flat()
        self._gpu: Any = None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def clusters(self) -> int:
        """Number of clusters; 0 for an exact index."""
        return int(getattr(self._index, "nlist", 0))

    def numbers(self) -> Tensor:
        """Numbers of the indexed vectors, long ``[N]``, in unspecified order."""
        faiss = faiss_library()
        if not self.clusters:
            return torch.from_numpy(faiss.vector_to_array(self._index.id_map))
        lists = self._index.invlists
        sizes = [(lists.get_ids(n), lists.list_size(n)) for n in range(self.clusters)]
        parts = [torch.from_numpy(faiss.rev_swig_ptr(ids, size).copy()) for ids, size in sizes if size]
        return torch.cat(parts)

    def vectors(self, numbers: Tensor) -> Tensor:
        """Vectors ``[Q, D]`` of these numbers ``[Q]``, which must be indexed."""
        return torch.from_numpy(self._index.reconstruct_batch(numbers.numpy()))

    def add(self, numbers: Tensor, vectors: Tensor) -> None:
        """Add prepared vectors ``[Q, D]`` with new numbers ``[Q]``."""
        self._gpu = None
        if self._suits(len(self) + len(numbers)):
            self._index.add_with_ids(vectors, numbers)
        elif len(self) == 0:
            self._rebuild(numbers, vectors)
        else:
            old = self.numbers()
            self._rebuild(torch.cat([old, numbers]), torch.cat([self.vectors(old), vectors]))

    def remove(self, numbers: Tensor) -> None:
        """Remove the vectors of these numbers ``[Q]``."""
        self._gpu = None
        self._index.remove_ids(numbers.numpy())
        if not self._suits(len(self)):
            kept = self.numbers()
            self._rebuild(kept, self.vectors(kept))

    def search(self, queries: Tensor, count: int) -> Tensor:
        """Numbers of the nearest vectors, nearest first; -1 where there are fewer.

        Shapes:
            queries ``[Q, D]`` prepared; returns long ``[Q, count]``.
        """
        if len(self) == 0 or len(queries) == 0:
            return torch.full((len(queries), count), -1)
        if faiss_library().get_num_gpus() and count <= _GPU_LIMIT:
            return self._search_on_gpu(queries, count)
        return self._index.search(queries, count)[1]

    def write(self, path: Path) -> None:
        """Write the FAISS index to a file, atomically."""
        with replacing(path) as partial:
            faiss_library().write_index(self._index, str(partial))

    def read(self, path: Path, *, mapped: bool) -> None:
        """Replace the index by one that `write` wrote.

        Args:
            path: file of the index.
            mapped: memory-map the vectors instead of reading them.

        Raises:
            ValueError: if the file is not a readable FAISS index, or has another width or metric.
        """
        faiss = faiss_library()
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError:  # its message names lines of FAISS's source code
            raise ValueError(f"{path.name} is missing, damaged or no FAISS index") from None
        if (index.d, index.metric_type) != (self.width, self._metric_type):
            raise ValueError(f"{path.name} is not made for {self.width} features and {self.metric}")
        self._index, self._gpu = index, None

    @property
    def _metric_type(self) -> int:
        faiss = faiss_library()
        return int(faiss.METRIC_INNER_PRODUCT if self.metric == "cosine" else faiss.METRIC_L2)

    def _flat(self) -> Any:
        faiss = faiss_library()
        return faiss.IndexIDMap2(faiss.IndexFlat(self.width, self._metric_type))

    def _suits(self, rows: int) -> bool:
        """Whether the present index type and number of clusters suit this number of rows."""
        if not self.clusters or rows <= self.exact:
            return not self.clusters and rows <= self.exact
        return 0.5 <= _best_clusters(rows) / self.clusters <= 2

    def _rebuild(self, numbers: Tensor, vectors: Tensor) -> None:
        self._index = self._flat() if len(numbers) <= self.exact else self._clustered(vectors)
        self._index.add_with_ids(vectors, numbers)

    def _clustered(self, vectors: Tensor) -> Any:
        faiss = faiss_library()
        centres = faiss.IndexFlat(self.width, self._metric_type)
        index = faiss.IndexIVFFlat(centres, self.width, _best_clusters(len(vectors)), self._metric_type)
        index.cp.niter, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = (
            _ROUNDS,
            _SAMPLE,
            1,
        )
        index.cp.spherical = self.metric == "cosine"
        index.train(vectors)
        index.set_direct_map_type(faiss.DirectMap.Hashtable)
        index.nprobe = min(_PROBES, index.nlist)
        return index

    def _search_on_gpu(self, queries: Tensor, count: int) -> Tensor:
        faiss = faiss_library()
        if self._gpu is None:
            plain = self._index if self.clusters else faiss.downcast_index(self._index.index)
            resources = faiss.StandardGpuResources()
            self._gpu = (faiss.index_cpu_to_gpu(resources, 0, plain), resources)
        found = self._gpu[0].search(queries, count)[1]
        if self.clusters:
            return found
        positions = self.numbers()
        return torch.where(found < 0, found, positions[found.clamp_min(0)])


def _best_clusters(rows: int) -> int:
    return int(2 ** round(math.log2(2 * math.sqrt(rows))))
