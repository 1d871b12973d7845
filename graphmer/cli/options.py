"""Shared options of the commands, and their parsing."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.errors import ConfigError

if TYPE_CHECKING:
    import torch
    from lightning_fabric import Fabric

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A YAML file, such as examples/iemocap.yaml.")
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, such as runs/iemocap.")]
ModelPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="A run folder, a pack such as model.zip, or the id of a model on the hub."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=VALUE", help="Change a setting of the file; may be repeated."),
]
Pooling = Annotated[
    Literal["mean", "max", "last", "error"] | None,
    typer.Option(
        help="One vector per utterance from frame-level features; error refuses them. By default as the "
        "training corpus was read; else mean in GCNet's layout, and error."
    ),
]
Zeros = Annotated[
    Literal["keep", "missing"] | None,
    typer.Option(help="Treatment of vectors of zeros: recorded, or missing."),
]
Aliases = Annotated[
    list[str] | None,
    typer.Option(
        "--alias",
        metavar="ALIAS=CLASS",
        help="Another name of a class in the labels; repeatable. Other case and spaces need none.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option(help="ray: as tasks of a Ray cluster; files must be on storage that all its nodes have."),
]
Address = Annotated[
    str | None,
    typer.Option(help="Of the Ray cluster, such as auto or ray://head:10001; by default this machine."),
]

_FINEST = 0.001
"""Smallest step between missing rates."""


def make_fabric(device: str, precision: str) -> "Fabric":
    """Fabric with the device and precision of training or evaluation.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<number>``.
        precision: precision of Lightning Fabric, such as ``32-true``.

    Raises:
        ConfigError: if the device is unknown or not available.
    """
    from lightning_fabric import Fabric

    kind, number = _parse_device(device)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return _distributed_fabric(kind, number, precision)
    fabric = Fabric(accelerator=kind, devices=[int(number)] if number else 1, precision=precision)  # type: ignore[arg-type]
    fabric.launch()
    return fabric


def inference_device(device: str) -> "torch.device":
    """Device of a model that predicts, without the time that the import of Fabric takes.

    Raises:
        ConfigError: as `make_fabric`.
    """
    import torch

    kind, number = _parse_device(device)
    return torch.device(f"{kind}:{number or 0}" if kind == "cuda" else kind)


def _parse_device(device: str) -> tuple[str, str]:
    """Kind and number of a device, which may be empty.

    Raises:
        ConfigError: if the device is unknown or not available.
    """
    import torch

    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (":" in device and not (kind == "cuda" and number.isdigit())):
        raise ConfigError(f"--device: must be auto, cpu, cuda or cuda:<number>; got {device}.")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"--device {device}: this machine or this build of torch has no CUDA device. Use cpu."
        )
    if number and int(number) >= torch.cuda.device_count():
        raise ConfigError(f"--device {device}: CUDA devices here are 0 to {torch.cuda.device_count() - 1}.")
    return kind, number


def _distributed_fabric(kind: str, number: str, precision: str) -> "Fabric":
    """Fabric of a process that was started by `torchrun`."""
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    if number:
        raise ConfigError("--device: torchrun gives each process a device of its own; omit the number.")
    local_world_size, world_size = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
    fabric = Fabric(
        accelerator=kind,
        devices=local_world_size,
        num_nodes=world_size // local_world_size,
        strategy=DDPStrategy(find_unused_parameters=True),  # a batch may lack a modality
        precision=precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def read_folds(text: str | None) -> tuple[int, ...] | str | None:
    """Parse ``--folds``: ``1,2`` or ``all``; ``None`` keeps the setting of the configuration.

    Raises:
        ConfigError: if the text has another form.
    """
    if text is None or text == "all":
        return text
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise ConfigError(f"--folds: must be numbers such as 1,2 or the word all; got {text}.") from None


def read_seeds(text: str | None) -> tuple[int, ...] | None:
    """Parse ``--seeds``: ``3`` for the seeds 1, 2, 3; ``4,7`` for these two.

    ``None`` keeps the setting of the configuration.

    Raises:
        ConfigError: if the text has another form.
    """
    if text is None:
        return None
    try:
        numbers = tuple(int(number) for number in text.split(","))
    except ValueError:
        raise ConfigError(f"--seeds: must be a number of seeds or a list such as 4,7; got {text}.") from None
    if len(numbers) == 1 and numbers[0] < 1:
        raise ConfigError(f"--seeds: must be at least 1; got {text}.")
    return tuple(range(1, numbers[0] + 1)) if len(numbers) == 1 else numbers


def read_rates(text: str) -> tuple[float, ...]:
    """Parse ``--rates``: ``0:0.7:0.1`` (first, last, step) or ``0.3,0.5``.

    Raises:
        ConfigError: if the text has another form.
    """
    try:
        if ":" not in text:
            return tuple(float(rate) for rate in text.split(","))
        first, last, step = (float(part) for part in text.split(":"))
        if not (0 <= first <= last <= 1 and step >= _FINEST):
            raise ValueError
        return tuple(round(first + i * step, 10) for i in range(round((last - first) / step) + 1))
    except ValueError:
        raise ConfigError(
            f"--rates: must be first:last:step, rising within 0 and 1, or a list such as 0.3,0.5; got {text}."
        ) from None
