"""What has to be changed in a reading to make it the truth."""

Edit = tuple[str, str]
"""A sign of the truth and the one that was read for it; the first is empty where there is none, or the second."""
READABLE = frozenset("0123456789? ")


def signs(value: str) -> tuple[str, ...]:
    """Give what is compared sign by sign: the digits of a value without its blank cells, a word as one."""
    if READABLE.issuperset(value):
        return tuple(value.replace(" ", ""))
    return (value,)


def edits(true: tuple[str, ...], read: tuple[str, ...]) -> tuple[Edit, ...]:
    """Give the fewest edits from the truth to the reading, in order (V. Levenshtein, 1965).

    A change goes before a loss and an addition.
    """
    if len(true) == len(read):
        changed = tuple(pair for pair in zip(true, read, strict=True) if pair[0] != pair[1])
        if len(changed) <= 1:
            return changed
    costs = _costs(true, read)
    found: list[Edit] = []
    i, j = len(true), len(read)
    while i or j:
        here = costs[i][j]
        if i and j and here == costs[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            if true[i] != read[j]:
                found.append((true[i], read[j]))
        elif i and here == costs[i - 1][j] + 1:
            i -= 1
            found.append((true[i], ""))
        else:
            j -= 1
            found.append(("", read[j]))
    return tuple(reversed(found))


def _costs(first: tuple[str, ...], second: tuple[str, ...]) -> list[list[int]]:
    """Give the distance of every beginning of the one to every beginning of the other."""
    rows = [list(range(len(second) + 1))]
    for i, a in enumerate(first, 1):
        above, row = rows[-1], [i]
        for j, b in enumerate(second, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
        rows.append(row)
    return rows
