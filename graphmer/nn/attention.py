"""Scaled dot-product attention by the faster of two kernels."""

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """``softmax(q k / sqrt(d) + mask) v`` by torch's kernel, or by two products where the kernel is slow.

    On CPUs the backward pass of the kernel takes several times as long in bfloat16 as in float32 (torch
    2.13); two matrix products are faster than both. Their softmax is in float32.

    Args:
        query: queries of the heads.
        key: keys.
        value: values.
        mask: boolean, or a float bias that is added to the scores; false or minus infinity where a query may
            not attend to a key. Each query must have at least one key. ``None`` where all have all.

    Shapes:
        query ``[..., Q, d]``; key, value ``[..., K, d]``; mask ``[..., 1 or Q, K]``; returns ``[..., Q, d]``.
    """
    if not by_products(query):
        return scaled_dot_product_attention(query, key, value, attn_mask=mask)
    score = query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)
    if mask is not None:
        score = score.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else score + mask
    return score.softmax(dim=-1, dtype=torch.float32).to(value.dtype) @ value


def by_products(rows: Tensor) -> bool:
    """Whether attention over rows of this type and device is computed by matrix products."""
    return rows.dtype == torch.bfloat16 and rows.device.type == "cpu"
