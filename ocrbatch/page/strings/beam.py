"""Frames to texts: what a run of digits reads as, how likely a text is, and where its digits lie.

The network gives each frame a probability for every sign and for "none here" (the blank). A text's probability is the
sum over all frame by frame spellings that give it once repeats and blanks are left out: A. Graves et al.,
"Connectionist temporal classification: labelling unsegmented sequence data with recurrent neural networks" (ICML
2006), whose forward algorithm and alignment these are. The search for the likeliest texts keeps a beam of prefixes
with and without a blank at their end: A. Hannun, "First-pass large vocabulary continuous speech recognition using
bi-directional recurrent DNNs" (2014). Both keep probabilities, not their logarithms, and scale them before they
grow too small for numbers: as exact, and several times as fast.
"""

from collections.abc import Sequence
from heapq import nlargest

import numpy as np
import numpy.typing as npt

from ocrbatch.records import LABELS

BLANK = len(LABELS)
"""The column of "none here" in what ``digit_frames`` gives."""
SIGN = len(LABELS)
SURELY_BLANK = 0.999
HOPELESS = 1e-8
"""A prefix of so small a share of the best one's probability is given up."""
IN_REACH = 0.25
TINY = 1e-100
NARROWEST_BEAM = 16
REACH = 4.0
"""A digit's span reaches at most so many frames (half the strip's height) beyond those that tell it."""

FrameLogs = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Spellings = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]
Beam = dict[str, tuple[float, float]]
"""The probability of each prefix: of the spellings that end in a blank, and of those that end in its last digit."""


def digit_frames(logs: FrameLogs) -> FrameLogs:
    """Give log-probabilities (t, 11), the blank last, of (t, 12) with signs: a sign parts digits as a blank does."""
    none = np.logaddexp(logs[:, SIGN], logs[:, SIGN + 1])
    return np.concatenate([logs[:, :SIGN], none[:, None]], axis=1)


