"""Retrieval of similar training utterances, by each modality."""

from graphmer.retrieval.encoder import RetrievalEncoder, encoded_widths, fit_encoder
from graphmer.retrieval.encoding import InputEncoding
from graphmer.retrieval.files import fold_fingerprint
from graphmer.retrieval.index import RetrievalIndex
from graphmer.retrieval.memory import RetrievalMemory
from graphmer.retrieval.table import NeighbourTable, Supports, select_supports

__all__ = [
    "InputEncoding",
    "NeighbourTable",
    "RetrievalEncoder",
    "RetrievalIndex",
    "RetrievalMemory",
    "Supports",
    "encoded_widths",
    "fit_encoder",
    "fold_fingerprint",
    "select_supports",
]
