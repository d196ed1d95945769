"""python -m backflow_recorder.sweep corpus.txt --grid kind=rnn,lstm gain=0.8,1 --samples 3"""

from __future__ import annotations

import sys

from .command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
