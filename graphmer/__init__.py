"""graphmer."""
