"""How fast the shipped network reads, int8 against Keras: ``python -m tests.bench.model [--json] [--rounds N]``.

Both read the same tiles on one thread, in turns; needs the extra ``train``. It prints and judges nothing.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from ocrbatch.model.datasets import load_dataset
from ocrbatch.model.parts import to_input
from ocrbatch.records import Tiles
from tests.helpers.render.digits import drawn_digits
from tests.real.digits import DIGITS

TILES = 4096


def pictures() -> Tiles:
    """Give MNIST's test digits where they are, else drawn ones, which leave more doubt."""
    mnist = DIGITS / "mnist.npz"
    return load_dataset(str(mnist)).test_tiles if mnist.exists() else drawn_digits(52).pictures


def main() -> int:
    """Time both in turns and print cells a second and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.model", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is timed")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from ocrbatch.model.card import load_model_file, shipped_folder
    from ocrbatch.page.classify import LiteRtClassifier, import_keras, make_classifier

    keras = import_keras()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tiles = np.resize(pictures(), (TILES, 28, 28))
    int8 = LiteRtClassifier(load_model_file())
    looking_twice = make_classifier(load_model_file())
    network = keras.models.load_model(shipped_folder() / "digits.keras")
    whole = to_input(tiles)
    ways: dict[str, Callable[[], object]] = {
        "int8 LiteRT": lambda: int8.scores(tiles),
        "the same, doubtful ones twice": lambda: looking_twice.scores(tiles),
        "Keras predict, batches of 256": lambda: network.predict(whole, batch_size=256, verbose=0),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(options.rounds + 1):
        for name, read in ways.items():
            start = time.perf_counter()
            read()
            # The first round warms up.
            if round_number:
                seconds[name].append(time.perf_counter() - start)
    rates = {name: TILES / statistics.median(times) for name, times in seconds.items()}
    ratio = rates["int8 LiteRT"] / rates["Keras predict, batches of 256"]
    if options.json:
        print(json.dumps({"cells_a_second": rates, "ratio": ratio}, indent=1))
    else:
        for name, rate in rates.items():
            print(f"{name:<32} {rate:>9,.0f} cells/s")
        print(f"{'int8 against Keras':<32} {ratio:>9.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
