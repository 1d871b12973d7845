"""Schema of a configuration file. Every field gives its unit, its origin and when to change it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from graphmer.corpora.assemble import ZerosPolicy
from graphmer.corpora.pooling import Pooling
from graphmer.curriculum.settings import CurriculumSettings
from graphmer.features.text import Precision
from graphmer.graph.settings import GraphSettings
from graphmer.nn.heads import HeadSettings
from graphmer.retrieval.settings import RetrievalSettings
from graphmer.settings import Fraction, Positive, Seed, Settings, Width, word_for_none
from graphmer.systems import StageSettings, System
from graphmer.systems.graphmer import GraphmerSettings
from graphmer.systems.model import AnyNetworkSettings, systems_of
from graphmer.training.optimization import Optimization


class SimulationConfig(Settings):
    """Size of the simulated corpus."""

    seed: Seed = 0
    """Another seed, another corpus."""
    dialogues: Annotated[int, Field(ge=5, le=100_000)] = 151
    """Number of dialogues, spread over five sessions as in IEMOCAP."""
    widths: dict[str, Width] = Field(default={"audio": 128, "text": 256, "video": 256})
    """Features per modality."""


class DataConfig(Settings):
    """Corpus, and how it is read."""

    format: Literal[
        "gcnet",
        "graphmer",
        "simulated",
        "transcripts",
        "merbench",
        "conv_emotion",
        "cosmic",
        "cogmen",
        "mmsa",
    ]
    """`gcnet`: label pickle and feature folders of GCNet, MoMKE, HARDY-MER. `graphmer`: a folder with
    `dataset.yaml`. `simulated`: dialogues with a known Bayes-optimal prediction. `transcripts`: labelled
    transcripts, such as MELD's CSV, whose `features` are extracted. `merbench`: labels and feature folders of
    MERBench. One pickle: `conv_emotion` (also DialogueGCN, MMGCN, M3NET), `cosmic`, `cogmen`, `mmsa`."""
    root: Path | None = None
    """Folder or file of the corpus; relative to this file; `${NAME}` and `${NAME:-default}` read the
    environment."""
    labels: str | None = None
    """`gcnet`: the label pickle within `root`. `merbench`: the label file, if there are several. `mmsa`: name
    of the label; null is `regression_labels`."""
    context: str | None = None
    """`gcnet`: a second label pickle whose further utterances become unlabelled context turns."""
    features: dict[str, str] = Field(default={})
    """`gcnet`, `merbench`: feature folder of each modality within `root/features`."""
    when_absent: Literal["error", "simulate"] = "error"
    """`simulate` trains on simulated dialogues, and marks all results so, where `root` does not exist."""
    not_finite: Literal["missing", "error"] = "missing"
    """A vector with NaN or infinity is counted and treated as missing, or is an error."""
    zeros: ZerosPolicy = "keep"
    """A vector of zeros is kept as recorded, or treated as missing, as toolkits without masks write it."""
    pooling: Pooling | None = None
    """One vector per utterance from frame-level features; `error` refuses them. null: `mean` for `gcnet`, as
    its own reader does, `merbench` and `mmsa`, and else `error`."""
    aliases: dict[str, str] = Field(default={})
    """`graphmer`: other names of classes, `{alias: class}`; other case and spaces need none."""
    mapped: bool = False
    """`graphmer`: leave features on disk and read them batch by batch; for corpora larger than memory."""
    unlabelled: Literal["context", "drop"] = "context"
    """Turns without a label are context, read but never scored, or are left out as if they were not there."""
    normalise: Literal["standard", "none"] = "standard"
    """`standard`: zero mean, unit deviation of the training part. `none` as in MoMKE's code."""
    simulation: SimulationConfig = SimulationConfig()
    """The simulated corpus, where it is used."""

    @property
    def simulates(self) -> bool:
        """Whether there is nothing at `root` and dialogues are simulated instead."""
        if self.root is None or self.when_absent != "simulate":
            return False
        return not self.root.exists()

    @property
    def pooling_of_format(self) -> Pooling:
        """The given pooling, or the usual one of the format."""
        return self.pooling or ("mean" if self.format in ("gcnet", "merbench", "mmsa") else "error")

    @model_validator(mode="after")
    def _complete(self) -> "DataConfig":
        if self.format == "gcnet" and not (self.root and self.labels and self.features):
            raise ValueError("format gcnet needs `root`, `labels` and `features`")
        if self.format == "merbench" and not (self.root and self.features):
            raise ValueError("format merbench needs `root` and `features`")
        if self.format != "simulated" and not self.root:
            raise ValueError(f"format {self.format} needs `root`")
        if self.aliases and self.format != "graphmer":
            raise ValueError(f"`aliases` needs format graphmer; got {self.format}: leave it out")
        if self.mapped and self.format != "graphmer":
            raise ValueError(
                f"`mapped` needs format graphmer; got {self.format}: use `graphmer data convert`"
            )
        return self


