"""The page in a real browser: Debian's `chromium`, without a window."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from graphmer.dialogue import LabelSpace
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
    """What the probe saw, and what the browser complained of."""
    path = folder / "page.html"
    path.write_text(page(content).replace("</body>", PROBE), encoding="utf-8")
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--enable-logging=stderr", f"--user-data-dir={folder}/profile", f"--window-size={width},900",
        "--virtual-time-budget=2000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unescape(found[1])) if found else None, complaints


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    paper = {"source": "a paper", "metrics": ["wa"], "values": {"at": [91.26]}, "caveats": ["It looked."]}
    return content_of(finished_run(tmp_path_factory.mktemp("browser"), published=paper))


def test_the_page_loads_silently_and_a_switch_redraws_the_timeline_from_what_is_stored(content, tmp_path):
    said, complaints = opened(tmp_path, content)
    assert complaints == []
    stored = {name: each["emotion"] for name, each in content["timelines"][0]["under"].items()}
    assert (said["first"]["set"], said["first"]["turns"]) == ("at", stored["at"])
    assert (said["text"]["set"], said["text"]["turns"]) == ("t", stored["t"])
    assert (said["nothing"]["set"], said["nothing"]["turns"]) == ("nothing", stored["nothing"])
    assert said["again"] == said["first"]
    assert said["first"]["hidden"] == 0
    assert said["text"]["hidden"] == sum(row[0] for row in content["timelines"][0]["available"])
    assert "sees text:" in said["text"]["status"]
    assert "seen: text; hidden: audio" in said["hiding"]
    assert content["help"]["t"] in said["hiding"]
    assert said["text"]["turns"] != said["first"]["turns"]


def test_keys_graph_charts_and_colours_answer(content, tmp_path):
    said, _ = opened(tmp_path, content)
    shown = content["timelines"][0]
    assert said["focused"].startswith("Turn 1, ")
    assert said["detail"].startswith("Turn 1, ")
    everything = [edge for edges in shown["edges"].values() for edge in edges]
    assert said["edges"] == len(everything)
    assert said["hears"] == sum(listener == 1 for _, listener in everything)
    assert said["charts"][0] != said["charts"][1]
    assert said["dark"] != said["light"]


def test_published_figures_stand_beside_the_scores_with_their_caveats(content, tmp_path):
    said, complaints = opened(tmp_path, content)
    assert complaints == []
    assert "Beside a paper" in said["published"]
    own = content["measures"]["rows"]["at"]["wa"]["mean"]
    assert f"at91.3{100 * own:.1f}" in said["published"]
    assert said["published"].endswith("It looked.")
    without, _ = opened(tmp_path, {**content, "published": None})
    assert without["published"] is None


def test_a_phone_need_not_scroll_sideways(content, tmp_path):
    counts = {name: list(range(20)) for name in ("a", "t", "at")}
    said, complaints = opened(tmp_path, {**content, "hardness": counts}, width=390)
    assert complaints == []
    assert "hardness" in said["sections"]
    assert said["wide"] <= 500  # the narrowest window of some builds of chromium


def test_a_model_without_a_graph_and_missing_rates_is_shown_too(tmp_path):
    root = write_corpus(tmp_path / "corpus")
    run = finished_run(tmp_path / "run", root, **MOMKE, evaluation__rates=[])
    said, complaints = opened(tmp_path, content_of(run))
    assert complaints == []
    assert not {"graph", "hardness"} & set(said["sections"])


def test_a_model_without_a_router_is_shown_too(tmp_path):
    run = finished_run(tmp_path / "run", write_corpus(tmp_path / "corpus"), **LOGISTIC)
    said, complaints = opened(tmp_path, content_of(run))
    assert complaints == []
    assert "router" not in said["sections"]


def test_a_corpus_of_scores_is_shown_without_classes(tmp_path):
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
    said, complaints = opened(tmp_path, content)
    assert complaints == []
    assert "matrices" not in said["sections"]
    scores = [round(score, 3) for score in content["timelines"][0]["under"]["tv"]["emotion"]]
    assert said["text"]["turns"] == scores
    assert content["help"]["a"] == "a score has no entropy"
