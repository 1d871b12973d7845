"""Command-line interface, the only package that prints."""

from graphmer.cli.app import main

__all__ = ["main"]
