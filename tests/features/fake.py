"""An extractor without a network: letters and length of the words."""

import numpy as np

from graphmer.features import Clip, Missing, Provenance


class LetterExtractor:
    """Shares of the letters a to e; counts what it computes."""

    modality = "text"

    def __init__(self, model="letters", weights="0" * 64, fail_after=None):
        self.provenance = Provenance(
            extractor="letters", model=model, version="1", width=5, settings={"case": False}, sha256=weights
        )
        self.batches = []
        self.fail_after = fail_after

    def content(self, clip: Clip):
        return clip.text or Missing("no words")

    def vectors(self, contents):
        if self.fail_after is not None and len(self.batches) >= self.fail_after:
            raise KeyboardInterrupt
        self.batches.append(list(contents))
        return [np.array([text.count(c) + len(text) for c in "abcde"], dtype=np.float32) for text in contents]
