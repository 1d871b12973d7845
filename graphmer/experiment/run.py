"""Run of an experiment: every fold and seed, stored so that it can be continued and evaluated again."""

from collections.abc import Mapping
from pathlib import Path

from lightning_fabric import Fabric

from graphmer.config.load import dump_config, load_config
from graphmer.config.schema import Config
from graphmer.corpora.base import Corpus
from graphmer.corpora.posterior import bayes_accuracy
from graphmer.corpora.simulate import SimulatedCorpus
from graphmer.dialogue.corruption import Damage
from graphmer.dialogue.missing import MissingProtocol
from graphmer.errors import CheckpointError
from graphmer.evaluation.cause_scores import CauseScores
from graphmer.evaluation.gathering import Key, masks_digest
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.checks import check, check_processes
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.fold import MASK_SEED, Callback, FoldTraining, predict, predictions_path
from graphmer.experiment.holding import held
from graphmer.experiment.parallel import train_parallel
from graphmer.experiment.reading import read_corpus
from graphmer.experiment.transcribed import store_corpus, stored, transcribed_corpus
from graphmer.graph.dataset import GraphDataset
from graphmer.report.published import Published
from graphmer.systems import SYSTEMS, System
from graphmer.training.model_file import load_model
from graphmer.training.run_folder import RESULT, RunFolder, environment
from graphmer.training.trainer import Epoch


class Silent:
    """Callback that does nothing."""

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None: ...

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None: ...

    def on_fold_end(self, fold: int, seed: int) -> None: ...


def on_cpu(config: Config) -> Fabric:
    """One process on the CPU, with the precision of a configuration."""
    return Fabric(accelerator="cpu", devices=1, precision=config.training.precision)


