"""Packages and files of the models of extractors."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from graphmer.checksums import file_checksum
from graphmer.errors import ConfigError

_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""Files of a model that are read: no pickles."""


def package_version(package: str, extra: str) -> str:
    """Version of a package that features of a modality need.

    Args:
        package: its name.
        extra: of graphmer, which has it.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        raise missing_package(package, extra) from None


def missing_package(package: str, extra: str) -> ConfigError:
    """The error of a package that features of a modality need and that is not installed.

    Args:
        package: its name.
        extra: of graphmer, which has it.
    """
    return ConfigError(
        f"{extra.capitalize()} features need {package}, which is not installed. Run: "
        f'pip install "graphmer[{extra}]"'
    )


def model_folder(model: str, kind: str, default: str) -> Path:
    """Folder of a model with weights in safetensors; one of the hub is downloaded once.

    Args:
        model: a folder, or an id of the Hugging Face hub.
        kind: how messages call the model, such as ``text encoder``.
        default: name of the model that needs no folder.

    Raises:
        ConfigError: if there is no such model, or it has no weights.
    """
    folder = Path(model) if Path(model).is_dir() else _downloaded(model, kind, default)
    if not any(folder.rglob("*.safetensors")):
        article = "an" if kind[0] in "aeiou" else "a"
        raise ConfigError(
            f"{folder}: has no weights (*.safetensors). Name a folder or id of {article} {kind}."
        )
    return folder


def _downloaded(model: str, kind: str, default: str) -> Path:
    from huggingface_hub import snapshot_download

    if Path(model).is_absolute() or model.startswith("."):
        raise ConfigError(f"{model}: no such folder. Name the folder of a model ({kind}), or {default}.")
    try:
        return Path(snapshot_download(model, allow_patterns=list(_FILES)))
    except Exception as error:  # of the HTTP client, of the hub, of the name
        problem = str(error).partition("\n")[0].rstrip(".")
        raise ConfigError(
            f"{model}: neither a folder nor a model that can be downloaded ({problem}). Name a folder, an id "
            f"of the Hugging Face hub, or {default}."
        ) from None


def model_checksum(folder: Path) -> str:
    """Hash of the names and the contents of the files of a model."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _FILES for path in folder.rglob(pattern)}):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_checksum(path)}\n".encode())
    return digest.hexdigest()
