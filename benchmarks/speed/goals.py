"""What is claimed of speed: the rows of the table, in its order."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """One row.

    Args:
        name: of the measurement, in the stored results.
        work: what is done.
        bound: target, see `sense`; ``None`` for a row that only gives a cost.
        sense: whether more or less than the target is wanted.
        unit: written behind numbers.
        limit: what bounds it, where the measurement does not say it itself.
    """

    name: str
    work: str
    bound: float | None
    sense: Literal["at least", "at most"] = "at least"
    unit: str = "x"
    limit: str = ""


_STEP = "training step, float32, utterances/s over the padded nine passes: "
_HALF = "the same step in bfloat16 autocast: "
GOALS = (
    Goal("train/float32/atv", f"{_STEP}`atv`", 1.8),
    Goal("train/float32/a", f"{_STEP}`a`", 5.5),
    Goal("train/float32/sets", f"{_STEP}uniform over the seven sets", 3),
    Goal("train/bfloat16/atv", f"{_HALF}`atv`", 3),
    Goal("train/bfloat16/a", f"{_HALF}`a`", 8),
    Goal("train/bfloat16/sets", f"{_HALF}uniform over the seven sets", 5),
    Goal(
        "share/float32",
        "useful FLOP/s of the step `atv` over the measured matrix rate at width 256, float32",
        0.6,
        unit="",
    ),
    Goal("share/bfloat16", "the same in bfloat16", 0.6, unit=""),
    Goal(
        "bfloat16/scores",
        "the same: WA on the mean of the seven sets less that in float32, over the spread over seeds",
        1,
        "at most",
        "",
    ),
    Goal(
        "read/atv",
        "inference, whole dialogues, float32, `atv`",
        2,
        limit="the padding that is left out is 1.85x, all else is the same arithmetic",
    ),
    Goal(
        "read/a",
        "inference, whole dialogues, float32, `a`",
        6,
        limit="three of nine passes and no padding are 5.5x",
    ),
    Goal("whole", "training step of the whole model, windows 10/10, over plain MoMKE", 1.4, "at most"),
    Goal("build", "graphs of all 151 dialogues, windows 10/10", 0.3, "at most", " s"),
    Goal(
        "loader",
        "share of masks and collation in a training step",
        0.05,
        "at most",
        "",
    ),
    Goal(
        "help",
        "`graphmer --help`",
        0.5,
        "at most",
        " s",
        limit="imports of the command line: Python alone is in brackets",
    ),
    Goal(
        "import",
        "torch, faiss or matplotlib loaded by `import graphmer` and `--help`",
        0,
        "at most",
        " of 3",
        limit="names are imported when they are used",
    ),
    Goal(
        "stream",
        "streaming, one turn, windowed causal model with its decoder, median on one core",
        10,
        "at most",
        " ms",
    ),
    Goal(
        "long/memory",
        "dialogue of 20,000 turns, windows of 20: peak memory of a training step",
        4,
        "at most",
        " GiB",
    ),
    Goal(
        "long/growth of memory",
        "the same: exponent of memory from 1,000 to 20,000 turns, reading and training",
        1.1,
        "at most",
        "",
    ),
    Goal(
        "long/growth of time",
        "the same: exponent of processor time",
        1.1,
        "at most",
        "",
        limit="fresh pages for tensors beyond 32 MiB, without which it is met",
    ),
    Goal(
        "curriculum/tables",
        "hardness and neighbor tables of a training part of IEMOCAP-6's size",
        10,
        "at most",
        " s",
    ),
    Goal(
        "curriculum/epoch",
        "epoch with supports (k = 5) in copies of dialogues over the plain one",
        2.5,
        "at most",
    ),
    Goal(
        "curriculum/mixup",
        "epoch with supports (k = 5) mixed in, distillation and reconstruction over the plain one",
        2.5,
        "at most",
    ),
    Goal("retrieval/build", "index of a million vectors of 256: build", None, unit=" s"),
    Goal("retrieval/memory", "the same: resident memory", None, unit=" GiB"),
    Goal("retrieval/rate", "the same: queries a second", None, unit=""),
    Goal("retrieval/recall", "the same: recall of the ten nearest against comparing all", None, unit=""),
    Goal("experiment", "five folds at IEMOCAP-4's size, all conditions, two cores", 20, "at most", " min"),
    Goal("experiment/h200", "the same on one H200", 60, "at most", " s"),
    Goal(
        "mapped/memory",
        "1,000,000 utterances, three modalities of 256, from disk: resident memory above the model's",
        2,
        "at most",
        " GiB",
    ),
    Goal(
        "mapped/rate",
        "training from disk on 1,000,000 utterances: throughput over that in memory",
        0.85,
        unit="",
    ),
    Goal(
        "text/bfloat16",
        "text features by MiniLM in bfloat16, one core, utterances/s over `SentenceTransformer.encode` in "
        "batches of 32",
        2.3,
        limit="the encoder's attention over short texts and GELU, half of its time",
    ),
    Goal("text/float32", "the same in float32", None, limit="the matrix rate in float32"),
    Goal("text/rate", "the same in bfloat16, utterances a second", 600, unit=""),
    Goal("text/cosine", "the same: smallest cosine with the vectors of the plain way", 0.999, unit=""),
)
