"""Features: extractors from words to vectors, with their provenance."""

from graphmer.features.cache import VectorCache, default_folder
from graphmer.features.extract import Extracted, extract
from graphmer.features.extractor import Clip, Extractor, Missing
from graphmer.features.provenance import Provenance
from graphmer.features.text import MINILM, TextExtractor

__all__ = [
    "MINILM",
    "Clip",
    "Extracted",
    "Extractor",
    "Missing",
    "Provenance",
    "TextExtractor",
    "VectorCache",
    "default_folder",
    "extract",
]
