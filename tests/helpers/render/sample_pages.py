"""The sample pages' content: a club's card, a mark sheet, a payment slip. All of it is made up."""

import numpy as np

from tests.helpers.render.plan import PINK, Colour, Grid, Hand, Lines, PageSpec, Paper, Text

DARK: Colour = (52, 52, 58)
FAINT: Colour = (110, 110, 112)


def _digits(random: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in random.integers(0, 10, count))


def _date(random: np.random.Generator) -> str:
    return f"{random.integers(1, 29):02}{random.integers(1, 13):02}{random.integers(1988, 2025)}"


def card(seed: int, *, pink: bool = False, pen: Colour = DARK) -> PageSpec:
    """Lay out a rowing club's card (A5 landscape): combs and boxes, one field blank, one half filled."""
    random = np.random.default_rng(seed)
    colour = PINK if pink else (60, 60, 64)
    words = PINK if pink else (45, 45, 48)
    locker = " " * 4 if seed % 2 else _digits(random, 2) + " " + _digits(random, 1)
    electricity, water, key = int(random.integers(4, 7)), int(random.integers(3, 6)), _digits(random, 6)
    fields = (
        (Grid(18, 36, (_digits(random, 8),), (7, 9), "boxes"), "Member number"),
        (Grid(120, 36, (_date(random),), (7.5, 9)), "Date of joining (day, month, year)"),
        (Grid(18, 62, ("0" + _digits(random, 9),), (7, 9)), "Telephone"),
        (Grid(120, 62, (_digits(random, 5),), (7.5, 9), "boxes", 2.0), "Post code"),
        (Grid(18, 88, (_digits(random, electricity).rjust(7),), (7.5, 9.5)), "Boat house meter, kWh"),
        (Grid(120, 88, (_digits(random, water).ljust(6),), (7.5, 9.5)), "Water meter, litres"),
        (Grid(18, 114, (locker,), (8, 9), "boxes", 2.4), "Locker (if any)"),
        (Grid(120, 114, (key,), (8, 9.5), "open"), "Key tag"),
    )  # fmt: skip
    texts = [
        Text((18, 12), "Willow Bend Rowing Club", 6.5, words),
        Text((18, 21), "Membership and meter card: one digit in each box, please", 3.4, words),
        Text((18, 134), "Hand this card to the boat keeper before the first of the month.", 2.8, words),
        Text((176, 12), f"Card {2400 + seed}", 3.2, words),
    ]
    texts += [Text((grid.x, grid.y - 5.4), label, 3.2, words) for grid, label in fields]
    paper = Paper((252, 246, 240)) if pink else Paper((240, 240, 236))
    lines = Lines(width=0.35 if pink else 0.28, colour=colour)
    grids = tuple(grid for grid, _ in fields)
    return PageSpec((210, 148), grids, tuple(texts), (), (), lines, paper, Hand(pen))


def mark_sheet(seed: int, *, dotted: bool = False, pen: Colour = DARK) -> PageSpec:
    """Lay out a mark sheet (A5 portrait): twelve rows of six one-digit cells, some blank, one row wholly."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(12):
        row = np.array(list(_digits(random, 6)))
        row[random.random(6) < 0.16] = " "
        rows.append("".join(row))
    rows[int(random.integers(2, 11))] = " " * 6
    width, height = 15.0, 12.0
    texts = [
        Text((16, 14), "Sand Castle Cup: marks of the judges", 5.2),
        Text((16, 22), f"Heat {seed} · leave the cell empty where no mark was given", 3.0, FAINT),
    ]
    texts += [Text((43.5 + width * i, 30), letter, 3.8) for i, letter in enumerate("ABCDEF")]
    texts += [Text((16, 40 + height * i), f"Team {i + 1}", 3.4) for i in range(12)]
    texts.append(Text((16, 188), "Signed by the judges before the tide comes in.", 2.8, FAINT))
    lines = Lines("dotted", 0.4) if dotted else Lines(width=0.3)
    hand = Hand(pen, fill=(0.5, 0.74), crossing=0.07)
    grid = Grid(37, 36, tuple(rows), (width, height))
    return PageSpec((148, 210), (grid,), tuple(texts), (), (), lines, Paper((246, 244, 238)), hand)


def slip(seed: int, *, green: bool = False, pen: Colour = DARK) -> PageSpec:
    """Lay out a payment slip: a date comb at the upper right, a number in separate boxes, a signature."""
    random = np.random.default_rng(seed)
    number = _digits(random, int(random.integers(3, 7))).rjust(6)
    grids = (
        Grid(124, 12, (_date(random),), (6.8, 7.8)),
        Grid(126, 44, (number,), (7.2, 8.6), "boxes", 1.8),
    )
    texts = (
        Text((12, 10), "Lighthouse Keepers' Savings Circle", 4.8),
        Text((12, 17), "Payment slip, of no value: a sample", 2.8, FAINT),
        Text((124, 7.2), "Day, month, year", 2.6),
        Text((12, 30), "Pay to", 3.2),
        Text((12, 42), "for", 3.2),
        Text((126, 38.4), "Whole crowns", 2.8),
        Text((12, 60), f"Circle no. {7000 + 13 * seed}", 3.0, FAINT),
        Text((136, 78), "Signature", 2.6, FAINT),
    )
    rules = ((25, 34, 112), (25, 46, 112), (124, 76.5, 178))
    paper = Paper((232, 243, 230), "rosettes") if green else Paper((243, 242, 236), "waves", (226, 226, 220))
    hand = Hand(pen, fill=(0.58, 0.82), crossing=0.08)
    strokes = (_signature(random), _scrawl(random))
    return PageSpec((188, 86), grids, texts, rules, strokes, Lines(width=0.25), paper, hand)


def _signature(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Scribble a name that is none, over the line at the lower right."""
    t = np.linspace(0, 1, 160)
    x = 130 + 38 * t + 2.4 * np.sin(2 * np.pi * (7 * t + random.random()))
    y = 72 + (3.6 - 2.4 * t) * np.sin(2 * np.pi * (6.4 * t + random.random())) + 1.2 * np.sin(9 * t)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _scrawl(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Scribble a payee that is none, on the upper line at the left."""
    t = np.linspace(0, 1, 260)
    x = 30 + 52 * t + 1.2 * np.sin(2 * np.pi * (17 * t + random.random()))
    y = 31.5 + 1.7 * np.sin(2 * np.pi * (16 * t + random.random())) * (0.6 + 0.5 * np.sin(11 * t))
    return tuple(zip(x.tolist(), y.tolist(), strict=True))