def best_texts(logs: FrameLogs, most: int) -> tuple[tuple[str, float], ...]:
    """Give the likeliest texts of digit frames (t, 11), at most so many, best first, with their log-probabilities.

    These (natural) are exact; that no likelier text was overlooked is as good as certain, but not proved.
    """
    width = max(most + most // 2, NARROWEST_BEAM)
    beam: Beam = {"": (1.0, 0.0)}
    for frame in np.exp(logs.astype(np.float64)).tolist():
        if frame[BLANK] > SURELY_BLANK:
            beam = {text: (ends + goes, 0.0) for text, (ends, goes) in beam.items()}
        else:
            beam = _scaled(_stepped(beam, frame, width))
    texts = nlargest(width, beam, key=lambda text: sum(beam[text]))
    exact = text_log_probabilities(logs, texts)
    ranked = sorted(zip(texts, exact.tolist(), strict=True), key=lambda found: (-found[1], found[0]))
    return tuple(found for found in ranked[:most] if found[1] > -np.inf) or tuple(ranked[:1])


def _stepped(beam: Beam, frame: list[float], width: int) -> Beam:
    """Take a beam past one frame of probabilities (11), so that at most ``width`` prefixes are left."""
    blank = frame[BLANK]
    grown: Beam = {
        text: ((ends + goes) * blank, goes * frame[int(text[-1])] if text else 0.0)
        for text, (ends, goes) in beam.items()
    }
    totals = [ends + goes for ends, goes in grown.values()]
    best = max(totals)
    # What is much less likely than all of a full beam has no way into it.
    floor = best * HOPELESS if len(totals) < width else max(min(totals) * IN_REACH, best * HOPELESS)
    digits = sorted(((share, label) for label, share in zip(LABELS, frame, strict=False)), reverse=True)
    # No prefix was likelier than the best of those that stay, divided by the blank.
    if best * digits[0][0] < floor * blank:
        return grown
    none = (0.0, 0.0)
    for text, (ends, goes) in beam.items():
        last, both = text[-1:], ends + goes
        if both * digits[0][0] < floor:
            continue
        for share, label in digits:
            if both * share < floor:
                break
            # The same digit again is another one only behind a blank.
            opened = (ends if label == last else both) * share
            longer = text + label
            held = grown.get(longer, none)
            grown[longer] = (held[0], held[1] + opened)
    ranked = sorted(grown.items(), key=lambda found: found[1][0] + found[1][1], reverse=True)
    return dict(ranked[:width])


def _scaled(beam: Beam) -> Beam:
    """Bring a beam whose probabilities grow too small for numbers near 1 again; only their ratios matter."""
    peak = sum(next(iter(beam.values())))
    if peak > TINY:
        return beam
    return {text: (ends / peak, goes / peak) for text, (ends, goes) in beam.items()}


def text_log_probabilities(logs: FrameLogs, texts: Sequence[str]) -> Floats:
    """Give the log-probabilities (n,) of texts of digits in digit frames (t, 11), exactly.

    It is minus infinity where the frames are too few for the text, or it is less likely than about e⁻⁶⁰⁰.
    """
    if not texts:
        return np.empty(0)
    return sum_of_spellings(logs, *_spelt(texts))


def sum_of_spellings(
    logs: FrameLogs,
    spelt: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    skips: npt.NDArray[np.bool_],
) -> Floats:
    """Give the log-probability (n,) that frames (t, c) run through the columns ``spelt`` (n, s) from first to last.

    A row's first ``lengths`` columns count. Each is held for a frame or more, but the first and the last may be
    missing, and so may what stands before one that ``skips`` (n, s) marks. It is minus infinity where the frames are
    too few.
    """
    share = np.zeros((len(spelt), spelt.shape[1] + 2))
    # Two columns of nothing stand before the first; the first frame may be the first or the second of what is spelt.
    share[:, 1] = 1.0
    scale = np.zeros(len(spelt))
    for frame in np.exp(logs.astype(np.float64)):
        ways = share[:, 2:] + share[:, 1:-1] + np.where(skips, share[:, :-2], 0.0)
        share[:, 2:] = ways * frame[spelt]
        share[:, :2] = 0.0
        peak = np.maximum(share.max(axis=1), np.finfo(np.float64).tiny)
        share /= peak[:, None]
        scale += np.log(peak)
    rows = np.arange(len(spelt))
    end = share[rows, lengths + 1] + np.where(lengths > 1, share[rows, lengths], 0.0)
    end = end if len(logs) else np.where(lengths == 1, 1.0, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(np.log(end) + scale, 0.0), np.float64)


def _spelt(texts: Sequence[str]) -> Spellings:
    """Give texts as columns with blanks between, before and after their digits."""
    return spellings([[BLANK, *(c for label in text for c in (LABELS.index(label), BLANK))] for text in texts], BLANK)


def spellings(rows: Sequence[Sequence[int]], blank: int) -> Spellings:
    """Give rows of columns as one array (n, s), their lengths (n,), and before which column one may be missing (n, s).

    Shorter ones are filled up with blanks. What comes before ``blank`` among the columns are digits and signs: between
    two of them that differ nothing need stand.
    """
    lengths = np.array([len(row) for row in rows], np.int64)
    spelt = np.full((len(rows), int(lengths.max())), blank, np.int64)
    for filled, row in zip(spelt, rows, strict=True):
        filled[: len(row)] = row
    # Before the first blank stands nothing, and the first digit may follow it at once.
    skips = spelt < blank
    skips[:, 2:] &= spelt[:, 2:] != spelt[:, :-2]
    return spelt, lengths, skips


def spans(logs: FrameLogs, text: str) -> tuple[tuple[float, float], ...]:
    """Give where each digit of a text begins and ends, in frames from the left side, by the likeliest spelling.

    A digit's span ends half-way to its neighbours', or a digit's usual half breadth beyond the frames that tell it.
    Where the frames (t, 11) are too few for the text, it is spread evenly over them.
    """
    if not text:
        return ()
    told = _told(logs, text)
    if told is None:
        step = len(logs) / len(text)
        return tuple((i * step, (i + 1) * step) for i in range(len(text)))
    sides = []
    for index, (first, last) in enumerate(told):
        before = (told[index - 1][1] + first) / 2 if index else 0.0
        after = (last + told[index + 1][0]) / 2 if index + 1 < len(told) else float(len(logs))
        sides.append((max(before, first - REACH), min(after, last + REACH)))
    return tuple(sides)


def _told(logs: FrameLogs, text: str) -> list[tuple[int, int]] | None:
    """Give the first and the last but one frame of each digit in the likeliest spelling (Viterbi)."""
    (spelt,), _, (skips,) = _spelt([text])
    states = len(spelt)
    emitted = logs.astype(np.float64)[:, spelt]
    best = np.full(states + 2, -np.inf)
    best[1] = 0.0
    came = np.zeros((len(logs), states), np.int64)
    here = np.arange(states)
    barred = np.where(skips, 0.0, -np.inf)
    for index, frame in enumerate(emitted):
        ways = np.stack([best[2:], best[1:-1], best[:-2] + barred])
        came[index] = ways.argmax(axis=0)
        best[2:] = ways[came[index], here] + frame
        best[:2] = -np.inf
    state = states - 1 if best[-1] >= best[-2] else states - 2
    if not len(logs) or best[state + 2] == -np.inf:
        return None
    told = [[len(logs), 0] for _ in text]
    for index in range(len(logs) - 1, -1, -1):
        if state % 2:
            told[state // 2] = [index, max(told[state // 2][1], index + 1)]
        state -= int(came[index, state])
    return [(first, last) for first, last in told]
