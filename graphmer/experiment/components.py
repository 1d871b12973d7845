"""Components of an experiment, built from its configuration."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from graphmer.config.schema import Config
from graphmer.corpora.base import Corpus
from graphmer.corpora.splits import Fold, leave_one_session_out, official, own_split
from graphmer.dialogue import Dialogue
from graphmer.dialogue.conditions import conditions, protocol
from graphmer.dialogue.corruption import Noise
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import ConfigError
from graphmer.experiment.reading import naming, read_corpus
from graphmer.graph import GraphBuilder
from graphmer.nn.heads import HeadSettings
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Signature
from graphmer.retrieval import InputEncoding, RetrievalMemory, encoded_widths
from graphmer.systems import SYSTEMS, StageSettings, System
from graphmer.systems.model import ModelSettings
from graphmer.training.optimization import Optimization
from graphmer.training.stage import Stage

SPLITS: Mapping[str, Callable[..., list[Fold]]] = {
    "session": leave_one_session_out,
    "official": official,
    "auto": own_split,
}
"""Ways to split by name."""

DROPPED = "drop:0.5"
"""Second condition of the validation part of a corpus with a single modality."""
SUPPORT = "support/retrieved"
"""Name of the relation from a support to the utterance that it supports."""


@dataclass(frozen=True)
class FoldData:
    """Dialogues of one fold as a network reads them; the test part is read lazily, at its first use.

    Attributes:
        fold: ids of its parts.
        corpus: holds the dialogues.
        standardiser: fitted on the training part.
        encoding: fitted on the training part, where the network reads encoded features.
    """

    fold: Fold
    corpus: Corpus
    standardiser: Standardiser
    encoding: InputEncoding | None = None

    def _plain(self, ids: tuple[str, ...]) -> list[Dialogue]:
        wanted = set(ids)
        return [self.standardiser(d) for d in self.corpus.dialogues if d.id in wanted]

    def _part(self, ids: tuple[str, ...]) -> list[Dialogue]:
        plain = self._plain(ids)
        return plain if self.encoding is None else [self.encoding(dialogue) for dialogue in plain]

    @property
    def plain_train(self) -> list[Dialogue]:
        """The training part, standardised but not encoded: the input of the encoders."""
        return self._plain(self.fold.train)

    @cached_property
    def train(self) -> list[Dialogue]:
        """Dialogues that train the network."""
        return self._part(self.fold.train)

    @cached_property
    def validation(self) -> list[Dialogue]:
        """Dialogues that select the epoch."""
        return self._part(self.fold.validation)

    @cached_property
    def test(self) -> list[Dialogue]:
        """Dialogues that are evaluated once, at the end."""
        return self._part(self.fold.test)


class Components:
    """All components of an experiment, built from its configuration at their first use.

    Args:
        config: a checked configuration.
        corpus: the corpus; `read_corpus` reads it when left out.
        systems: systems by name, with custom ones.
    """

    def __init__(
        self, config: Config, corpus: Corpus | None = None, systems: Mapping[str, System] = SYSTEMS
    ) -> None:
        self.config = config
        self.systems = systems
        self.corpus = read_corpus(config) if corpus is None else corpus

    @property
    def system(self) -> System:
        """The chosen system."""
        return self.systems[self.config.model.system]

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return tuple(self.corpus.widths)

    @cached_property
    def folds(self) -> dict[int, Fold]:
        """The folds to run, by number from 1.

        Raises:
            ConfigError: if the configuration names a fold that the split does not have.
        """
        found = dict(
            enumerate(SPLITS[self.config.split.scheme](self.corpus, self.config.split.validation), 1)
        )
        wanted = self.config.folds or tuple(found)
        unknown = [number for number in wanted if number not in found]
        if unknown:
            raise ConfigError(f"folds: there is no fold {unknown[0]}; the split has {list(found)}.")
        return {number: found[number] for number in wanted}

    def fold_data(self, fold: Fold, seed: int) -> FoldData:
        """Dialogues of a fold, standardised and, if configured, encoded, both fitted on its training part.

        Args:
            fold: ids of its parts.
            seed: of the encoder.
        """
        if self.config.data.normalise == "none":
            return FoldData(fold, self.corpus, Standardiser.identity(self.corpus.widths))
        training = set(fold.train)
        standardiser = Standardiser.fit(d for d in self.corpus.dialogues if d.id in training)
        offset = getattr(
            self.config.model, "offset", None
        )  # of log-probabilities, which are added as they are
        if offset is not None and offset in self.corpus.widths:
            standardiser = standardiser.without(offset, self.corpus.labels.outputs)
        found = FoldData(fold, self.corpus, standardiser)
        if not self.config.encodes_input:
            return found
        return replace(found, encoding=InputEncoding.fit(found.plain_train, self.corpus.labels, seed=seed))

    @cached_property
    def build(self) -> GraphBuilder:
        """Builds the graphs."""
        graph = self.config.graph
        with naming("graph.rules"):
            rules = {} if graph is None else {name: rule.build() for name, rule in graph.rules.items()}
            return GraphBuilder(rules, self.corpus.labels, causal=self.config.causal)

    @cached_property
    def settings(self) -> ModelSettings:
        """Settings of network and heads; a score has no heads."""
        widths, outputs = dict(self.corpus.widths), self.corpus.labels.outputs
        signature = Signature(
            widths=encoded_widths(widths, outputs) if self.config.encodes_input else widths,
            outputs=outputs,
            relations=self.build.relations + self.support_relation,
            causal=self.config.causal,
        )
        heads = HeadSettings() if self.corpus.labels.is_score else self.config.heads
        return ModelSettings(network=self.config.model, signature=signature, heads=heads)

    @property
    def support_relation(self) -> tuple[str, ...]:
        """Name of the relation from a support to its utterance, where there are such edges."""
        retrieval = self.config.retrieval
        return (SUPPORT,) if retrieval is not None and retrieval.form == "graph" else ()

    def retrieval_memory(self, fold: FoldData) -> RetrievalMemory | None:
        """Training utterances that are retrieved in validation and test, with `retrieval.test`."""
        retrieval = self.config.retrieval
        if retrieval is None or not retrieval.test:
            return None
        relation = len(self.build.relations)
        return RetrievalMemory.of(fold.train, retrieval.metric, neighbours=retrieval.k, relation=relation)

    def model(self) -> EmotionModel:
        """A model with fresh weights, drawn from torch's global generator.

        Raises:
            ConfigError: if its settings do not fit together.
        """
        with naming("model"):
            return self.settings.build(self.systems)

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages of training; only the epochs of the last one compete."""
        described = self.config.stages(self.systems)
        return [
            Stage(
                stage.name,
                self._epochs(stage),
                self.system.objectives[stage.objective],
                self.protocol(stage.mask, f"training.stages.{number}.mask"),
                select=number == len(described) - 1,
            )
            for number, stage in enumerate(described)
        ]

    def _epochs(self, stage: StageSettings) -> int:
        """Passes of a stage: more than it names where these would be fewer updates than it wants."""
        if not stage.updates:
            return stage.epochs
        return max(stage.epochs, math.ceil(stage.updates / self._batches))

    @cached_property
    def _batches(self) -> int:
        """Batches of a pass over a training part, of the mean size of the folds."""
        turns = {dialogue.id: len(dialogue) for dialogue in self.corpus.dialogues}
        trained = sum(turns[id] for fold in self.folds.values() for id in fold.train)
        return math.ceil(trained / len(self.folds) / self.config.training.batch_nodes)

    @property
    def optimization(self) -> Optimization:
        """Optimizer and its schedule."""
        return self.config.training

    @property
    def evaluation_nodes(self) -> int:
        """Most utterances in a batch without gradients."""
        return 4 * self.config.training.batch_nodes

    @cached_property
    def fixed(self) -> dict[str, MissingProtocol]:
        """The fixed conditions to evaluate, by name."""
        names = self.config.evaluation.conditions
        return self.named(conditions(self.modalities) if names is None else names, "evaluation.conditions")

    @cached_property
    def selecting(self) -> dict[str, MissingProtocol]:
        """The conditions of the validation part, by name: the fixed ones.

        Of a single modality nothing can be missing but whole turns, so that half of them are dropped in a
        second condition.
        """
        dropped = [DROPPED] if len(self.modalities) == 1 else []
        return self.fixed | self.named(dropped, "evaluation.conditions")

    @cached_property
    def protocols(self) -> dict[str, MissingProtocol]:
        """All protocols to evaluate, by name: fixed conditions, missing rates, further protocols."""
        evaluation = self.config.evaluation
        rates = self.named([f"rate:{rate:.10g}" for rate in evaluation.rates], "evaluation.rates")
        return self.fixed | rates | self.named(evaluation.others, "evaluation.others")

    def named(self, specs: Sequence[str], field: str) -> dict[str, MissingProtocol]:
        """Protocols by the name that tables and files have: ``at`` also for ``ta`` and ``fixed:audio+text``.

        Raises:
            ConfigError: naming the field of the configuration.
        """
        found = [self.protocol(spec, field) for spec in specs]
        return {protocol.name.removeprefix("fixed:"): protocol for protocol in found}

    def protocol(self, spec: str, field: str) -> MissingProtocol:
        """A protocol by its name.

        Raises:
            ConfigError: naming the field of the configuration.
        """
        with naming(field):
            found = protocol(spec, self.modalities)
        if isinstance(found, Noise) and self.config.encodes_input:
            raise ConfigError(
                f"{field}: noise would be added after the encoder, which reads clean features; got {spec!r} "
                f"with `encoder` {self.config.encoder}. Leave it out, or use `graphmer predict --condition`."
            )
        return found