class FeaturesConfig(Settings):
    """Extractors of the features of transcripts."""

    text: Annotated[str, Field(min_length=1)]
    """Encoder of the words: `minilm`, a folder (relative to this file), or an id of the Hugging Face hub."""
    precision: Precision = "auto"
    """Number format of the encoder; `auto`: bfloat16 where the device multiplies in it, else float32."""
    audio: Annotated[str, Field(min_length=1)] | None = None
    """Features of the recordings beside the transcripts: `egemaps`, `opensmile` (research only), or WavLM,
    wav2vec 2.0 or HuBERT as a folder (relative to this file) or an id of the Hugging Face hub."""
    audio_layer: int = -1
    """Layer of the speech network whose frames are averaged, from 1; negative from the end."""


class SplitConfig(Settings):
    """Dialogues for training, selection and test."""

    scheme: Literal["session", "official", "auto"] = "session"
    """`session`: leave one session out. `official`: the parts that the corpus comes with. `auto`: these, or
    sessions where there are no parts."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.12
    """Fraction of the training dialogues held out for selection, chosen by hash of the dialogue id."""


class TrainingConfig(Optimization):
    """Optimization, stages and selection."""

    stages: Annotated[tuple[StageSettings, ...], Field(min_length=1)] | None = None
    """Stages in their order; the epochs of the last one compete on validation. null for those of the chosen
    system."""
    selection: Literal["validation", "last", "test_oracle"] = "validation"
    """Which epoch is kept. `test_oracle` looks at the test fold, as the literature does, and says so."""
    logit_adjustment: bool = False
    """Add a bias to the logits of rare classes; its strength is chosen on validation for weighted F1 and
    accuracy."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Number format of the forward pass."""


class EvaluationConfig(Settings):
    """Missing-modality protocols of the test."""

    conditions: Annotated[tuple[str, ...] | None, word_for_none("all")] = None
    """Fixed sets by initials, such as `at`; `all` for every one. They also select the epoch, on the
    validation part; with a single modality, `drop:0.5` does so too."""
    rates: tuple[Fraction, ...] = (0.1, 0.3, 0.5, 0.7)
    """Missing rates per utterance; 0.7 of three modalities is 0.667, one kept."""
    others: tuple[str, ...] = ()
    """Further protocols, such as `burst:4`, `speaker:t`, `noise:1.0`, `shift:1`."""


class PublishedConfig(Settings):
    """Figures that a paper reports for its own system, displayed next to the run's."""

    source: str
    """Paper and table."""
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    """Metrics in the order of the figures, such as `wa` and `ua`, or `acc2_nonzero` and `f1_nonzero`."""
    values: dict[str, tuple[float, ...]]
    """Figures in percent, by condition."""
    caveats: tuple[str, ...] = ()
    """Why the comparison is not like for like; a sentence each."""

    @model_validator(mode="after")
    def _complete(self) -> "PublishedConfig":
        short = [name for name, figures in self.values.items() if len(figures) != len(self.metrics)]
        if short:
            raise ValueError(
                f"`values.{short[0]}` must have a figure for each of the {len(self.metrics)} metrics; "
                f"got {list(self.values[short[0]])}"
            )
        return self


