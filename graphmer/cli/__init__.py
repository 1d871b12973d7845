"""The command line: the only room that prints."""

from graphmer.cli.app import main

__all__ = ["main"]
