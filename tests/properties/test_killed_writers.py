"""A command that is killed while it writes leaves what was there; the next removes its temporary files."""

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphmer.storage import PARTIAL
from tests.counts import record
from tests.experiment.test_words import written
from tests.experiment.tiny import write_own
from tests.properties.mutations import EXAMPLES
from tests.report.pages import finished_run
from tests.talks import LABELS, WIDTHS, ragged

ROOT = Path(__file__).parents[2]
THOROUGH = EXAMPLES >= 1000
"""Whether a command is killed 36 times, as in `make fuzz`, or three times."""

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks with libraries loaded"),
]


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        line: its arguments, with ``RUN``, ``SOURCES`` and ``PLACE``, the folder that it writes to.
        makes: names of files in that folder that are there before; of a folder, that is empty before.
    """

    line: str
    makes: str


COMMANDS = {
    "predict": Command("predict RUN SOURCES/chats.jsonl --out PLACE/a.jsonl", "a.jsonl"),
    "predict csv": Command("predict RUN SOURCES/chats.jsonl --format csv --out PLACE/a.csv", "a.csv"),
    "data convert": Command("data convert SOURCES/own PLACE/corpus", "corpus/"),
    "features": Command("features SOURCES/csv PLACE/corpus --cache SOURCES/cache", "corpus/"),
    "report": Command("report RUN --html PLACE/a.html", "a.html"),
    "report figures": Command("report RUN --figures PLACE", "scores.png scores.svg"),
    "evaluate": Command(
        "evaluate RUN --conditions a,t --rates 0.5 --device cpu --out PLACE/a.json",
        "a.json a.md a-change.json",
    ),
    "compare": Command("compare RUN RUN --out PLACE/a.tex --out PLACE/a.html", "a.tex a.html"),
    "compare figures": Command("compare RUN RUN --figures PLACE", "comparison_wa.png"),
    "pack": Command("pack RUN PLACE/a.pack", "a.pack"),
    "show": Command("show RUN/config.yaml --png PLACE/a.svg", "a.svg"),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A finished run and inputs of the commands."""
    folder = tmp_path_factory.mktemp("sources")
    run = finished_run(folder)
    (folder / "run").symlink_to(run.folder.path)
    vector = {modality: [0.5] * width for modality, width in run.components.corpus.widths.items()}
    turns = [{"speaker": name, "text": "=words", "features": vector} for name in "ABAB"]
    chats = [json.dumps({"id": f"d{number}", "utterances": turns}) for number in range(40)]
    (folder / "chats.jsonl").write_text("\n".join(chats))
    write_own(folder / "own", ragged(), LABELS, WIDTHS)
    (folder / "csv").mkdir()
    for part in ("train", "dev", "test"):
        written(folder / "csv", part, 3)
    return folder


@pytest.fixture(scope="module")
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.properties.killed"],
        cwd=ROOT,
        env=os.environ | {"SOURCE_DATE_EPOCH": "0"},  # the same date in each figure
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.communicate()


@pytest.fixture
def execute(server, sources, tmp_path):
    """Runs a command that dies at one of its changes; returns its exit code and the number of changes."""
    answer = tmp_path / "answer"

    def run(command, moment=0, delay=0.0):
        places = {"RUN": sources / "run", "SOURCES": sources, "PLACE": tmp_path / "place"}
        line = command.line
        for name, path in places.items():
            line = line.replace(name, str(path))
        request = {"arguments": line.split(), "place": str(tmp_path / "place")}
        request |= {"moment": moment, "delay": delay, "answer": str(answer)}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        assert code <= 0, answer.read_text()
        return code, 0 if code else int(answer.read_text().splitlines()[-1])

    return run


def prepare(place: Path, command: Command) -> None:
    """Put what was there before into the folder, and leave what a killed command left."""
    place.mkdir(exist_ok=True)
    for path in place.glob("[!.]*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in command.makes.split():
        if name.endswith("/"):
            (place / name).mkdir()
        else:
            (place / name).write_text(f"old {name}")


def contents(place: Path) -> dict[str, bytes]:
    """Contents of files, by their names."""
    return {str(p.relative_to(place)): p.read_bytes() for p in place.glob("[!.]*/**/*") if p.is_file()} | {
        p.name: p.read_bytes() for p in place.glob("[!.]*") if p.is_file()
    }


def moments(name: str, changes: int) -> list[tuple[int, float]]:
    """Changes that are interrupted, with the seconds between change and death."""
    draw = random.Random(name)
    some = draw.sample(range(1, changes + 1), min(24 if THOROUGH else 2, changes))
    later = [(draw.randint(1, changes), draw.uniform(0.0002, 0.03)) for _ in range(12 if THOROUGH else 1)]
    return [*((change, 0.0) for change in some), *later]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_there_stays_whole_until_the_new_is_complete(name, execute, tmp_path):
    command, place = COMMANDS[name], tmp_path / "place"
    prepare(place, command)
    old = contents(place)
    code, changes = execute(command)
    assert code == 0
    new = contents(place)
    assert old.keys() <= new.keys()
    assert all(new[each] != old[each] for each in old)
    killed = survived = 0
    for moment, delay in moments(name, changes):
        prepare(place, command)
        code, _ = execute(command, moment, delay)
        killed += code < 0
        record(f"{name}, killed while it writes", "kill", killed, survived)
        found = contents(place)
        assert all(found[each] in (new[each], old.get(each)) for each in found)
        assert old.keys() <= found.keys()
        if "/" in command.makes:
            assert found.keys() in (set(), new.keys())
            assert (place / command.makes).is_dir()
        assert len(list(place.rglob(PARTIAL))) <= 1  # what the one before left has been removed
        survived += code < 0
    assert killed
    prepare(place, command)
    assert execute(command)[0] == 0
    assert contents(place) == new
    assert not list(place.rglob(PARTIAL))
    record(f"{name}, killed while it writes", "kill", killed, survived)
