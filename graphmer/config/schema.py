"""What a configuration file may say. Every field names its unit, its origin and when to change it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from graphmer.config.curriculum import CurriculumConfig, RetrievalConfig
from graphmer.config.section import Fraction, Positive, Section, word_for_nothing


class SimulationConfig(Section):
    """Size of the simulated corpus."""

    seed: int = 0
    """Another seed, another corpus."""
    dialogues: Annotated[int, Field(ge=5)] = 151
    """Number of dialogues, spread over five sessions as in IEMOCAP."""
    widths: dict[str, Positive] = Field(default={"audio": 128, "text": 256, "video": 256})
    """Features per modality."""


class DataConfig(Section):
    """Which corpus, and what is done to it on reading."""

    format: Literal["gcnet", "graphmer", "simulated"]
    """`gcnet`: label pickle and feature folders of GCNet, MoMKE, HARDY-MER. `graphmer`: a folder with
    `dataset.yaml`. `simulated`: dialogues with a known best answer."""
    root: Path | None = None
    """Folder of the corpus; relative to this file; `${NAME}` and `${NAME:-default}` read the environment."""
    labels: str | None = None
    """`gcnet`: the label pickle within `root`."""
    context: str | None = None
    """`gcnet`: a second label pickle whose further utterances become unlabelled context turns."""
    features: dict[str, str] = Field(default={})
    """`gcnet`: feature folder of each modality within `root/features`."""
    when_absent: Literal["error", "simulate"] = "error"
    """`simulate` trains on simulated dialogues, and says so everywhere, where `root` is not there."""
    not_finite: Literal["missing", "error"] = "missing"
    """A vector with NaN or infinity is counted and treated as missing, or is an error."""
    mapped: bool = False
    """`graphmer`: leave features on disk and read them batch by batch; for corpora larger than memory."""
    normalise: Literal["standard", "none"] = "standard"
    """`standard`: zero mean, unit deviation of the training part. `none` as in MoMKE's code."""
    simulation: SimulationConfig = SimulationConfig()
    """The simulated corpus, where it is used."""

    @model_validator(mode="after")
    def _complete(self) -> "DataConfig":
        if self.format == "gcnet" and not (self.root and self.labels and self.features):
            raise ValueError("format gcnet needs `root`, `labels` and `features`")
        if self.format == "graphmer" and not self.root:
            raise ValueError("format graphmer needs `root`")
        if self.mapped and self.format != "graphmer":
            raise ValueError(
                f"`mapped` needs format graphmer; got {self.format}: use `graphmer data convert`"
            )
        return self


