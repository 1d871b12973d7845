from dataclasses import replace

import pytest
import torch

from graphmer.dialogue.speaker_share import speaker_shares
from tests.talks import talk


def talks(speakers: str, count: int, voice: float, topic: float):
    """Dialogues whose audio holds the speaker, and whose text holds the topic of the dialogue."""
    torch.manual_seed(0)
    found = []
    for number in range(count):
        made = talk(speakers, id=str(number), widths={"audio": 6, "text": 4})
        voices = voice * torch.randn(len(made.speakers), 6)
        audio = torch.randn(len(made), 6) + voices[made.speaker]
        text = torch.randn(len(made), 4) + topic * torch.randn(4)
        found.append(replace(made, features={"audio": audio, "text": text}, available=made.available | True))
    return found


def test_the_share_is_that_of_the_variance_between_speakers_and_dialogues():
    shares = speaker_shares(talks("ABABABABABABABABABAB", 400, voice=1.0, topic=2.0))
    assert shares["audio"] == pytest.approx(1 / 2, abs=0.03)
    assert shares["text"] == pytest.approx(4 / 5, abs=0.03)


def test_speakers_of_few_turns_do_not_seem_to_explain_anything():
    shares = speaker_shares(talks("ABCAB", 500, voice=0.0, topic=0.0))
    assert abs(shares["audio"]) < 0.05
    assert abs(shares["text"]) < 0.05


def test_what_is_not_available_is_not_read():
    made = talks("ABAB", 30, voice=1.0, topic=0.0)
    spoilt = []
    for each in made:
        available = each.available.clone()
        available[1, 0] = False
        audio = each.features["audio"].clone()
        audio[1] = torch.nan
        spoilt.append(replace(each, features={**each.features, "audio": audio}, available=available))
    shares = speaker_shares(spoilt)
    assert 0 < shares["audio"] < 1


@pytest.mark.parametrize("speakers", ["A", "AB"])
def test_where_no_speaker_has_two_turns_the_share_is_zero(speakers):
    shares = speaker_shares(talks(speakers, 3, voice=1.0, topic=0.0))
    assert shares == pytest.approx({"audio": 0.0, "text": 0.0})
