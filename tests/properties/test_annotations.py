"""Reading any file of annotations gives its content or a `GraphmerError`, and nothing else."""

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from graphmer.transcripts import ReadingOptions, read_transcript
from graphmer.transcripts.label_studio import LabelStudioFormat
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.write import WRITERS
from tests.properties.mutations import altered, as_json, damaged, tried
from tests.properties.test_fuzz import survives
from tests.transcripts.test_annotations import CHA, LONG, REPLY, SHORT, SPEECH, elan, referring, slots, tier
from tests.transcripts.test_label_studio import annotation, export, region, rows
from tests.transcripts.test_whatsapp import ANDROID, IOS
from tests.transcripts.test_write import TALK

pytestmark = pytest.mark.fuzz

LABELLED = (annotation(region(0, "joy", last=1)), annotation(region(1, "calm", key="choices"), by=2))
FILES = {
    "elan": elan(
        SPEECH + REPLY + tier("emotion@A", referring("e1", "a1", "joy"), parent="A", type="part"),
        slots(0, None, 2000, 3000),
        '<MEDIA_DESCRIPTOR MEDIA_URL="a.wav" TIME_ORIGIN="12"/>',
    ),
    "long TextGrid": LONG,
    "short TextGrid": SHORT,
    "CHAT": CHA,
    "WhatsApp of Android": ANDROID,
    "WhatsApp of iOS": IOS,
    "Label Studio JSON": export(*LABELLED),
    "Label Studio CSV": rows([region(0, "joy")], [region(1, "calm")]),
    **{f"written {form}": write(TALK, "") for form, write in WRITERS.items()},
}
CHOICES = (
    ReadingOptions(unnamed="unknown", annotators="majority"),
    ReadingOptions(unnamed="alternate", tiers=("A", "Ann"), roster=("Ann", "CHI")),
)


@pytest.mark.parametrize("name", FILES)
def test_damaged_files(tmp_path, name):
    path = tmp_path / "file.any"

    @tried
    @given(content=damaged(FILES[name].encode()), options=st.sampled_from(CHOICES))
    def read(content, options):
        path.write_bytes(content)
        survives(lambda: read_transcript(path, options))

    read()


@tried
@given(content=altered(json.loads(export(*LABELLED))), options=st.sampled_from(CHOICES))
def test_exports_of_label_studio_of_other_content(tmp_path_factory, content, options):
    path = Path(tmp_path_factory.getbasetemp()) / "export.json"
    path.write_bytes(as_json(content))
    survives(lambda: LabelStudioFormat().read(TextFile.opened(path), options))
