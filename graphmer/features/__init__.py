"""Features: extractors from words and recordings to vectors, with their provenance."""

from graphmer.features.audio_functionals import FunctionalsExtractor, Library
from graphmer.features.audio_network import SpeechNetworkExtractor
from graphmer.features.cache import VectorCache, default_folder
from graphmer.features.extract import Extracted, extract
from graphmer.features.extractor import Clip, Extractor, Missing
from graphmer.features.provenance import Provenance
from graphmer.features.text import MINILM, TextExtractor
from graphmer.features.video import FaceNetworkExtractor

__all__ = [
    "MINILM",
    "Clip",
    "Extracted",
    "Extractor",
    "FaceNetworkExtractor",
    "FunctionalsExtractor",
    "Library",
    "Missing",
    "Provenance",
    "SpeechNetworkExtractor",
    "TextExtractor",
    "VectorCache",
    "default_folder",
    "extract",
]