class Run:
    """One experiment and its folder.

    Args:
        components: of the experiment.
        folder: of the run.
        fabric: device, precision and processes.
    """

    def __init__(self, components: Components, folder: RunFolder, fabric: Fabric) -> None:
        self.components = components
        self.folder = folder
        self.fabric = fabric

    @classmethod
    def begin(
        cls,
        config: Config,
        runs: Path,
        fabric: Fabric | None = None,
        systems: Mapping[str, System] = SYSTEMS,
        extracted: Corpus | None = None,
    ) -> "Run":
        """A new run folder below `runs`; everything is checked before it is made.

        Args:
            config: a checked configuration.
            runs: folder of all runs.
            fabric: device, precision and processes; one process on the CPU when left out.
            systems: systems by name, with custom ones.
            extracted: the `transcribed_corpus` of the configuration, if that is done already.

        Raises:
            ConfigError: if the configuration does not suit the corpus or the system.
        """
        fabric = on_cpu(config) if fabric is None else fabric
        extracted = transcribed_corpus(config) if extracted is None else extracted
        components = Components(config, read_corpus(config, extracted), systems)
        check(components)
        check_processes(components, fabric.world_size)
        card = components.corpus.card
        facts = environment(
            device=str(fabric.device),
            corpus=card.name,
            fingerprint=components.corpus.fingerprint,
            simulated=card.simulated,
        )
        path = runs
        if fabric.is_global_zero:
            kept = config if extracted is None else stored(config)
            path = RunFolder.create(runs, config.name, dump_config(kept), facts).path
            if extracted is not None:
                store_corpus(extracted, path)
        # all processes write into the folder that the first one has made
        return cls(components, RunFolder(fabric.broadcast(path)), fabric)

    @classmethod
    def reopen(
        cls, path: Path, fabric: Fabric | None = None, systems: Mapping[str, System] = SYSTEMS
    ) -> "Run":
        """A run that was begun before, to be continued or evaluated.

        Args:
            path: run folder.
            fabric: device, precision and processes; one process on the CPU when left out.
            systems: systems by name, with custom ones.

        Raises:
            CheckpointError: if it is no run folder, or its corpus has changed on disk.
        """
        folder = RunFolder(path)
        fingerprint = folder.environment.get("fingerprint")
        folder.warn_if_edited()
        config = load_config(path / "config.yaml", systems=systems)
        fabric = on_cpu(config) if fabric is None else fabric
        components = Components(config, systems=systems)
        check_processes(components, fabric.world_size)
        if components.corpus.fingerprint != fingerprint:
            raise CheckpointError(
                f"{path}: {components.corpus.card.name} on disk is not what this run was trained on. "
                "Restore its files, or start a new run."
            )
        return cls(components, folder, fabric)

    @property
    def simulated(self) -> bool:
        """Whether the dialogues are simulated."""
        return self.components.corpus.card.simulated

    @property
    def unfinished(self) -> list[tuple[int, int]]:
        """Seed and fold of the models that are not trained yet."""
        return [
            (seed, number)
            for seed, number in self.models
            if not (self.folder.fold(number, seed) / RESULT).is_file()
        ]

    @property
    def models(self) -> list[tuple[int, int]]:
        """Seed and fold of every model."""
        seeds = dict.fromkeys(self.components.config.seeds)
        return [(seed, number) for seed in seeds for number in self.components.folds]

    def train(self, callback: Callback | None = None, jobs: int = 1) -> Scores:
        """Train and test every fold and seed that is not finished yet, and write ``scores.json``.

        Args:
            callback: follows the progress; ``None`` for nothing.
            jobs: models trained in parallel. More than one are trained in processes of their own, which
                import the main module: a script must keep its work under ``if __name__ == "__main__"``.

        Raises:
            GraphmerError: if such a process was killed, or another process trains the run.
        """
        callback = Silent() if callback is None else callback
        with held(self.folder, self.models, self.fabric):
            if jobs > 1:
                systems = self.components.systems
                train_parallel(self.folder, self.unfinished, self.fabric, callback, jobs, systems)
            for seed, number in self.unfinished:
                FoldTraining(self.components, self.folder, self.fabric, number, seed).train(callback)
            scores = self.scores(self.kept())
            if self.fabric.is_global_zero:
                scores.to_json(self.folder.path / "scores.json")
        return scores

    def kept(self) -> dict[Key, Predictions]:
        """Stored predictions of the finished models."""
        return {
            (seed, str(number), condition): Predictions.load(
                predictions_path(self.folder.fold(number, seed), condition)
            )
            for seed in self.components.config.seeds
            for number in self.components.folds
            for condition in self.components.protocols
        }

    def predict(self, protocols: Mapping[str, MissingProtocol]) -> dict[Key, Predictions]:
        """Test the finished models again, under other conditions.

        Raises:
            CheckpointError: if a model is not there, or is not the one that the configuration describes.
        """
        predictions: dict[Key, Predictions] = {}
        for seed in self.components.config.seeds:
            for number, fold in self.components.folds.items():
                path = self.folder.fold(number, seed)
                trained = load_model(path, systems=self.components.systems)
                if (trained.settings, trained.labels) != (
                    self.components.settings,
                    self.components.corpus.labels,
                ):
                    raise CheckpointError(
                        f"{path}/model.json: another model than the run's config.yaml describes. Restore it."
                    )
                read = FoldData(fold, self.components.corpus, trained.standardiser, trained.encoding)
                test = GraphDataset(read.test, self.components.build)
                found = predict(self.components, trained.model, test, protocols, self.fabric.device)
                predictions |= {(seed, str(number), name): each for name, each in found.items()}
        return predictions

    def scores(self, predictions: Mapping[Key, Predictions], title: str | None = None) -> Scores:
        """Scores of predictions by (seed, fold, condition), with their provenance."""
        config = self.components.config
        first = next(iter(predictions))[0]
        meta = {
            "title": config.name if title is None else title,
            "simulated": self.simulated,
            "selection": config.training.selection,
            "corpus": self.components.corpus.card.name,
            "fingerprint": self.components.corpus.fingerprint,
            "masks": {  # the same for every seed
                name.removeprefix("fixed:"): masks_digest(
                    found for (seed, _, each), found in predictions.items() if (seed, each) == (first, name)
                )
                for name in dict.fromkeys(condition for _, _, condition in predictions)
            },
        }
        return Scores.from_predictions(
            predictions,
            labels=self.components.corpus.labels,
            modalities=self.components.modalities,
            meta=meta,
        )

    def cause_scores(self, predictions: Mapping[Key, Predictions]) -> CauseScores | None:
        """Scores of the predicted causes; ``None`` where none are predicted or annotated."""
        return CauseScores.from_predictions(predictions, self.components.corpus.dialogues)

    def bayes(self, protocols: Mapping[str, MissingProtocol]) -> dict[str, float]:
        """Bayes-optimal accuracy under each condition over all test parts; empty on a real corpus."""
        corpus = self.components.corpus
        if not isinstance(corpus, SimulatedCorpus):
            return {}
        tested = [name for fold in self.components.folds.values() for name in fold.test]
        return {
            condition: bayes_accuracy(
                corpus, protocol, MASK_SEED, tested, causal=self.components.config.causal
            )
            for condition, protocol in protocols.items()
            if not isinstance(protocol, Damage)
        }

    @property
    def published(self) -> Published | None:
        """The paper's figures that the configuration holds."""
        section = self.components.config.published
        return None if section is None else Published(**section.model_dump())
