"""``graphmer doctor``."""

import os
import platform
import sys
from pathlib import Path

import typer

_PACKAGES = (
    "graphmer",
    "torch",
    "torch-geometric",
    "lightning-fabric",
    "numpy",
    "networkx",
    "scikit-learn",
    "rich",
)


def doctor() -> None:
    """List installed versions and devices, and report problems of the installation."""
    from rich.table import Table

    from graphmer.cli.terminal import console

    table = Table("component", "found", "status", title="graphmer doctor")
    problems = 0
    for component, found, problem in [*_packages(), *_devices(), *_faiss(), *_scatter(), *_paths()]:
        problems += bool(problem)
        table.add_row(component, found, f"[red]{problem}[/red]" if problem else "[green]ok[/green]")
    console.print(table)
    console.print("No problems found." if not problems else f"{problems} problem(s).")
    if problems:
        raise typer.Exit(1)


def _packages() -> list[tuple[str, str, str]]:
    rows = [
        ("python", platform.python_version(), "" if sys.version_info >= (3, 10) else "needs 3.10 or newer")
    ]
    for package in _PACKAGES:
        found = _version(package)
        rows.append((package, found or "-", "" if found else "not installed: pip install graphmer"))
    return rows


def _devices() -> list[tuple[str, str, str]]:
    import torch

    rows = [("CPU", f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads", "")]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    rows += [("cuda", torch.cuda.get_device_name(number), "") for number in range(count)]
    return rows if count else [*rows, ("cuda", "no device; everything runs on the CPU", "")]


def _faiss() -> list[tuple[str, str, str]]:
    gpu, cpu = _version("faiss-gpu"), _version("faiss-cpu")
    if gpu and cpu:
        return [
            ("faiss", f"faiss-gpu {gpu} and faiss-cpu {cpu}", "both installed: pip uninstall one of them")
        ]
    try:
        import faiss
    except ImportError as error:
        return [("faiss", "-", f"cannot be imported: {error}")]
    devices = faiss.get_num_gpus() if hasattr(faiss, "get_num_gpus") else 0
    return [("faiss", f"{'faiss-gpu' if gpu else 'faiss-cpu'} {gpu or cpu}, {devices} GPU(s)", "")]


def _scatter() -> list[tuple[str, str, str]]:
    found = _version("torch-scatter")
    if not found:
        return [("torch-scatter", "not installed (optional: make scatter)", "")]
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        from torch_scatter import scatter

        scatter(torch.ones(2, device=device), torch.zeros(2, dtype=torch.long, device=device), reduce="max")
    except (ImportError, OSError, RuntimeError) as error:
        return [("torch-scatter", found, f"does not work on {device}: {str(error).splitlines()[0]}")]
    return [("torch-scatter", f"{found}, works on {device}", "")]


def _paths() -> list[tuple[str, str, str]]:
    here = Path.cwd()
    return [
        (
            "run folders",
            str(here / "runs"),
            "" if os.access(here, os.W_OK) else "this folder cannot be written",
        )
    ]


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
