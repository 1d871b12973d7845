"""Whatever a published corpus holds, reading it gives its content or a `CorpusError`, and nothing else."""

import contextlib
import io
import json
import pickle
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from graphmer.corpora.merbench import read_merbench
from graphmer.corpora.pickles import read_pickled
from graphmer.corpora.problems import examine
from graphmer.errors import GraphmerError
from graphmer.transcripts import ReadingOptions, read_transcript
from tests.corpora.test_merbench import FEATURES, folder as merbench
from tests.corpora.test_pickles import (
    DAILY,
    IEMOCAP,
    MELD_IDS,
    MELD_LABELS,
    MELD_SENTENCES,
    ONE_HOT,
    PARTS,
    SENTIMENTS,
    cosmic,
    vectors,
)
from tests.properties.mutations import altered, as_json, damaged, fuzz
from tests.transcripts.test_published import (
    DYADIC,
    EMORY,
    EVALUATION,
    WORDS,
    convokit,
    episode,
    iemocap,
    said,
    utterance,
)

pytestmark = pytest.mark.fuzz

PICKLES = [
    IEMOCAP,
    [
        MELD_IDS,
        ONE_HOT,
        MELD_LABELS,
        vectors(2, MELD_IDS),
        vectors(2, MELD_IDS),
        MELD_SENTENCES,
        [0],
        [1],
        SENTIMENTS,
    ],
    [
        DAILY,
        vectors(2, DAILY),
        {"d1": [1, 1, 1], "d2": [1]},
        {"d1": [0, 1, 0], "d2": [0]},
        ["d1"],
        [],
        ["d2"],
    ],
    cosmic(),
    cosmic({"d1": [1, 0, 1], "d2": [1]}, DAILY, DAILY, DAILY),
    PARTS,
    {key: PARTS["train"][key][0] for key in ("raw_text", "audio", "vision", "text", "text_bert")},
]
TABLES = [
    DYADIC,
    EMORY,
    "id\tturn1\tturn2\tturn3\tlabel\n0\ta\tb\tc\tsad\n1\td\te\tf\tangry\n",
    json.dumps([episode(), episode("b", [0, 1, "1.0"])]),
    json.dumps({"a": [[said(1), said(2, "joy", [1, "b"])]]}),
]
REPLIES = [utterance("a", mood="sad", timestamp=1), utterance("b", reply_to="a", mood=2, timestamp="3")]


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def survives(read) -> None:
    with contextlib.suppress(GraphmerError):
        read()


def plain(content):
    """Content whose arrays and sets are lists, so that it can be altered."""
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple | set):
        return [plain(value) for value in content]
    return content.tolist() if isinstance(content, np.ndarray) else content


@fuzz("mutation")
def test_damaged_pickles(data, place):
    path = place / "damaged.pkl"
    content = pickle.dumps(data.draw(st.sampled_from(PICKLES)), protocol=data.draw(st.integers(0, 5)))
    path.write_bytes(data.draw(damaged(content)))
    survives(lambda: examine(lambda found: read_pickled(path, findings=found)))


@fuzz("mutation")
def test_pickles_of_other_content(data, place):
    path = place / "altered.pkl"
    path.write_bytes(pickle.dumps(data.draw(altered(plain(data.draw(st.sampled_from(PICKLES)))))))
    survives(lambda: examine(lambda found: read_pickled(path, findings=found)))
    survives(
        lambda: examine(lambda found: read_pickled(path, pooling="error", zeros="missing", findings=found))
    )


@fuzz("mutation")
def test_damaged_tables_and_documents(data, place):
    path = place / "table.any"
    path.write_bytes(data.draw(damaged(data.draw(st.sampled_from(TABLES)).encode())))
    survives(lambda: read_transcript(path))


@fuzz("mutation")
def test_documents_of_other_content(data, place):
    path = place / "document.json"
    content = json.loads(data.draw(st.sampled_from(TABLES[3:])))
    path.write_bytes(as_json(data.draw(altered(content))))
    survives(lambda: read_transcript(path))


@fuzz("mutation")
def test_damaged_folders_of_words(data, place):
    root = iemocap(place / "words")
    for name, content in (("EmoEvaluation", EVALUATION), ("transcriptions", WORDS)):
        path = root / "Session5" / "dialog" / name / "Ses05F_impro01.txt"
        path.write_bytes(data.draw(damaged(content.encode())))
    survives(lambda: read_transcript(root))
    (place / "convokit").mkdir(exist_ok=True)
    convokit(place / "convokit")
    (place / "convokit" / "utterances.jsonl").write_bytes(
        b"\n".join(map(as_json, data.draw(altered(REPLIES))))
    )
    survives(lambda: read_transcript(place / "convokit", ReadingOptions(label="mood")))


@fuzz("mutation")
def test_damaged_labels_of_merbench(data, place):
    (place / "merbench").mkdir(exist_ok=True)
    clips = {"Ses05F_a_M000": {"emo": 0, "val": -10}, "sample_1": {"emo": "sad", "val": "1.0"}}
    root = merbench(place / "merbench", "name,chinese,english\nsample_1,a,b\n", whole_corpus=clips)
    if data.draw(st.booleans()):
        np.savez(root / "label-6way.npz", whole_corpus=data.draw(altered(clips)))
    else:
        whole = (root / "label-6way.npz").read_bytes()
        (root / "label-6way.npz").write_bytes(data.draw(damaged(whole)))
    if data.draw(st.booleans()):  # damage below the checksums of the archive
        member = io.BytesIO()
        np.lib.format.write_array(member, np.array(clips, dtype=object))
        with zipfile.ZipFile(root / "label-6way.npz", "w") as archive:
            archive.writestr("whole_corpus.npy", data.draw(damaged(member.getvalue())))
    survives(lambda: examine(lambda found: read_merbench(root, FEATURES, findings=found)))
