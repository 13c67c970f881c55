"""The reference picture of a form's page, held against what the form says of it."""

from ocrbatch.form.template import FormPage
from ocrbatch.page.decode import decode
from ocrbatch.records import Page


def reference_picture(page: FormPage) -> Page | str:
    """Decode a page's reference picture, in the form's own pixels; or say what is wrong with it, to stand after it.

    The form's places are in the picture's pixels, so one of another size than the form says is the wrong one.
    """
    decoded = next(decode(page.reference or b""), None)
    if not isinstance(decoded, Page):
        return f"cannot be read ({decoded.reason if decoded else 'no picture in it'})"
    height, width = decoded.pixels.shape
    if (width, height) != (page.width, page.height):
        return f"has {width}×{height} pixels, the form says {page.width}×{page.height}"
    return decoded
