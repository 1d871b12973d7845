"""Attention of queries to keys, by whatever computes it fastest."""

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """``softmax(q k / sqrt(d) + mask) v`` by torch's kernel, or by two products where the kernel is slow.

    On processors the way back through the kernel takes several times as long in bfloat16 as in float32 (torch
    2.13); two products take less than either. Their softmax is in float32.

    Args:
        query: what the heads ask.
        key: what they compare it with.
        value: what they answer.
        mask: false or minus infinity where a query does not hear a key; else what is added to the scores. A
            query hears at least one key.

    Shapes:
        query ``[..., Q, d]``; key, value ``[..., K, d]``; mask ``[..., 1 or Q, K]``; returns ``[..., Q, d]``.
    """
    if not by_products(query):
        return scaled_dot_product_attention(query, key, value, attn_mask=mask)
    score = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
    heard = score.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else score + mask
    return heard.softmax(dim=-1, dtype=torch.float32).to(value.dtype) @ value


def by_products(rows: Tensor) -> bool:
    """Whether rows of this type, on this device, are attended by products."""
    return rows.dtype == torch.bfloat16 and rows.device.type == "cpu"
