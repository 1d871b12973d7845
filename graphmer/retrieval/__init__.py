"""Training utterances that are near to an utterance, by any of its modalities."""

from graphmer.retrieval.encoder import RetrievalEncoder, fit_encoder
from graphmer.retrieval.index import RetrievalIndex, fold_fingerprint
from graphmer.retrieval.table import NeighbourTable, Supports, select_supports

__all__ = [
    "NeighbourTable",
    "RetrievalEncoder",
    "RetrievalIndex",
    "Supports",
    "fit_encoder",
    "fold_fingerprint",
    "select_supports",
]
