"""WA of all systems over the missing rate."""

import hashlib
import json

import matplotlib
from matplotlib.figure import Figure

from benchmarks.accuracy.systems import stored
from benchmarks.accuracy.systems.claim import Claim
from benchmarks.accuracy.systems.page import NAMES, Tables

COLOURS = matplotlib.colormaps["tab20"].colors
MARKERS = "osD^v"


def digest(name: str) -> str:
    """Hash of the results that a figure was drawn from, by its name ``systems_<corpus>``."""
    claim = Claim.read(name.removeprefix("systems_"))
    parts = [[system, section["summary"]] for system, section in stored.measured(claim.systems, claim.corpus)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def draw(claim: Claim) -> None:
    """Write ``docs/images/systems_<corpus>.svg``."""
    from benchmarks.accuracy.figure import IMAGES

    name = f"systems_{claim.name}"
    with matplotlib.rc_context({"svg.hashsalt": name}):  # same result, same file
        about = {"Date": None, "Description": digest(name)}
        drawn(Tables(claim)).savefig(IMAGES / f"{name}.svg", metadata=about)


def drawn(tables: Tables) -> Figure:
    """A line a system, from complete dialogues to a missing rate of 0.7; the reference is thicker."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    scale = 1 if tables.is_error else 100
    for system in tables.order:
        rows, place = tables.rows[system], tables.claim.systems.index(system)
        rates = [condition for condition in rows if condition.startswith("rate:")]
        line = [rows[tables.scores[system].sets[-1]], *(rows[condition] for condition in rates)]
        axes.plot(
            [0.0, *(float(condition[5:]) for condition in rates)],
            [scale * row["mean"] for row in line],
            color=COLOURS[place % len(COLOURS)],
            marker=MARKERS[place % len(MARKERS)],
            markersize=4,
            linewidth=2.5 if system == tables.claim["reference"] else 1.2,
            label=system,
        )
    axes.set_ylabel(NAMES[tables.metric] + ("" if tables.is_error else ", %"))
    axes.set_xlabel("missing rate per utterance")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(tables.claim["title"], fontsize=10)
    return figure
