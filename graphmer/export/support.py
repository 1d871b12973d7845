"""What of the trained models can be exported, and in which format."""

from importlib.util import find_spec
from typing import Any

from graphmer.errors import ConfigError
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import TrainedModel

PACKAGES = ("onnx", "onnxscript")
"""Packages that writing ONNX needs."""


def require_exportable(trained: TrainedModel, form: str) -> None:
    """Whether a model can be exported in a format.

    Args:
        trained: the model.
        form: ``torch`` or ``onnx``.

    Raises:
        ConfigError: naming what cannot be exported, or the extra that is missing.
    """
    if not trained.system.exports:
        able = ", ".join(name for name, system in SYSTEMS.items() if system.exports)
        raise ConfigError(
            f"The system {trained.system.name} cannot be exported: what it computes depends on values of its "
            f"inputs. Systems that can be exported: {able}."
        )
    if trained.retrieval_memory is not None:
        raise ConfigError(
            "A model that retrieves training utterances (`retrieval.test`) cannot be exported: its "
            "index is no operator of a network. Train without it."
        )
    if trained.encoding is not None:
        raise ConfigError(
            "A model with an encoder of its inputs (`encoder: input` or `both`) cannot be exported. Train "
            "with `encoder: none`."
        )
    settings = trained.settings.network
    repairs = [name for name in ("realign", "denoise", "reliability") if getattr(settings, name, 0)]
    if repairs:
        raise ConfigError(
            f"A model with `model.{repairs[0]}` cannot be exported: what it computes depends on values of "
            "its inputs. Train without it."
        )
    custom = [name for name, rule in _rules(trained).items() if rule["rule"] == "function"]
    if custom:
        raise ConfigError(
            f"A model with an edge rule of your own, {custom[0]!r}, cannot be exported: its edges are not "
            "described. Train with the rules of graphmer."
        )
    if form == "onnx":
        absent = [package for package in PACKAGES if find_spec(package) is None]
        if absent:
            raise ConfigError(
                f'--format onnx needs {absent[0]}, which is not installed. Run: pip install "graphmer[onnx]"'
            )


def _rules(trained: TrainedModel) -> dict[str, dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = trained.build.settings()["rules"]
    return rules
