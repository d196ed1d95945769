"""python -m backflow_recorder train.py --arg …: runs an unchanged script and records its training."""

from __future__ import annotations

import sys

from .script import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
