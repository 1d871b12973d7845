"""Neural parts: modality experts, message passing, heads, the assembled model."""