class SplitConfig(Section):
    """Which dialogues train, select and test."""

    scheme: Literal["session", "official"] = "session"
    """`session`: leave one session out. `official`: the parts the corpus comes with."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.12
    """Fraction of the training dialogues held out for selection, chosen by hash of the dialogue id."""


class RuleConfig(Section):
    """One edge rule."""

    rule: Literal["window", "same_speaker", "adjacent"]
    """`window`: turns around the listener. `same_speaker`: its own turns. `adjacent`: one on either side."""
    past: Annotated[int, Field(ge=0)] | None = None
    """Turns before the listener that it hears; null for all. Not for `adjacent`."""
    future: Annotated[int, Field(ge=0)] | None = None
    """Turns after the listener that it hears; null for all. Not for `adjacent`."""


class GraphConfig(Section):
    """Message passing between the turns."""

    rules: dict[str, RuleConfig]
    """Edge rules by the name their relations get."""
    convolution: Literal["rgcn", "rgat", "transformer", "gatv2"] = "rgcn"
    """Kind of message function."""
    width: Positive = 128
    """Width of the passed states."""
    depth: Positive = 3
    """Layers; information travels `depth` windows far."""
    heads: Positive = 4
    """Attention heads, where the convolution has them."""
    dropout: Fraction = 0.3
    """Probability on what was heard."""

    @model_validator(mode="after")
    def _divisible(self) -> "GraphConfig":
        if self.convolution != "rgcn" and self.width % self.heads:
            raise ValueError(f"`heads` must divide `width`; got {self.heads} heads for width {self.width}")
        return self


class ModelConfig(Section):
    """The modality experts. Defaults are MoMKE's."""

    width: Positive = 256
    """Width of an expert."""
    depth: Positive = 4
    """Layers of an expert."""
    heads: Positive = 2
    """Attention heads; must divide `width`."""
    dropout: Fraction = 0.5
    """Probability throughout the experts and the joint layer."""
    block: Literal["reference", "preln"] = "reference"
    """`reference`: the released code. `preln`: the paper's equations."""
    positions: bool = False
    """Add sinusoidal turn numbers before the experts."""
    context: Annotated[int, Field(ge=0)] | None = None
    """Turns on either side that an expert layer hears, only those before where `causal`; 0 reads each turn on
    its own, null the whole dialogue, as in MoMKE. With it, and windows as edge rules, cost is linear in the
    length of a dialogue."""
    recency: bool = False
    """Experts hear turns the less the further away they are (the slopes of ALiBi, one for each head)."""
    neighborhood_averages: tuple[Annotated[float, Field(gt=0)] | None, ...] = ()
    """Decay lengths, in turns, of averages of the features around a turn: what its own speaker and others
    showed before and after it is added to what the experts read, and stands in for what a turn lacks. null is
    the plain average over the dialogue, for which a stream remembers all of it. Not in MoMKE; without any."""
    router_logit_dropout: Fraction = 0.5
    """Dropout on the router's scores; 0.5 in the released code."""
    reconstruct: bool = False
    """Add heads that rebuild hidden modalities; needs a stage with `reconstruction` above 0."""
    decoder: Literal["none", "chain"] = "none"
    """`chain`: learn how a speaker's emotions follow one another and the other party's, and decide the turns
    of a speaker together. `none`: each turn on its own, as in MoMKE. Not for scores."""
    change_head: bool = False
    """Also learn to tell from a turn and its speaker's previous one whether the emotion changes. Not for
    scores."""

    @model_validator(mode="after")
    def _divisible(self) -> "ModelConfig":
        if self.width % self.heads:
            raise ValueError(f"`heads` must divide `width`; got {self.heads} heads for width {self.width}")
        if self.positions and self.width % 2:
            raise ValueError(f"`width` must be even where `positions` are added; got {self.width}")
        return self


