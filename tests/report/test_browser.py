"""The page in a headless browser: Debian's `chromium`."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from graphmer.dialogue import LabelSpace
from graphmer.experiment.dialogue_report import dialogue_content
from graphmer.inference import load
from graphmer.report.page import page
from tests.experiment.tiny import write_corpus, write_own
from tests.report.pages import content_of, finished_run
from tests.talks import WIDTHS, talk

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium found (apt-get install chromium)"),
]

PROBE = f"<script>{Path(__file__).with_name('probe.js').read_text()}</script></body>"

MOMKE = {"graph": None, "model": {"system": "momke", "width": 8, "depth": 1}}
LOGISTIC = {"graph": None, "model": {"system": "logistic"}, "training": {"batch_nodes": 8}}


def opened(folder, content, *, width=1200):
    """Observations of the probe, and messages on the browser's console."""
    path = folder / "page.html"
    path.write_text(page(content).replace("</body>", PROBE), encoding="utf-8")
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--enable-logging=stderr", f"--user-data-dir={folder}/profile", f"--window-size={width},900",
        "--virtual-time-budget=2000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
    messages = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unescape(found[1])) if found else None, messages


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    paper = {"source": "a paper", "metrics": ["wa"], "values": {"at": [91.26]}, "caveats": ["It looked."]}
    return content_of(finished_run(tmp_path_factory.mktemp("browser"), published=paper))


def test_a_switch_redraws_the_timeline_from_the_stored_predictions(content, tmp_path):
    observed, messages = opened(tmp_path, content)
    assert messages == []
    stored = {name: each["emotion"] for name, each in content["timelines"][0]["under"].items()}
    assert (observed["first"]["set"], observed["first"]["turns"]) == ("at", stored["at"])
    assert (observed["text"]["set"], observed["text"]["turns"]) == ("t", stored["t"])
    assert (observed["nothing"]["set"], observed["nothing"]["turns"]) == ("nothing", stored["nothing"])
    assert observed["again"] == observed["first"]
    assert observed["first"]["hidden"] == 0
    assert observed["text"]["hidden"] == sum(row[0] for row in content["timelines"][0]["available"])
    assert "Available modalities: text." in observed["text"]["status"]
    assert "available: text; hidden: audio" in observed["hiding"]
    assert content["help"]["t"] in observed["hiding"]
    assert observed["text"]["turns"] != observed["first"]["turns"]


def test_keys_graph_charts_and_colours_react_to_input(content, tmp_path):
    observed, _ = opened(tmp_path, content)
    timeline = content["timelines"][0]
    assert observed["focused"].startswith("Turn 1, ")
    assert observed["detail"].startswith("Turn 1, ")
    edges = [edge for relation in timeline["edges"].values() for edge in relation]
    assert observed["edges"] == len(edges)
    assert observed["incoming"] == sum(target == 1 for _, target in edges)
    assert observed["charts"][0] != observed["charts"][1]
    assert observed["dark"] != observed["light"]


def test_published_figures_are_compared_with_the_scores_and_have_their_caveats(content, tmp_path):
    observed, messages = opened(tmp_path, content)
    assert messages == []
    assert "Compared with a paper" in observed["published"]
    own = content["measures"]["rows"]["at"]["wa"]["mean"]
    assert f"at91.3{100 * own:.1f}" in observed["published"]
    assert observed["published"].endswith("It looked.")
    without, _ = opened(tmp_path, {**content, "published": None})
    assert without["published"] is None


def test_the_page_fits_the_width_of_a_phone(content, tmp_path):
    counts = {name: list(range(20)) for name in ("a", "t", "at")}
    observed, messages = opened(tmp_path, {**content, "hardness": counts}, width=390)
    assert messages == []
    assert "hardness" in observed["sections"]
    assert observed["wide"] <= 500  # the narrowest window of some builds of chromium


def test_the_page_of_a_model_without_a_graph_or_missing_rates_has_no_such_sections(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    run = finished_run(tmp_path / "run", root, **MOMKE, evaluation__rates=[])
    observed, messages = opened(tmp_path, content_of(run))
    assert messages == []
    assert not {"graph", "hardness"} & set(observed["sections"])


def test_the_page_of_a_model_without_a_router_has_no_such_section(tmp_path):
    run = finished_run(tmp_path / "run", write_corpus(tmp_path / "corpus"), **LOGISTIC)
    observed, messages = opened(tmp_path, content_of(run))
    assert messages == []
    assert "router" not in observed["sections"]


def test_the_page_of_a_corpus_of_scores_has_no_classes(tmp_path):
    labels = LabelSpace(interval=(-3.0, 3.0))
    dialogues = [
        replace(talk("ABAB", id=f"d{n}", seed=n), emotion=(1.5, -2.0, None, 0.5 * n)) for n in range(6)
    ]
    parts = dict(
        zip((d.id for d in dialogues), ("train", "train", "train", "val", "test", "test"), strict=True)
    )
    root = write_own(tmp_path / "corpus", dialogues, labels, WIDTHS, parts)
    data = {"format": "graphmer", "root": str(root)}
    run = finished_run(tmp_path / "run", data=data, split={"scheme": "official"}, **MOMKE)
    content = content_of(run)
    observed, messages = opened(tmp_path, content)
    assert messages == []
    assert "matrices" not in observed["sections"]
    scores = [round(score, 3) for score in content["timelines"][0]["under"]["tv"]["emotion"]]
    assert observed["text"]["turns"] == scores
    assert content["help"]["a"] == "a score has no entropy"


def test_the_page_of_own_dialogues_lists_their_turns_and_has_no_scores(tmp_path):
    run = finished_run(tmp_path / "run")
    predictor = load(run.folder.path)
    first = run.components.corpus.dialogues[0]
    dialogue = replace(first, text=tuple(f"line {turn}" for turn in range(len(first))))
    content = dialogue_content(predictor, [dialogue], "chat.txt", tmp_path / "model.zip")
    observed, messages = opened(tmp_path, content, width=390)
    assert messages == []
    assert set(observed["sections"]) == {"timeline", "graph", "provenance"}
    assert len(observed["turns"]) == len(dialogue)
    emotions = predictor.predict(dialogue).emotion
    for turn, row in enumerate(observed["turns"]):
        assert f"line {turn}" in row
        assert emotions[turn] in row
    assert observed["chosen"].startswith("Turn 2, ")
    assert observed["marked"] == 1
    assert observed["gold"] == 0
    assert "annotated" not in observed["legend"]
    assert "annotated" not in observed["first"]["status"]
    assert observed["wide"] <= 500
