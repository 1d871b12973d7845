"""Prediction of a large file on a Ray cluster, as shards in a folder."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from graphmer.checksums import file_checksum, write_json
from graphmer.cli.terminal import errors
from graphmer.cli.writers import writing
from graphmer.cluster import Counted, LineSource, Shard, Source, TurnSource, connected, plan_shards, results
from graphmer.corpora.assemble import ZerosPolicy
from graphmer.corpora.objects import STANDARD_INPUT, unpacked
from graphmer.corpora.parquet.files import is_columnar
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings, Problem, collecting
from graphmer.dialogue.conditions import protocol
from graphmer.errors import ConfigError, CorpusError, GraphmerError
from graphmer.experiment.extractors import require_same_extractors
from graphmer.experiment.word_corpora import is_transcript
from graphmer.inference import Predictor, load
from graphmer.inference.predictor import NODES
from graphmer.storage import remove_partials

UNPACKED = "input.jsonl"
"""File in the folder of the shards that a compressed input is unpacked into."""

PLAN = "plan.json"
"""File that says of which input and model the shards of a folder are."""

SHARD = 20 * NODES
"""Turns from which on a shard is complete; small enough to be lost, large enough to start a task for."""


@dataclass(frozen=True)
class Job:
    """Prediction of one file by one model.

    Args:
        run: run folder or pack, on storage that all nodes have.
        fold: of the model.
        seed: of the model.
        device: ``cpu`` or ``cuda``.
        given: input as it was named.
        source: its dialogues, on storage that all nodes have.
        out: folder of the shards, likewise.
        form: ``jsonl``, ``csv`` or ``parquet``.
        condition: modalities to hide.
        zeros: meaning of a vector of zeros.
        pooling: reduction of frame-level features.
    """

    run: str
    fold: int | None
    seed: int | None
    device: str
    given: Path
    source: Source[Any]
    out: Path
    form: str
    condition: str
    zeros: ZerosPolicy
    pooling: Pooling

    def part(self, shard: Shard) -> Path:
        """File of the predictions of a shard; names are in the order of the input."""
        return self.out / f"part-{shard.number:05}.{self.form}"


Outcome = tuple[tuple[Problem, ...], str | None]
"""Problems that a shard was read with, and the error that ended it."""


def predict_on_ray(job: Job, predictor: Predictor, address: str | None) -> None:
    """Predict dialogues on a Ray cluster.

    Shards are whole batches of the input, so that rows are those of ``graphmer predict``, to the bit on like
    processors and threads. Each is one file, which is there as a whole or not at all; a folder in which some
    are there already is continued.

    Args:
        job: what to predict.
        predictor: its model.
        address: of the cluster; ``None`` starts one on this machine.

    Raises:
        ConfigError: if the folder holds something else.
        CorpusError: if a dialogue is invalid. Shards that were finished before stay.
    """
    gpus = int(job.device.startswith("cuda"))
    with connected(address) as resources, collecting(None) as findings:
        errors.print(resources, soft_wrap=True, markup=False, highlight=False)
        counted = results(partial(_count, job.source), job.source.pieces())
        shards = plan_shards(job.source.dialogues(_found(counted)), nodes=NODES, turns=SHARD)
        _begin(job, shards)
        todo = [shard for shard in shards if not job.part(shard).is_file()]
        for shard, (problems, failure) in zip(
            todo, results(partial(_predict, job), todo, gpus=gpus), strict=True
        ):
            _add(findings, problems)
            if failure is not None:
                raise CorpusError(
                    f"{failure}\nShards finished so far stay in {job.out}; {shard.number} is missing."
                )
    remove_partials(job.out)  # of writers that died
    (job.out / UNPACKED).unlink(missing_ok=True)
    turns, before = sum(shard.turns for shard in shards), len(shards) - len(todo)
    errors.print(
        f"Predicted: {job.out}: {turns} turns in {len(shards)} parts ({before} there before).",
        soft_wrap=True,
        markup=False,
        highlight=False,
    )


def opened(source: Path, out: Path, predictor: Predictor) -> Source[Any]:
    """The dialogues of a file of JSON lines, or of a file or folder of Parquet, for a cluster to read.

    Of a compressed file, which cannot be read from the middle, an unpacked one is made in the folder of the
    shards, and stays until all are there.

    Args:
        source: as given on the command line.
        out: folder of the shards.
        predictor: the model.

    Raises:
        ConfigError: if the source is no such file.
        CorpusError: if a compressed file is damaged.
    """
    if is_columnar(source):
        require_same_extractors(predictor.trained, source)
        return TurnSource(source)
    if source == STANDARD_INPUT or not source.is_file() or is_transcript(source):
        raise ConfigError(
            f"--engine ray: DIALOGUES must be JSON lines or Parquet with features; got {source}. Extract "
            "features with `graphmer features`, or leave --engine out."
        )
    require_same_extractors(predictor.trained, source)
    _require_own(out)
    return LineSource(unpacked(source, out / UNPACKED), source)


def _count(source: Source[Any], piece: Any) -> list[Counted] | str:
    try:
        return source.count(piece)
    except GraphmerError as error:
        return str(error)


def _found(counted: Iterable[list[Counted] | str]) -> Iterable[list[Counted]]:
    for found in counted:
        if isinstance(found, str):
            raise CorpusError(found)
        yield found


def _begin(job: Job, shards: list[Shard]) -> None:
    """Write the plan of a new folder, or check that of one to continue."""
    job.out.mkdir(parents=True, exist_ok=True)
    plan = {
        "model": _model_checksum(job),
        "source": str(job.given),
        "condition": job.condition,
        "reading": [job.zeros, job.pooling],
        "format": job.form,
        "shards": [asdict(shard) for shard in shards],
    }
    path = job.out / PLAN
    remove_partials(job.out)
    if not path.is_file():
        _require_own(job.out)
        write_json(path, plan)
    elif {key: json.loads(path.read_text(encoding="utf-8")).get(key) for key in plan} != plan:
        raise ConfigError(
            f"--out: {job.out} has shards of another input, model, condition or format. Name a new folder."
        )


def _require_own(out: Path) -> None:
    """Raise an error where a folder has something in it, but no plan."""
    others = out.is_dir() and any(other.name != UNPACKED for other in out.iterdir())
    if others and not (out / PLAN).is_file():
        raise ConfigError(f"--out: {out} is not empty and has no {PLAN}. Name a new folder.")


def _model_checksum(job: Job) -> str:
    """Checksum of a pack, or of all models of a run with their numbers."""
    run = Path(job.run)
    files = [run] if run.is_file() else sorted(run.glob("fold*-seed*/model.json"))
    return " ".join([f"{job.fold}-{job.seed}", *map(file_checksum, files)])


def _add(findings: Findings, problems: Iterable[Problem]) -> None:
    for problem in problems:
        for where in problem.where or ("",):
            (findings.warning if problem.severity == "warning" else findings.note)(
                problem.what, where, problem.action
            )


@lru_cache(maxsize=1)
def _predictor(run: str, fold: int | None, seed: int | None, device: str) -> Predictor:
    """The model, which a worker process keeps from one shard to the next."""
    return load(run, fold=fold, seed=seed, device=device)


def _predict(job: Job, shard: Shard) -> Outcome:
    """Predict a shard in a worker process; its file is the same however often this is done."""
    try:
        predictor = _predictor(job.run, job.fold, job.seed, job.device)
        trained, findings = predictor.trained, Findings()
        forms: dict[str, Any] = {"zeros": job.zeros, "pooling": job.pooling}
        dialogues = job.source.read(shard, trained.widths, findings, **forms)
        missing = protocol(job.condition, tuple(trained.widths))
        simulated = bool(trained.facts.get("simulated", False))
        with writing(job.part(shard), job.form, trained.labels, simulated=simulated) as write:
            for prediction in predictor.predict_many(dialogues, missing=missing, nodes=NODES):
                write(prediction)
    except (GraphmerError, ValueError) as error:
        return (), str(error)
    return findings.problems, None
