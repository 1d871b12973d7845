"""Run folder: configuration, environment, log and results of one run."""

import errno
import hashlib
import logging
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from graphmer.checksums import json_line, parse_json, read_json, write_json
from graphmer.errors import CheckpointError
from graphmer.storage import replacing

logger = logging.getLogger(__name__)

RESULT = "result.json"
"""File in the folder of a model that marks it as finished."""

PACKAGES = (
    "graphmer",
    "torch",
    "torch-geometric",
    "lightning-fabric",
    "numpy",
    "scikit-learn",
    "safetensors",
)

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
"""Errors of renaming a folder to a name that another process has taken."""


class _EpochRecord(BaseModel):
    """Schema of a line of ``log.jsonl``."""

    model_config = ConfigDict(extra="allow")

    fold: int
    seed: int
    number: int
    stage: str
    losses: dict[str, float]
    score: float | None
    best: bool
    seconds: float


class _ResultRecord(BaseModel):
    """Schema of ``result.json``; the other fields are optional or not read."""

    model_config = ConfigDict(extra="allow")

    epoch: int
    validation: float
    seconds: float


class RunFolder:
    """Paths and records of one run.

    Args:
        path: an existing run folder.

    Raises:
        CheckpointError: if it is not a run folder.
    """

    def __init__(self, path: Path) -> None:
        if not (path / "config.yaml").is_file():
            raise CheckpointError(
                f"{path}: no run folder (it has no config.yaml). Name one that `graphmer train` made."
            )
        self.path = path

    @classmethod
    def create(cls, parent: Path, name: str, config: str, environment: Mapping[str, Any]) -> "RunFolder":
        """A new folder ``<parent>/<name>``, or ``<name>-2`` and so on where that is taken.

        It appears complete, so that a run can be continued from the moment that it is there.

        Args:
            parent: folder of all runs; made if need be.
            name: name of the experiment.
            config: the resolved configuration as YAML.
            environment: result of `environment`.
        """
        parent.mkdir(parents=True, exist_ok=True)
        facts = {**environment, "config_sha256": _digest(config.encode())}
        number = 1
        while True:
            path = parent / (name if number == 1 else f"{name}-{number}")
            number += 1
            if path.exists():
                continue
            try:
                with replacing(path) as partial:
                    partial.mkdir()
                    (partial / "log.jsonl").touch()
                    write_json(partial / "environment.json", facts, indent=1)
                    (partial / "config.yaml").write_text(config, encoding="utf-8")
                return cls(path)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise

    def fold(self, fold: int, seed: int) -> Path:
        """Folder of one model; made if need be."""
        path = self.path / f"fold{fold}-seed{seed}"
        path.mkdir(exist_ok=True)
        return path

    def log(self, **record: Any) -> None:
        """Append one record, or nothing, to ``log.jsonl``, stamped with the time in seconds since 1970.

        Each line has a checksum of its own.
        """
        line = json_line({"time": round(time.time(), 3), **record})
        path = self.path / "log.jsonl"
        with path.open("ab", buffering=0) as file:
            begin = file.seek(0, os.SEEK_END)
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                file.truncate(begin)
                error.filename = str(path)
                raise

    def records(self) -> list[dict[str, Any]]:
        """What `log` wrote, in its order.

        Raises:
            CheckpointError: if the log is not there or damaged.
        """
        path = self.path / "log.jsonl"
        try:
            lines = path.read_bytes().splitlines(keepends=True)
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror}). Start a new run.") from None
        return [_epoch_record(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]

    def truncate_log(self, epochs: Mapping[tuple[int, int], int]) -> None:
        """Drop the records of epochs that will be trained again, and a last line that was torn.

        Records that are not there are named in a warning.

        Args:
            epochs: for the fold and seed of a model the number of epochs that its training continues after.

        Raises:
            CheckpointError: if the log is not there or damaged.
        """
        path = self.path / "log.jsonl"
        content = path.read_bytes() if path.is_file() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(path, len(whole))
        records = self.records()
        kept = [each for each in records if _before(each, epochs)]
        if len(kept) < len(records):
            with replacing(path) as partial:
                partial.write_bytes(b"".join(map(json_line, kept)))
        logged = {(each["fold"], each["seed"], each["number"]) for each in kept}
        for (fold, seed), done in epochs.items():
            gone = [number for number in range(1, done + 1) if (fold, seed, number) not in logged]
            if gone:
                logger.warning("%s: no record of epochs %s of fold %d seed %d.", path, gone, fold, seed)

    def result(self, fold: int | str, seed: int) -> dict[str, Any]:
        """What is stored of a finished model.

        Raises:
            CheckpointError: if it is not there or damaged.
        """
        path = self.path / f"fold{fold}-seed{seed}" / RESULT
        result = _read(path, "Restore it, or delete it and continue the run, which trains this model again")
        try:
            _ResultRecord.model_validate(result)
        except ValidationError as error:
            raise CheckpointError(f"{path}: {_problem(error)}. Restore it.") from None
        return result

    @property
    def environment(self) -> dict[str, Any]:
        """Result of `environment` when the run was created.

        Raises:
            CheckpointError: if it is not there or damaged.
        """
        return _read(self.path / "environment.json", "Restore it, or start a new run")

    def warn_if_edited(self) -> None:
        """Warn if ``config.yaml`` is not what it was when the run was created.

        Raises:
            CheckpointError: if the environment is not there or damaged.
        """
        path = self.path / "config.yaml"
        stored = self.environment.get("config_sha256")
        if stored is not None and _digest(path.read_bytes()) != stored:
            logger.warning("%s: edited or damaged since the run was created; read as it is now.", path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path, remedy: str) -> dict[str, Any]:
    try:
        return read_json(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}). {remedy}.") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: cannot be read ({error}). {remedy}.") from None


def _epoch_record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = parse_json(line)
        _EpochRecord.model_validate(record)
    except ValidationError as error:
        raise CheckpointError(f"{where}: {_problem(error)}. Restore the file, or delete this line.") from None
    except ValueError as error:
        raise CheckpointError(
            f"{where}: cannot be read ({error}). Restore the file, or delete this line."
        ) from None
    return record


def _problem(error: ValidationError) -> str:
    """First problem of a record in one line."""
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}"


def _before(record: Mapping[str, Any], epochs: Mapping[tuple[int, int], int]) -> bool:
    """Whether the record of an epoch is not of those to be trained again."""
    done = epochs.get((record.get("fold", 0), record.get("seed", 0)))
    return done is None or record.get("number", 0) <= done


def environment(**more: Any) -> dict[str, Any]:
    """Versions, commit, machine and whatever else should be known of a result, as JSON values."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "commit": commit(),
        "platform": platform.platform(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        **more,
    }


def commit() -> str | None:
    """Commit of the source tree graphmer runs from, marked ``-dirty`` if changed; ``None`` outside of git."""
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


def _versions() -> dict[str, str]:
    found = {package: _version(package) for package in PACKAGES}
    return found | {"torch": str(torch.__version__)}  # which also names the build


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
