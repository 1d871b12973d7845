"""Speech networks of `transformers`: the mean over frames of a layer of WavLM, wav2vec 2.0 or HuBERT."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphmer.errors import ConfigError
from graphmer.features.audio import RATE, SILENCE, AudioReader
from graphmer.features.extractor import Clip, Missing, Vector
from graphmer.features.models import model_checksum, model_folder, package_version
from graphmer.features.provenance import Provenance
from graphmer.features.recording import Signal
from graphmer.reprs import counted

_TYPES = ("hubert", "wav2vec2", "wavlm")
_LONGEST = 30.0
"""Seconds after which an utterance is cut: attention costs grow with the square of its length."""

_BATCH_SECONDS = 120.0
"""Seconds of sound in a batch, with padding."""


class SpeechNetworkExtractor:
    """Mean over frames of one layer of a speech network.

    Networks with layer normalisation of the features are run in padded batches of similar length. Those with
    group normalisation, whose frames see the padding, are run one utterance at a time.

    Args:
        model: a folder, or an id of the Hugging Face hub, with weights in safetensors.
        device: on which it computes.
        layer: number of the layer from 1, or 0 for its input; negative from the end.

    Raises:
        ConfigError: if the packages are not installed, or there is no such model or layer.
    """

    modality = "audio"

    def __init__(self, model: str, device: str = "cpu", layer: int = -1) -> None:
        self.model = str(Path(model).resolve()) if Path(model).is_dir() else model
        self.device = device
        self._version = package_version("transformers", "audio")
        self._folder = model_folder(model, "speech network", "egemaps")
        self._reader = AudioReader(0.025)
        layers = int(self._network.config.num_hidden_layers) + 1
        if not -layers <= layer < layers:
            raise ConfigError(f"{model}: its layers are 0 to {layers - 1}; got {layer}. Choose one of them.")
        self.layer = layer % layers
        self._reader.shortest = max(0.025, self._field() / RATE)

    @cached_property
    def provenance(self) -> Provenance:
        return Provenance(
            extractor="speech network",
            model=self.model,
            version=f"transformers {self._version}",
            width=int(self._network.config.hidden_size),
            settings={"layer": self.layer, "rate": RATE, "silence": SILENCE, "longest": _LONGEST},
            sha256=model_checksum(self._folder),
        )

    def content(self, clip: Clip) -> str | Missing:
        return self._reader.content(clip)

    def batches(self, contents: Sequence[str]) -> Iterable[Sequence[str]]:
        ordered = sorted(contents, key=self._reader.seconds, reverse=True)
        begin = 0
        while begin < len(ordered):
            longest = min(_LONGEST, self._reader.seconds(ordered[begin]))
            end = begin + max(1, int(_BATCH_SECONDS / longest))
            yield ordered[begin:end]
            begin = end

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector | Missing]:
        found = list(self._reader.signals(contents, _LONGEST))
        places = [place for place, each in enumerate(found) if not isinstance(each, Missing)]
        together = len(places) if self._network.config.feat_extract_norm == "layer" else 1
        vectors: dict[int, Vector] = {}
        for begin in range(0, len(places), max(1, together)):
            some = places[begin : begin + together]
            vectors |= zip(some, self._means([found[place] for place in some]), strict=True)  # type: ignore[misc]
        return [vectors.get(place, each) for place, each in enumerate(found)]

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        cut = sum(self._reader.seconds(content) > _LONGEST for content in contents)
        lines = [f"{counted(cut, 'turn')} cut after {_LONGEST:.0f} s"] if cut else []
        return [*lines, *self._reader.notes(contents)]

    def _means(self, signals: Sequence[Signal]) -> list[Vector]:
        read = self._preprocessor(
            list(signals), sampling_rate=RATE, padding=True, return_attention_mask=True, return_tensors="pt"
        ).to(self.device)
        mask = read["attention_mask"] if len(signals) > 1 else None
        with torch.inference_mode():
            output = self._network(read["input_values"], attention_mask=mask, output_hidden_states=True)
        frames = output.hidden_states[self.layer]
        lengths = self._network._get_feat_extract_output_lengths(read["attention_mask"].sum(1))
        kept = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        means = (frames * kept[..., None]).sum(1) / kept.sum(1, keepdim=True)
        return list(np.asarray(means.float().cpu().numpy(), dtype=np.float32))

    def _field(self) -> int:
        """Samples that one frame sees."""
        config, field = self._network.config, 1
        for kernel, stride in reversed(list(zip(config.conv_kernel, config.conv_stride, strict=True))):
            field = (field - 1) * stride + kernel
        return field

    @cached_property
    def _preprocessor(self) -> Any:
        from transformers import AutoFeatureExtractor

        found = self._load(AutoFeatureExtractor)
        if found.sampling_rate != RATE:
            raise ConfigError(
                f"{self._folder}: its rate must be {RATE} Hz; got {found.sampling_rate}. Choose another "
                "model."
            )
        return found

    @cached_property
    def _network(self) -> Any:
        from transformers import AutoConfig, AutoModel
        from transformers.utils import logging

        kind = self._load(AutoConfig).model_type
        if kind not in _TYPES:
            raise ConfigError(
                f"{self._folder}: must be one of {', '.join(_TYPES)}; got {kind}. Name a folder or id of a "
                "speech network."
            )
        logging.disable_progress_bar()  # of the weights, which are read in a moment
        return self._load(AutoModel, use_safetensors=True).to(self.device).float().eval()

    def _load(self, kind: Any, **options: Any) -> Any:
        try:
            return kind.from_pretrained(str(self._folder), local_files_only=True, **options)
        except Exception as error:  # of three libraries, which have none in common
            problem = str(error).partition("\n")[0].rstrip(".")
            raise ConfigError(f"{self._folder}: cannot be read as a speech network: {problem}.") from None
