"""Packed models: one file with a trained model and all that it needs, without pickles.

A pack is a ZIP archive of stored, uncompressed files: ``model.json``, ``model.safetensors``,
``what_if.json`` where it was measured, the model card ``README.md``, and the folder
``extractors/<modality>`` of each extractor whose model is a folder or files. The comment of the archive
holds the checksum of the whole file.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo, is_zipfile

from graphmer.checksums import UNSEALED, read_sealed, seal
from graphmer.errors import CheckpointError
from graphmer.inference.information_gain import FILE
from graphmer.storage import replacing, user_cache

CARD = "README.md"
"""Name of the model card."""

EXTRACTORS = "extractors"
"""Folder of the extractors' models, by modality."""

ON_HUB = "graphmer.zip"
"""Name of the pack in a repository of the Hugging Face hub."""

_MODEL = ("model.json", "model.safetensors", FILE)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_WHENEVER = (1980, 1, 1, 0, 0, 0)  # the same model makes the same bytes


def write_pack(path: Path, model: Path, card: str, extractors: Mapping[str, Sequence[Path]]) -> None:
    """Write a model as one file.

    Args:
        path: of the file.
        model: folder of the trained model.
        card: model card in Markdown.
        extractors: folders and files of the extractor's model by modality.

    Raises:
        OSError: if a file cannot be read or written; an existing pack is then left as it was.
    """
    files = {name: model / name for name in _MODEL if (model / name).is_file()}
    for modality, place in ((modality, place) for modality, places in extractors.items() for place in places):
        top = place if place.is_dir() else place.parent
        for file in sorted(each for each in (place, *place.rglob("*")) if each.is_file()):
            files[f"{EXTRACTORS}/{modality}/{file.relative_to(top).as_posix()}"] = file
    with replacing(path) as partial:
        with ZipFile(partial, "w", ZIP_STORED) as archive:
            archive.comment = UNSEALED.encode()
            archive.writestr(ZipInfo(CARD, _WHENEVER), card)
            for name, file in files.items():
                with (
                    archive.open(ZipInfo(name, _WHENEVER), "w", force_zip64=True) as to,
                    file.open("rb") as read,
                ):
                    shutil.copyfileobj(read, to)
        seal(partial)


def unpacked(path: Path) -> Path:
    """Folder of the model in a pack: in the user's cache, under the checksum of the pack.

    Args:
        path: of the pack.

    Raises:
        CheckpointError: if the file is no pack, or its content does not match its checksum.
    """
    try:
        if not is_zipfile(path):
            raise ValueError("it is no ZIP archive")
        read_sealed(path, required=True)
        folder = user_cache("packs") / _seal_of(path)
        if not folder.is_dir():
            _extract(path, folder)
    except (ValueError, BadZipFile) as error:
        raise CheckpointError(
            f"{path}: no pack, or a damaged one ({error}). Make it again: graphmer pack RUN {path.name}."
        ) from None
    return folder


def downloaded(model: str) -> Path | None:
    """Pack of a model on the Hugging Face hub; `None` if the name is none of the hub.

    Args:
        model: such as ``user/model``, a repository with `ON_HUB`.

    Raises:
        CheckpointError: if it cannot be downloaded; the message has the remedy.
    """
    if not _HUB_ID.fullmatch(model) or Path(model).parent.exists():
        return None
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise CheckpointError(
            f"{model}: no run folder or pack here. A model on the Hugging Face hub needs `pip install "
            '"graphmer[hub]"`.'
        ) from None
    try:
        return Path(hf_hub_download(model, ON_HUB))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        problem = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{model}: no run folder or pack here, and no {ON_HUB} of that name on the Hugging Face hub "
            f"({problem}). Name a run folder or a pack."
        ) from None


def _extract(path: Path, folder: Path) -> None:
    """All files of an archive into a new folder, which is there as a whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ZipFile(path) as archive, replacing(folder) as whole:
            for member in archive.infolist():
                name = PurePosixPath(member.filename)
                if member.compress_type != ZIP_STORED or name.is_absolute() or ".." in name.parts:
                    raise ValueError(f"it has {member.filename!r}, which no pack has")
                target = whole / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as read, target.open("wb") as to:
                    shutil.copyfileobj(read, to)
    except OSError:
        if not folder.is_dir():  # else another process was quicker
            raise


def _seal_of(path: Path) -> str:
    """Checksum in the comment of a pack, as hexadecimal digits."""
    with ZipFile(path) as archive:
        return archive.comment.decode("ascii").removeprefix("sha256:")
