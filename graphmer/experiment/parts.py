"""From a configuration to objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from graphmer.config.schema import Config, DataConfig, GraphConfig, RuleConfig, StageConfig
from graphmer.corpora.base import Corpus
from graphmer.corpora.dataset import read_dataset
from graphmer.corpora.gcnet import read_gcnet
from graphmer.corpora.simulate import simulate
from graphmer.corpora.splits import Fold, leave_one_session_out, official
from graphmer.dialogue import Dialogue
from graphmer.dialogue.conditions import conditions, protocol
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import ConfigError
from graphmer.graph import EdgeRule, GraphBuilder
from graphmer.graph.edges import RULES
from graphmer.nn.settings import MessageSettings, ModelSettings
from graphmer.training.objective import Objective, mixing_objective, unimodal_objective
from graphmer.training.stage import Stage
from graphmer.training.trainer import Optimization


def _gcnet(data: DataConfig) -> Corpus:
    assert data.root is not None  # the schema has checked both
    assert data.labels is not None
    return read_gcnet(data.root, data.labels, data.features, context=data.context, nan=data.not_finite)


def _graphmer(data: DataConfig) -> Corpus:
    assert data.root is not None
    return read_dataset(data.root, nan=data.not_finite)


def _simulated(data: DataConfig) -> Corpus:
    return simulate(data.simulation.seed, widths=data.simulation.widths)


CORPORA: Mapping[str, Callable[[DataConfig], Corpus]] = {
    "gcnet": _gcnet,
    "graphmer": _graphmer,
    "simulated": _simulated,
}
"""Readers by the name of their format."""

SPLITS: Mapping[str, Callable[..., list[Fold]]] = {"session": leave_one_session_out, "official": official}
"""Ways to split by name."""

OBJECTIVES: Mapping[str, Callable[[StageConfig], Objective]] = {
    "unimodal": lambda stage: unimodal_objective,
    "mixing": lambda stage: mixing_objective(stage.reconstruction),
}
"""Objectives by name."""


def read_corpus(data: DataConfig) -> Corpus:
    """The corpus a configuration names, or the simulated one where it says so.

    Raises:
        CorpusError: if the files are not there, or wrong.
    """
    absent = data.root is not None and not data.root.is_dir()
    if absent and data.when_absent == "simulate":
        return _simulated(data)
    return CORPORA[data.format](data)


@dataclass(frozen=True)
class FoldParts:
    """Standardised dialogues of one fold; the test part is read when it is asked for, not before."""

    fold: Fold
    corpus: Corpus
    standardiser: Standardiser

    def _part(self, ids: tuple[str, ...]) -> list[Dialogue]:
        wanted = set(ids)
        return [self.standardiser(d) for d in self.corpus.dialogues if d.id in wanted]

    @cached_property
    def train(self) -> list[Dialogue]:
        """Dialogues that move weights."""
        return self._part(self.fold.train)

    @cached_property
    def validation(self) -> list[Dialogue]:
        """Dialogues that choose the epoch."""
        return self._part(self.fold.validation)

    @cached_property
    def test(self) -> list[Dialogue]:
        """Dialogues that are scored once, in the end."""
        return self._part(self.fold.test)


class Parts:
    """Everything an experiment consists of, made from its configuration when it is first asked for.

    Args:
        config: a checked configuration.
        corpus: read already; `read_corpus` reads it when left out.
    """

    def __init__(self, config: Config, corpus: Corpus | None = None) -> None:
        self.config = config
        self.corpus = read_corpus(config.data) if corpus is None else corpus

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return tuple(self.corpus.widths)

    @cached_property
    def folds(self) -> dict[int, Fold]:
        """The folds to run, by number from 1.

        Raises:
            ConfigError: if a fold is asked for that the split does not have.
        """
        found = dict(
            enumerate(SPLITS[self.config.split.scheme](self.corpus, self.config.split.validation), 1)
        )
        wanted = self.config.folds or tuple(found)
        unknown = [number for number in wanted if number not in found]
        if unknown:
            raise ConfigError(f"folds: there is no fold {unknown[0]}; the split has {list(found)}.")
        return {number: found[number] for number in wanted}

    def fold_parts(self, fold: Fold) -> FoldParts:
        """Dialogues of a fold, standardised by its training part."""
        if self.config.data.normalise == "none":
            return FoldParts(fold, self.corpus, Standardiser.identity(self.corpus.widths))
        training = set(fold.train)
        return FoldParts(
            fold, self.corpus, Standardiser.fit(d for d in self.corpus.dialogues if d.id in training)
        )

    @cached_property
    def build(self) -> GraphBuilder:
        """Makes the graphs."""
        graph = self.config.graph
        rules = {} if graph is None else {name: edge_rule(rule) for name, rule in graph.rules.items()}
        return GraphBuilder(rules, self.corpus.labels, causal=self.config.causal)

    @cached_property
    def settings(self) -> ModelSettings:
        """What the model is made of."""
        return ModelSettings(
            widths=dict(self.corpus.widths),
            outputs=self.corpus.labels.outputs,
            relations=self.build.relations,
            causal=self.config.causal,
            messages=None if self.config.graph is None else _messages(self.config.graph),
            **self.config.model.model_dump(),
        )

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages of training; only the last one's epochs compete."""
        described = self.config.training.stages
        return [
            Stage(
                stage.name,
                stage.epochs,
                OBJECTIVES[stage.objective](stage),
                self.protocol(stage.mask, f"training.stages.{number}.mask"),
                select=number == len(described) - 1,
            )
            for number, stage in enumerate(described)
        ]

    @property
    def optimization(self) -> Optimization:
        """How weights are moved."""
        training = self.config.training
        return Optimization(
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            optimizer=training.optimizer,
            schedule=training.schedule,
            clip=training.clip,
            nodes=training.batch_nodes,
        )

    @cached_property
    def fixed(self) -> dict[str, MissingProtocol]:
        """The fixed conditions to evaluate, by name; they also choose the epoch."""
        names = self.config.evaluation.conditions
        names = conditions(self.modalities) if names is None else names
        return {name: self.protocol(name, "evaluation.conditions") for name in names}

    @cached_property
    def protocols(self) -> dict[str, MissingProtocol]:
        """All that is evaluated, by name: fixed conditions, missing rates, further protocols."""
        evaluation = self.config.evaluation
        names = [*(f"rate:{rate:.10g}" for rate in evaluation.rates), *evaluation.others]
        return self.fixed | {name: self.protocol(name, "evaluation") for name in names}

    def protocol(self, spec: str, field: str) -> MissingProtocol:
        """A protocol by its name.

        Raises:
            ConfigError: naming the field of the configuration.
        """
        try:
            return protocol(spec, self.modalities)
        except ValueError as error:
            raise ConfigError(f"{field}: {error}") from None


def edge_rule(config: RuleConfig) -> EdgeRule:
    """The edge rule a configuration describes."""
    window = {} if config.rule == "adjacent" else {"past": config.past, "future": config.future}
    return RULES[config.rule](**window)


def _messages(graph: GraphConfig) -> MessageSettings:
    return MessageSettings(**graph.model_dump(exclude={"rules"}))
