import math
from dataclasses import replace

import pytest
import torch

from graphmer.nn.averages import REACH, NeighborhoodAverages
from graphmer.nn.cache import FeatureCache
from tests.talks import talk

WIDTHS = {"audio": 3, "text": 2}
LENGTHS = (1, 7, 40, 2)


def talks(seed: int = 0):
    """Features, availability, speakers and dialogues of ragged talks between three."""
    torch.manual_seed(seed)
    count = sum(LENGTHS)
    features = {m: torch.randn(count, width) for m, width in WIDTHS.items()}
    available = torch.rand(count, 2) < 0.6
    speaker = torch.randint(3, (count,))
    batch = torch.arange(len(LENGTHS)).repeat_interleave(torch.tensor(LENGTHS))
    return features, available, speaker, batch


def naive(averages: NeighborhoodAverages, features, available, speaker, batch) -> torch.Tensor:
    """The equation, turn by turn."""
    count = len(batch)
    orders = [1] if averages.causal else [1, -1]
    found = torch.zeros(count, len(WIDTHS), averages.maps[0].out_features)
    for m, rows in enumerate(features.values()):
        for i in range(count):
            means = []
            for order in orders:
                for scale in averages.scales:
                    for own in (True, False):
                        total, weights = torch.zeros(rows.shape[1]), 0.0
                        for j in range(count):
                            distance = order * (i - j)
                            near = scale is None or distance <= math.ceil(REACH * scale)
                            speakers = (speaker[i] == speaker[j]) == own and batch[i] == batch[j]
                            if distance < 0 or not near or not speakers or not available[j, m]:
                                continue
                            weight = 1.0 if scale is None else math.exp(-distance / scale)
                            total, weights = total + weight * rows[j], weights + weight
                        means.append(total / weights if weights else total)
            found[i, m] = averages.maps[m](torch.cat(means))
    return found


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scales", [(1.5,), (None,), (6.0, None), (None, 0.1, 4.0)])
def test_they_are_the_averages_of_the_equation(scales, causal):
    torch.manual_seed(1)
    averages = NeighborhoodAverages(WIDTHS, 5, scales, causal=causal)
    torch.testing.assert_close(averages(*talks()), naive(averages, *talks()), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scales", [(0.5,), (2.0, None)])
@pytest.mark.parametrize("pieces", [[1] * 40, [3, 20, 17]])
def test_turns_that_come_one_by_one_are_averaged_as_in_the_whole_dialogue(pieces, scales):
    averages = NeighborhoodAverages(WIDTHS, 5, scales, causal=True)
    features, available, speaker, _ = (part if isinstance(part, dict) else part[8:48] for part in talks())
    features = {m: rows[8:48] for m, rows in features.items()}
    batch = torch.zeros(40, dtype=torch.long)
    cache, found, first = FeatureCache(), [], 0
    for count in pieces:
        new = slice(first, first + count)
        rows = {m: values[new] for m, values in features.items()}
        found.append(averages(rows, available[new], speaker[new], batch[new], cache))
        first += count
        if averages.reach is not None:
            cache.evict(first - averages.reach)
            assert len(cache) <= averages.reach
    expected = averages(features, available, speaker, batch)
    torch.testing.assert_close(torch.cat(found), expected, rtol=1e-5, atol=1e-5)


def test_turns_that_are_read_again_are_averaged_anew():
    averages = NeighborhoodAverages(WIDTHS, 5, (2.0,), causal=True)
    features, available, speaker, batch = talks()
    one = {m: rows[:6] for m, rows in features.items()}
    other = {m: rows[6:12] for m, rows in features.items()}
    alone, again = FeatureCache(), FeatureCache()
    averages(one, available[:6], speaker[:6], batch[:6], again)
    averages(other, available[6:12], speaker[6:12], batch[:6], again)
    again.truncate(6)
    averages(one, available[:6], speaker[:6], batch[:6], alone)
    last = [averages(other, available[:6], speaker[:6], batch[:6], cache) for cache in (alone, again)]
    assert torch.equal(*last)


def test_sums_over_many_turns_keep_their_digits():
    averages = NeighborhoodAverages({"text": 1}, 1, (None,), causal=True)
    torch.nn.init.ones_(averages.maps[0].weight)
    count = 50_000
    rows = {"text": torch.full((count, 1), 100.1)}
    speaker = batch = torch.zeros(count, dtype=torch.long)
    found = averages(rows, torch.ones(count, 1, dtype=torch.bool), speaker, batch)
    torch.testing.assert_close(found[:, 0, 0], rows["text"][:, 0])


@pytest.mark.parametrize("scales", [(), (0.0,), (-1.0, None), (float("nan"),)])
def test_a_decay_length_must_be_positive(scales):
    with pytest.raises(
        ValueError, match=r"`neighborhood_averages` must be decay lengths in turns > 0, or None"
    ):
        NeighborhoodAverages(WIDTHS, 5, scales)


def test_averages_are_shrunk_by_the_turns_they_are_over_and_by_what_speakers_explain():
    torch.manual_seed(0)
    spoken = []
    for number in range(400):
        made = talk("ABABAB", id=str(number), widths=WIDTHS)
        voice = 2 * torch.randn(2, 3)[made.speaker]
        features = {"audio": torch.randn(6, 3) + voice, "text": torch.randn(6, 2)}
        spoken.append(replace(made, features=features))
    shrunk = NeighborhoodAverages({"audio": 3, "text": 2}, 5, (None,), shrinkage=True)
    plain = NeighborhoodAverages({"audio": 3, "text": 2}, 5, (None,))
    plain.fit(spoken)  # finds nothing
    shrunk.fit(spoken)
    audio, text = shrunk.prior.tolist()
    assert audio == pytest.approx(1 / 4, rel=0.15)  # the variance within a speaker by that between them
    assert text > 20
    assert shrunk.load_state_dict(plain.state_dict(), strict=False).missing_keys == ["prior"]
    rows = torch.randn(4, 3)
    one = torch.zeros(4, dtype=torch.long)
    available = torch.tensor([[True, False]] * 4)
    features = {"audio": rows, "text": torch.full((4, 2), torch.nan)}
    for averages in (plain, shrunk):  # the own speaker's earlier turns only, and the first feature of them
        torch.nn.init.zeros_(averages.maps[0].weight)
        averages.maps[0].weight.data[0, 0] = 1
    factor = shrunk(features, available, one, one)[:, 0, 0] / plain(features, available, one, one)[:, 0, 0]
    count = torch.arange(1, 5)
    torch.testing.assert_close(factor, count / (count + audio))
