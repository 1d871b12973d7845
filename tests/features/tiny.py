"""A text encoder with random weights, small enough to be trained in a test."""

import pytest

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tiny_encoder(folder, words):
    """Write a BERT of one layer that knows the given words."""
    pytest.importorskip("sentence_transformers")
    transformers = pytest.importorskip("transformers")
    import torch

    (folder / "vocab.txt").write_text("\n".join([*SPECIAL, *words]))
    transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(SPECIAL) + len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder)
    return folder
