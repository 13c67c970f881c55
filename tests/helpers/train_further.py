"""Train the shipped model further, on worn digits that its training did not show.

``python -m tests.helpers.train_further ~/trained --data … --strangers …``: the options of ``ocrbatch model train``.
"""

import argparse
import sys
from pathlib import Path

from ocrbatch.model.card import load_model_file, shipped_folder
from ocrbatch.model.datasets import load_mixture
from ocrbatch.model.train import Settings, train

EPOCHS = 6
LEARNING_RATE = 4e-4
"""A fifth of a first training's: enough to learn new wear, too little to forget the rest."""


def main() -> int:
    """Train and write the model's files to the folder given."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.train_further", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the model, its card, history and pictures")
    parser.add_argument("--data", action="append", required=True, help="SET or SET:WEIGHT, as for ocrbatch model train")
    parser.add_argument("--strangers", action="append", default=[], help="a set of what is no digit")
    options = parser.parse_args()
    start = load_model_file(shipped_folder() / "digits.keras")
    settings = Settings(epochs=EPOCHS, learning_rate=LEARNING_RATE)
    mixture = load_mixture(options.data, options.strangers)
    print(train(mixture, options.out, settings, lambda line: print(line, flush=True), start))
    return 0


if __name__ == "__main__":
    sys.exit(main())
