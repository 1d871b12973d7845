"""What a configuration may say of training by hardness and of retrieval."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from graphmer.config.section import Fraction, Positive, Section, word_for_nothing


class TeacherConfig(Section):
    """The network whose errors say what is hard; small, since it is trained for every fold and seed."""

    width: Positive = 64
    """Width of its experts; even."""
    depth: Positive = 1
    """Layers of an expert; the released code has 4."""
    dropout: Fraction = 0.1
    """Probability throughout; 0.5 in the released code."""
    epochs: Positive = 8
    """Passes over the training dialogues; 200 in the released code."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Constant, with AdamW; 1e-4 with Adam in the released code."""


class HardnessConfig(Section):
    """How the views make one hardness.

    `sigmoid(beta (direct n_dir + indirect n_ind + change n_change - tau))`, where each `n` is a rank over the
    training part, in [0, 1].
    """

    direct: Annotated[float, Field(ge=0)] = 0.6
    """Weight of the error of rebuilding what is missing; HARDY-MER's."""
    indirect: Annotated[float, Field(ge=0)] = 0.4
    """Weight of the consistency of the modalities; HARDY-MER's."""
    change: Annotated[float, Field(ge=0)] = 0.0
    """Weight of how often the emotion changes around the utterance; not in HARDY-MER, and not for scores."""
    consistency: Literal["infonce", "entropy"] = "infonce"
    """`infonce`: pointwise information by contrast. `entropy`: HARDY-MER's difference of entropies."""
    sign: Literal[-1, 1] = -1
    """-1: utterances whose modalities disagree are hard. 1: those that agree, as in the released code."""
    beta: Annotated[float, Field(gt=0)] = 4.0
    """Steepness; HARDY-MER's."""
    tau: float = 0.5
    """What is half hard; 0 in the released code."""


class CurriculumConfig(Section):
    """Training by hardness, in the last stage (HARDY-MER)."""

    support: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the loss of the supports, with a `retrieval` section; 1 in the released code."""
    distillation: Annotated[float, Field(ge=0)] = 0.0
    """Weight of what utterances learn, the more the harder they are under what is seen of them, from what the
    model (with `training.ema` its running mean) says where nothing is hidden; not in HARDY-MER."""
    hardness: Annotated[HardnessConfig | None, word_for_nothing("none")] = HardnessConfig()
    """`none` takes all utterances as equally hard: each has all its supports."""
    teacher: TeacherConfig = TeacherConfig()
    """What measures the hardness."""
    initial_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the utterances, the easiest, that count at first; 1 for all, as in HARDY-MER."""
    full_at: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Fraction of the stage after which all utterances count, with `initial_fraction` below 1."""
    hardness_weighting: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """Above 0 hard utterances weigh more in the loss, below 0 less; 0 in HARDY-MER."""

    tuning: Annotated[int, Field(ge=0)] = 0
    """Epochs of each of the short trainings that find `support`, `initial_fraction` and `retrieval.k` on the
    validation part, by halves and doubles from a start of their own: what is given for them makes no
    difference then. 0 takes what is given."""

    @model_validator(mode="after")
    def _measured(self) -> "CurriculumConfig":
        if self.hardness is None and (self.initial_fraction < 1 or self.hardness_weighting):
            raise ValueError("`initial_fraction` and `hardness_weighting` need a `hardness`; got none")
        return self


class RetrievalConfig(Section):
    """Training utterances that support those that are hard, found by their features (HARDY-MER)."""

    k: Positive = 5
    """Most supports of an utterance, and neighbours of each modality among which they are chosen."""
    metric: Literal["cosine", "l2"] | dict[str, Literal["cosine", "l2"]] = "cosine"
    """Of all modalities, or by modality."""
    form: Literal["mixup", "slots", "graph", "context"] = "mixup"
    """Where supports stand, to be seen with what may be seen of the utterance that they support. `mixup`:
    mixed into it, with a share of at most a half. `context`: in a copy of their own dialogue. `slots`: in its
    place, in a copy of its dialogue. `graph`: in slots, from where it also hears them."""
    exclude: Literal["dialogue", "session"] = "dialogue"
    """What supports do not come from: the utterance's own dialogue, or its whole recording session, whose
    speakers are its own. Where sessions are left out for the test, no test utterance has such neighbours."""
    test: bool = False
    """Whether turns hear the training utterance that is most like them, without its label, also when they are
    validated, tested and predicted; with the form `graph`. The model keeps the features of the training part
    then, and cannot follow a stream."""

    @model_validator(mode="after")
    def _heard(self) -> "RetrievalConfig":
        if self.test and self.form != "graph":
            raise ValueError(f"`test` needs the `form` graph, in which supports are heard; got {self.form}")
        return self
