"""Memory and time of reading long transcripts in every format."""
