"""Train the network that reads strings, on runs composed of the sets' digits, and write it with its card.

``python -m tests.helpers.train_strings OUT --data mnist.npz:6 --data handwritten09.npz:3.5 --data optdigits.npz:0.5``
composes runs on one core while it teaches on the others; ``--start WEIGHTS`` goes on from an earlier training, or from
the mean of several (M. Wortsman and others, "Model soups", 2022), and ``--minutes 0`` only writes what it gives.
"""

import argparse
import multiprocessing
import sys
from pathlib import Path
from typing import Any

from ocrbatch.model.datasets import weighed
from ocrbatch.model.export import LICENCES
from ocrbatch.model.strings.export import export_strings
from ocrbatch.model.strings.network import build_network
from ocrbatch.model.strings.pool import compose_shard, load_bank, read_shard, write_shard
from ocrbatch.model.strings.train import Settings, train_network

SHARDS = 60
HELD_OUT = 2000


def compose(pool: Path, sources: list[tuple[str, float]], shards: int) -> None:
    """Fill a folder with composed runs; shards that are there already are kept."""
    bank = load_bank(sources)
    for number in range(shards):
        path = pool / f"{number:03d}.npz"
        if not path.exists():
            write_shard(path, compose_shard(bank, (1, number)))


def mean_weights(network: Any, starts: list[tuple[str, float]]) -> list[Any]:
    """Give the mean of the weights in files, each with its share."""
    total = sum(share for _, share in starts)
    found = []
    for path, share in starts:
        network.load_weights(path)
        found.append([share / total * weights for weights in network.get_weights()])
    return [sum(own) for own in zip(*found, strict=True)]


def main() -> int:
    """Compose, train, export and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.train_strings", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the composed runs, the weights, the model and its card")
    parser.add_argument("--data", action="append", required=True, help="SET:WEIGHT, labelled digits")
    parser.add_argument("--minutes", type=float, default=100.0, help="how long to teach")
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument(
        "--start", action="append", help="WEIGHTS:SHARE to go on from, as models/strings.keras; of several, their mean"
    )
    parser.add_argument("--note", default="", help="what the card says of the training beside")
    options = parser.parse_args()
    sources = [weighed(source) for source in options.data]
    pool = options.out / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    composer = multiprocessing.get_context("spawn").Process(target=compose, args=(pool, sources, SHARDS), daemon=True)
    compose(pool, sources, 1)
    if options.minutes > 0:
        composer.start()
    network: Any = build_network()
    if options.start:
        network.set_weights(mean_weights(network, [weighed(start) for start in options.start]))
    settings = Settings(options.minutes, options.learning_rate)
    if options.minutes > 0:
        network = train_network(pool, options.out, settings, lambda line: print(line, flush=True), network)
        composer.terminate()
    held_out = compose_shard(load_bank(sources, test=True), (2, 0), HELD_OUT)
    facts: dict[str, Any] = {
        "data": [
            {"name": Path(path).stem, "weight": weight, "licence": LICENCES[Path(path).stem]}
            for path, weight in sources
        ],
        "training": {"minutes": options.minutes, "learning_rate": options.learning_rate, "note": options.note},
    }
    typical = read_shard(sorted(pool.glob("[!.]*.npz"))[0])
    print(export_strings(network, typical, held_out, options.out, facts)["metrics"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
