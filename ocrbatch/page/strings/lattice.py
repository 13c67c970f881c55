"""The lattice of a run of digits: its nodes are the places between segments, its edges the candidates."""

from ocrbatch.page.lattice import boxes_lattice
from ocrbatch.page.normalize import normalize_many
from ocrbatch.records import FieldImage, Grey, Lattice, read_only


def string_lattice(field: FieldImage) -> Lattice:
    """Give every way through a run that was cut to candidates; a run without writing has the one of a blank cell.

    ``FieldImage.edges``, ``cells`` and ``place.cells`` belong together, one to one, and so do the lattice's edges; only
    the edges that may be a digit have a tile.
    """
    if not field.edges:
        return boxes_lattice(field)
    inks: list[Grey] = []
    for edge, cell in zip(field.edges, field.cells, strict=True):
        if edge.tile is not None:
            inks.append(cell.ink)
    nodes = max(edge.end for edge in field.edges) + 1
    return Lattice(nodes, field.edges, read_only(normalize_many(inks)))
