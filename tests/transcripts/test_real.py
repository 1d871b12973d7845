"""Published corpora on disk, compared with the counts of their makers."""

import os
from pathlib import Path

import pytest

from graphmer.experiment.words import read_transcripts
from graphmer.transcripts import ReadingOptions

pytestmark = pytest.mark.corpus

COUNTS = {
    "meld_csv": (1152, 11098, 11098, 0, 0),
    "reccon": (881, 8699, 8699, 4762, 7618),
    "edireef": (426, 3522, 3522, 426, 494),
    "emocontext": (30160, 90480, 30160, 0, 0),
}
"""Dialogues, turns, labelled turns, turns with causes, causes."""


@pytest.mark.parametrize("name", COUNTS)
def test_published_corpora_have_their_published_size(name):
    folder = Path(os.environ.get("GRAPHMER_DATA", Path(__file__).parents[3] / "shared" / "data")) / name
    if not folder.is_dir():
        pytest.skip(f"no corpus in {folder}; set GRAPHMER_DATA")
    transcripts = read_transcripts(folder, ReadingOptions()).values()
    dialogues = [dialogue for transcript in transcripts for dialogue in transcript.dialogues]
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    caused = [turn.causes for turn in turns if turn.causes is not None]
    labelled = sum(turn.emotion is not None for turn in turns)
    assert (len(dialogues), len(turns), labelled, len(caused), sum(map(len, caused))) == COUNTS[name]
