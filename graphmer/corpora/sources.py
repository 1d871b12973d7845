"""Where the authors of public corpora keep their files."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphmer.corpora.base import Card
from graphmer.corpora.cards import EDIREF, EMOCONTEXT, EMORYNLP, MELD, RECCON

_GITHUB = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Source:
    """Files of a public corpus.

    Args:
        card: licence and citation.
        page: for people.
        base: address of the folder of the files.
        files: SHA-256 by name of the file, ``None`` where it is not known.
    """

    card: Card
    page: str
    base: str
    files: Mapping[str, str | None]


SOURCES: Mapping[str, Source] = {
    "meld": Source(
        MELD,
        "https://github.com/declare-lab/MELD",
        f"{_GITHUB}/declare-lab/MELD/master/data/MELD",
        {
            "train_sent_emo.csv": "d2fa2d6529cf03cac2989efec05c9b27d8fd2f4c8fc5974c7ae88aa537fa02db",
            "dev_sent_emo.csv": "2e89c6f8aa182d6f62f8c6331aece905ac7273ca4999660bfb5213e1d0370c1c",
            "test_sent_emo.csv": None,
        },
    ),
    "emorynlp": Source(
        EMORYNLP,
        "https://github.com/declare-lab/MELD",
        f"{_GITHUB}/declare-lab/MELD/master/data/emorynlp",
        {
            "emorynlp_train_final.csv": None,
            "emorynlp_dev_final.csv": None,
            "emorynlp_test_final.csv": None,
        },
    ),
    "reccon": Source(
        RECCON,
        "https://github.com/declare-lab/RECCON",
        f"{_GITHUB}/declare-lab/conv-emotion/master/emotion-cause-extraction/"
        "RoBERTa%20Baseline/data/original_annotation",
        {
            "dailydialog_train.json": "b05bdc8363a57ecb6f8e7ab5f9e0eba227f0fe24cb9eb70d9e78f96e4a45457a",
            "dailydialog_valid.json": "e2fdbec102c2463ee86ccc2088d50fdcfe2eba5c6129bf6071476908bf453b1e",
            "dailydialog_test.json": None,
        },
    ),
    "emocontext": Source(
        EMOCONTEXT,
        "https://github.com/declare-lab/conv-emotion",
        f"{_GITHUB}/declare-lab/conv-emotion/master/DialogueRNN/semeval19_emocon",
        {
            "train.txt": "d5f81ece09dd164dd672082bbadf8730137301f810223d1966f8b0efca312cd2",
            "dev.txt": None,
            "test.txt": None,
        },
    ),
    "edireef": Source(
        EDIREF,
        "https://github.com/LCS2-IIITD/EDiReF-SemEval2024",
        f"{_GITHUB}/LCS2-IIITD/EDiReF-SemEval2024/main/Data/Task%20C",
        {
            "MELD_train_efr.json": None,
            "MELD_val_efr.json": "fb0baf172f178e92843853189a48866438342c7f4740845627fdfe2f66ce5a63",
            "MELD_test_efr.json": None,
        },
    ),
}
"""Public corpora by name."""