class StageConfig(Section):
    """One stretch of training."""

    name: str
    """How logs call it."""
    objective: Literal["unimodal", "mixing"]
    """`unimodal`: each expert learns its own modality. `mixing`: emotions from what is available."""
    epochs: Positive
    """Passes over the training dialogues."""
    mask: str = "mixed"
    """Missing-modality protocol drawn anew each epoch: `complete`, `sets`, `rates`, `mixed`, `fixed:at`."""
    reconstruction: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the reconstruction loss, with `mixing`."""


class TrainingConfig(Section):
    """How weights are moved and chosen."""

    stages: Annotated[tuple[StageConfig, ...], Field(min_length=1)]
    """In their order; the last one's epochs compete on validation."""
    learning_rate: Annotated[float, Field(gt=0)] = 5e-4
    """Highest learning rate; MoMKE has 1e-4."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled with `adamw`, an L2 term with `adam` (MoMKE: 1e-5)."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """Adam with decoupled or coupled weight decay."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate over the epochs; MoMKE's is constant."""
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest gradient norm; null for no limit."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay per step of the running mean of the weights that is validated and kept; null for none."""
    batch_nodes: Positive = 600
    """Most utterances in a batch; 600 is about 16 IEMOCAP-4 dialogues."""
    selection: Literal["validation", "last", "test_oracle"] = "validation"
    """Which epoch is kept. `test_oracle` looks at the test fold, as the literature does, and says so."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    """Number format of the forward pass."""


class EvaluationConfig(Section):
    """What is missing when the trained model is tested."""

    conditions: Annotated[tuple[str, ...] | None, word_for_nothing("all")] = None
    """Fixed sets by initials, such as `at`; `all` for every one."""
    rates: tuple[Fraction, ...] = (0.1, 0.3, 0.5, 0.7)
    """Missing rates per utterance; 0.7 of three modalities is 0.667, one kept."""
    others: tuple[str, ...] = ()
    """Further protocols, such as `burst:4`, `speaker:t`, `noise:1.0`, `shift:1`."""


class PublishedConfig(Section):
    """What a paper says of its own system, to be put beside the run."""

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


class Config(Section):
    """A whole experiment."""

    name: Annotated[str, Field(pattern=r"^\w[^/\\]*$")]
    """Names the run folder; begins with a letter or digit and holds no slash."""
    data: DataConfig
    split: SplitConfig = SplitConfig()
    graph: Annotated[GraphConfig | None, word_for_nothing("none")]
    """`none` gives plain MoMKE."""
    model: ModelConfig = ModelConfig()
    causal: bool = False
    """No turn ever hears a later one: for streams and live use."""
    training: TrainingConfig
    curriculum: Annotated[CurriculumConfig | None, word_for_nothing("none")] = None
    """Hardness and what is made of it; `none` trains on all utterances alike."""
    retrieval: Annotated[RetrievalConfig | None, word_for_nothing("none")] = None
    """Supports from the training part, with a `curriculum`; `none` for none."""
    encoder: Literal["none", "retrieval", "input", "both"] = "none"
    """Where features count to which small networks, fitted on the fold's training part, have added what they
    read of the emotion; none of them ever reads a dialogue that it was fitted on. `retrieval`: supports are
    found by them. `input`: the model reads them, in training, test and use, and so does the teacher; what a
    reconstruction rebuilds are then the encoded features. `both`, or `none`: features stay as they are."""
    evaluation: EvaluationConfig = EvaluationConfig()
    folds: Annotated[tuple[Positive, ...] | None, word_for_nothing("all")] = None
    """Folds to run, counted from 1; `all` for every one."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)
    """One run of every fold for each seed."""
    published: PublishedConfig | None = None
    """A paper's figures, shown beside the run's; nothing else depends on them."""

    @model_validator(mode="after")
    def _trained_heads(self) -> "Config":
        rebuilding = any(stage.reconstruction > 0 for stage in self.training.stages)
        if self.model.reconstruct != rebuilding:
            raise ValueError(
                "`model.reconstruct` and a stage with `reconstruction` above 0 need each other; got "
                f"reconstruct {self.model.reconstruct} and weights "
                f"{[stage.reconstruction for stage in self.training.stages]}"
            )
        return self

    @property
    def encodes_input(self) -> bool:
        """Whether the model reads encoded features."""
        return self.encoder in ("input", "both")

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
                f"`encoder` {self.encoder} standardises what the model reads; got `data.normalise` none, "
                "set it to standard"
            )
        return self

    @model_validator(mode="after")
    def _used(self) -> "Config":
        curriculum, retrieval = self.curriculum, self.retrieval
        if retrieval is not None and curriculum is None:
            raise ValueError("`retrieval` needs a `curriculum`, which says what supports are for; got none")
        if retrieval is not None and retrieval.form == "graph" and self.graph is None:
            raise ValueError("`retrieval.form` graph needs a `graph` to link supports into; got none")
        if retrieval is not None and retrieval.test and self.encoder == "retrieval":
            raise ValueError(
                "`retrieval.test` finds supports by what the model reads; got `encoder` retrieval, set it to "
                "none or both"
            )
        if curriculum is not None and self.data.mapped:
            raise ValueError(
                "a `curriculum` needs the features of the training part in memory; got `data.mapped` true, "
                "set it to false"
            )
        if curriculum is not None and self.training.stages[-1].objective != "mixing":
            raise ValueError("a `curriculum` needs a last stage with the objective mixing; got unimodal")
        if (
            curriculum is not None
            and retrieval is None
            and curriculum.initial_fraction == 1
            and not curriculum.hardness_weighting
            and not curriculum.distillation
        ):
            raise ValueError(
                "a `curriculum` without `retrieval` changes nothing at `initial_fraction` 1, `hardness_weighting` 0 and "
                "`distillation` 0; set one of them, or leave the curriculum out"
            )
        return self
