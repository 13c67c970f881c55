"""Pages of boxes with handwritten digits, drawn with their exact geometry and then made to look scanned."""

from tests.helpers.render.digits import Digits, drawn_digits, mnist_digits
from tests.helpers.render.page import RenderedPage, page_cells, render_page
from tests.helpers.render.plan import (
    BLACK,
    PALE_BLUE,
    PINK,
    Grid,
    Hand,
    Lines,
    PageSpec,
    Paper,
    Scan,
    Text,
    reading_order,
)

__all__ = [
    "BLACK",
    "PALE_BLUE",
    "PINK",
    "Digits",
    "Grid",
    "Hand",
    "Lines",
    "PageSpec",
    "Paper",
    "RenderedPage",
    "Scan",
    "Text",
    "drawn_digits",
    "mnist_digits",
    "page_cells",
    "reading_order",
    "render_page",
]