def merged(base: Any, own: Any) -> Any:
    """Values of a section with those of another one where it has none itself; anything else is replaced."""
    if not isinstance(base, Mapping) or not isinstance(own, Mapping):
        return own
    return {**base, **{name: merged(base.get(name), value) for name, value in own.items()}}


class Config(Settings):
    """A whole experiment."""

    name: Annotated[str, Field(pattern=r"^\w[^/\\]*$")]
    """Names the run folder; begins with a letter or digit and holds no slash."""
    data: DataConfig
    """Corpus."""
    features: FeaturesConfig | None = None
    """Extractors, for `data.format` transcripts. What they extract is stored in the run folder."""
    split: SplitConfig = SplitConfig()
    """Parts of the corpus."""
    graph: Annotated[GraphSettings | None, word_for_none("none")] = None
    """Edges; for systems that read a graph, and only for these."""
    model: AnyNetworkSettings = GraphmerSettings()
    """System, and its settings."""
    heads: HeadSettings = HeadSettings()
    """Chain decoder and change head, the same for every system."""
    causal: bool = False
    """Whether no output depends on a later turn: for streams and live use."""
    training: TrainingConfig = TrainingConfig()
    """Optimization, stages and selection."""
    curriculum: Annotated[CurriculumSettings | None, word_for_none("none")] = None
    """Training by hardness; `none` trains on all utterances alike. What the section leaves out is as the
    system has it, and so is the retrieval."""
    retrieval: Annotated[RetrievalSettings | None, word_for_none("none")] = None
    """Supports from the training part, with a `curriculum`; `none` for none."""
    encoder: Literal["none", "retrieval", "input", "both"] = "none"
    """Where features are extended by the logits of small networks, cross-fitted on the fold's training part:
    none of them ever reads a dialogue that it was fitted on. `retrieval`: supports are found by them.
    `input`: the network reads them, in training, test and use, and so does the teacher; a reconstruction then
    has the encoded features as its target. `both`, or `none`."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """Conditions of the test."""
    folds: Annotated[tuple[Positive, ...] | None, word_for_none("all")] = None
    """Folds to run, counted from 1; `all` for every one."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (1,)
    """One run of every fold for each seed."""
    published: PublishedConfig | None = None
    """A paper's figures, displayed next to the run's; nothing else depends on them."""

    @property
    def encodes_input(self) -> bool:
        """Whether the network reads encoded features."""
        return self.encoder in ("input", "both")

    def stages(self, systems: Mapping[str, System]) -> tuple[StageSettings, ...]:
        """The stages of training: the given ones, or those of the system."""
        given = self.training.stages
        return systems[self.model.system].stages if given is None else given

    @model_validator(mode="before")
    @classmethod
    def _with_parts_of_the_system(cls, values: Any, info: ValidationInfo) -> Any:
        """Curriculum, retrieval and encoder of the chosen system, where the file leaves them out."""
        model = values.get("model") if isinstance(values, Mapping) else None
        name = model.get("system") if isinstance(model, Mapping) else None
        system = systems_of(info).get(name) if isinstance(name, str) else None
        if system is None:
            return values
        added: dict[str, Any] = {}
        for section, own in (("curriculum", system.curriculum), ("retrieval", system.retrieval)):
            if own is not None:
                added[section] = merged(own.model_dump(), values.get(section, {}))
        return {"encoder": system.encoder, **values, **added}

    @model_validator(mode="after")
    def _extractable(self) -> "Config":
        if (self.data.format == "transcripts") == (self.features is not None):
            return self
        if self.features is None:
            raise ValueError("`data.format` transcripts needs `features`, such as `{text: minilm}`")
        raise ValueError(
            f"`features` are extracted from transcripts; got `data.format` {self.data.format}: leave them out"
        )

    @model_validator(mode="after")
    def _of_the_system(self, info: ValidationInfo) -> "Config":
        """What the chosen system cannot take is refused."""
        name = self.model.system
        system = systems_of(info)[name]
        if system.uses_graph and self.graph is None:
            raise ValueError(
                f"the system {name} needs the edge rules of a `graph`; got none. Without a graph, set "
                "`model.system` to momke"
            )
        if not system.uses_graph and self.graph is not None:
            raise ValueError(f"the system {name} reads no `graph`; leave it out")
        if system.fit is not None and self.training.stages is not None:
            raise ValueError(f"the system {name} is fitted without `training.stages`; leave them out")
        for number, stage in enumerate(self.stages(systems_of(info))):
            if stage.objective not in system.objectives:
                raise ValueError(
                    f"`training.stages.{number}.objective` must be one of the system's, "
                    f"{', '.join(system.objectives)}; got {stage.objective!r}"
                )
        if self.curriculum is not None and system.fit is not None:
            raise ValueError(f"the system {name} is fitted at once, without a `curriculum`; leave it out")
        return self

    @model_validator(mode="after")
    def _encodable(self) -> "Config":
        if self.encoder in ("retrieval", "both") and self.retrieval is None:
            raise ValueError(f"`encoder` {self.encoder} needs a `retrieval` section; got none")
        if self.encodes_input and self.data.mapped:
            raise ValueError(
                f"`encoder` {self.encoder} needs features in memory; got `data.mapped` true, set it to false"
            )
        if self.encodes_input and self.data.normalise == "none":
            raise ValueError(
                f"`encoder` {self.encoder} standardises the input of the network; got `data.normalise` none, "
                "set it to standard"
            )
        offset = getattr(self.model, "offset", None)
        if self.encodes_input and offset is not None:
            raise ValueError(
                f"`encoder` {self.encoder} changes the features that `model.offset` adds as they are; got "
                f"{offset}, leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _with_effect(self, info: ValidationInfo) -> "Config":
        """A curriculum and a retrieval without effect are refused."""
        curriculum, retrieval = self.curriculum, self.retrieval
        if retrieval is not None:
            self._check_retrieval(retrieval)
        if curriculum is None:
            return self
        if self.data.mapped:
            raise ValueError(
                "a `curriculum` needs the features of the training part in memory; got `data.mapped` true, "
                "set it to false"
            )
        systems = systems_of(info)
        last = self.stages(systems)[-1].objective
        objectives = systems[self.model.system].objectives
        if last in objectives and not objectives[last].uses_targets:
            able = [name for name, objective in objectives.items() if objective.uses_targets]
            raise ValueError(
                f"a `curriculum` needs a last stage with the objective {' or '.join(able)}; got {last}"
            )
        idle = curriculum.initial_fraction == 1 and not curriculum.hardness_weighting
        if retrieval is None and idle and not curriculum.distillation:
            raise ValueError(
                "a `curriculum` without `retrieval` changes nothing at `initial_fraction` 1, "
                "`hardness_weighting` 0 and `distillation` 0; set one of them, or leave the curriculum out"
            )
        return self

    def _check_retrieval(self, retrieval: RetrievalSettings) -> None:
        if self.curriculum is None:
            raise ValueError("`retrieval` needs a `curriculum`, in which supports are used; got none")
        if retrieval.form == "graph" and self.graph is None:
            raise ValueError("`retrieval.form` graph needs a `graph` to link supports into; got none")
        if retrieval.test and self.encoder == "retrieval":
            raise ValueError(
                "`retrieval.test` finds supports by the input of the network; got `encoder` retrieval, set "
                "it to none or both"
            )
