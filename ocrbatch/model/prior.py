"""How often a written cell holds no digit: far less often than a training shows, which is full of strangers.

What a network says was learned at the training's own shares; it is brought to those that forms have by the ratio of
the two (M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a classifier to new a priori
probabilities", 2002).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.model.datasets import Labels
from ocrbatch.records import NOT_A_DIGIT

MET = 0.01
"""The share of written cells on a form that hold no digit."""

Floats = npt.NDArray[np.float64]


def bring_to_practice(model: Any, trained: float) -> None:
    """Lower the bias of "not a digit" in a network's last layer, a dense one that gives 11 logits; in place.

    ``trained`` is the share (0–1) of what the training showed that was no digit; 0 leaves the network as it is.
    """
    if trained:
        _raise_bias(model, np.log(_odds(MET) / _odds(trained)))


def bring_to_training(model: Any, shown: float) -> None:
    """Undo ``bring_to_practice`` in place, to train further where ``shown`` (a share, 0–1) is no digit."""
    if shown:
        _raise_bias(model, np.log(_odds(shown) / _odds(MET)))


def practice_weights(labels: Labels) -> Floats:
    """Give each of (n,) labels a weight, so that what is no digit weighs as much in all as it does on forms."""
    strange = labels == NOT_A_DIGIT
    weights = np.ones(len(labels))
    if strange.any() and not strange.all():
        weights[strange] = _odds(MET) * np.count_nonzero(~strange) / np.count_nonzero(strange)
    return weights


def _raise_bias(model: Any, by: float) -> None:
    kernel, bias = model.layers[-1].get_weights()
    bias[NOT_A_DIGIT] += by
    model.layers[-1].set_weights([kernel, bias])


def _odds(share: float) -> float:
    return share / (1 - share)
