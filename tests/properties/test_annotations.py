"""Reading any file of annotations gives its content or a `GraphmerError`, and nothing else."""

import json

import pytest
from hypothesis import strategies as st

from graphmer.transcripts import ReadingOptions, read_transcript
from graphmer.transcripts.label_studio import LabelStudioFormat
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.write import WRITERS
from tests.properties.mutations import altered, as_json, damaged, fuzz
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


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
@fuzz("mutation")
def test_damaged_files(data, tmp_path, name):
    path, options = tmp_path / "file.any", data.draw(st.sampled_from(CHOICES))
    path.write_bytes(data.draw(damaged(FILES[name].encode())))
    survives(lambda: read_transcript(path, options))


@pytest.mark.fuzz
@fuzz("mutation")
def test_exports_of_label_studio_of_other_content(data, tmp_path):
    path, options = tmp_path / "export.json", data.draw(st.sampled_from(CHOICES))
    path.write_bytes(as_json(data.draw(altered(json.loads(export(*LABELLED))))))
    survives(lambda: LabelStudioFormat().read(TextFile.opened(path), options))
