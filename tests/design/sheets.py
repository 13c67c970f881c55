"""Sheets of paper that forms are drafted of."""

from tests.helpers.render.plan import Grid, PageSpec, Text

SQUARE = 4.5


def counting_sheet() -> PageSpec:
    """Lay out a sheet with a comb, single boxes, four squares to tick and two short lines to write on."""
    squares = [Grid(20, 40 + 9 * i, (" ",), (SQUARE, SQUARE), "boxes") for i in range(4)]
    words = [Text((20 + SQUARE + 3, 40 + 9 * i), f"pond number {i + 1}", 3.2) for i in range(4)]
    words += [Text((20, 18), "Annual count of ducks", 6), Text((20, 100), "Ducks", 3.5), Text((20, 115), "Geese", 3.5)]
    words.append(Text((20, 128), "Thank you for counting them all this year.", 3))
    grids = (Grid(120, 36, ("12345678",), (7, 9)), Grid(150, 60, ("1234",), (7, 9), "boxes", 2), *squares)
    return PageSpec((210, 148), grids, tuple(words), rules=((35, 104, 80), (35, 119, 80), (20, 135, 190)))


def table_sheet() -> PageSpec:
    """Lay out a table of five columns, its first row printed with their captions."""
    grid = Grid(30, 40, ("     ", "12345", "67890", "13579"), (12, 10))
    captions = [Text((33 + 12 * i, 43), f"ab{i}", 2.6) for i in range(5)]
    return PageSpec((148, 105), (grid,), (*captions, Text((30, 20), "Marks of the judges", 5)))


def amount_slip() -> PageSpec:
    """Lay out a cheque's amount: a box with the currency, and a wide one for the digits beside it."""
    grids = (Grid(110, 30, (" ",), (11, 10)), Grid(121, 30, (" ",), (50, 10)), Grid(110, 10, ("12345678",), (7, 8)))
    return PageSpec((180, 80), grids, (Text((112, 32), "Rs", 5), Text((20, 15), "Bank of the Pond", 6)))
