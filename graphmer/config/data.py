"""Schema of the corpus and its features in a configuration file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from graphmer.corpora.assemble import ZerosPolicy
from graphmer.corpora.pooling import Pooling
from graphmer.features.text import Precision
from graphmer.settings import Seed, Settings, Width
from graphmer.transcripts.settings import ReadingSettings


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
        "parquet",
        "simulated",
        "transcripts",
        "merbench",
        "conv_emotion",
        "cosmic",
        "cogmen",
        "mmsa",
    ]
    """`gcnet`: label pickle and feature folders of GCNet, MoMKE, HARDY-MER. `graphmer`: a folder with
    `dataset.yaml`. `parquet`: Parquet or a folder of it, or of Hugging Face `datasets`. `simulated`:
    dialogues with a known Bayes-optimal prediction. `transcripts`: labelled
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
    """`graphmer`, `parquet`: other names of classes, `{alias: class}`; other case and spaces need none."""
    mapped: bool = False
    """`graphmer`, `parquet`: leave features on disk and read them batch by batch; for corpora larger than
    memory."""
    unlabelled: Literal["context", "drop"] = "context"
    """Turns without a label are context, read but never scored, or are left out as if they were not there."""
    normalise: Literal["standard", "none"] = "standard"
    """`standard`: zero mean, unit deviation of the training part. `none` as in MoMKE's code."""
    losses: str | None = None
    """Protocol by which modalities are lost in the whole corpus, as if they had never been recorded, such as
    `mnar:v@sad=0.8`; null for none. Drawn from the annotations, of the test part as well."""
    reading: ReadingSettings = ReadingSettings()
    """`transcripts`: what the files cannot answer, such as names of speakers."""
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
        own = self.format in ("graphmer", "parquet")
        if self.aliases and not own:
            raise ValueError(f"`aliases` needs format graphmer or parquet; got {self.format}: leave it out")
        if self.mapped and not own:
            raise ValueError(
                f"`mapped` needs format graphmer or parquet; got {self.format}: use `graphmer data convert`"
            )
        if self.reading != ReadingSettings() and self.format != "transcripts":
            raise ValueError(f"`reading` needs format transcripts; got {self.format}: leave it out")
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
    video: Annotated[str, Field(min_length=1)] | None = None
    """Features of the faces in videos beside the transcripts: a network as an ONNX file (relative to this
    file)."""
    video_detector: Annotated[str, Field(min_length=1)] = "haar"
    """Detector of faces: `haar`, inside OpenCV's package, or an ONNX file of YuNet."""
    video_rate: Annotated[float, Field(gt=0, le=100)] = 4.0
    """Frames a second that are looked at."""
    video_mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    """Mean of each channel of the network's input, scaled to [0, 1]; or one for all channels."""
    video_std: tuple[Annotated[float, Field(gt=0)], ...] = (0.229, 0.224, 0.225)
    """Standard deviation of each channel, likewise."""
    video_colour: Literal["rgb", "bgr"] = "rgb"
    """Order of the channels."""

    @property
    def video_settings(self) -> dict[str, JsonValue]:
        """Settings of the extractor of video."""
        return {
            "detector": self.video_detector,
            "rate": self.video_rate,
            "mean": list(self.video_mean),
            "std": list(self.video_std),
            "colour": self.video_colour,
        }
