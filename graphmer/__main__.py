"""``python -m graphmer``."""

from graphmer.cli import main

if __name__ == "__main__":
    main()
