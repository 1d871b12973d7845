"""How hard each training utterance is, and what training makes of it."""
