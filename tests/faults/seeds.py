"""Good pictures to make bad ones of: the samples, and what Pillow makes of them in every format."""

import io
import time

from PIL import Image

from tests.faults.pages import SAMPLES
from tests.helpers.pictures import pdf_scan, saved


def sample_files() -> dict[str, bytes]:
    """Give the pictures under ``samples/`` by their names."""
    endings = {".png", ".jpg", ".tif", ".pdf", ".whole", ".blank"}
    return {path.name: path.read_bytes() for path in sorted(SAMPLES.rglob("*")) if path.suffix in endings}


def made_files() -> dict[str, bytes]:
    """Give the samples' pictures, smaller, in every other format and kind of pixels that Pillow writes."""
    grey = _part("card-grey.png").convert("L")
    colour = _part("card-pink.jpg").convert("RGB")
    bilevel = _part("marks.tif").convert("1")
    clear = colour.convert("RGBA")
    clear.putalpha(grey.resize(colour.size).point(lambda level: 255 - level))
    deep = grey.convert("I").point(lambda level: level * 16).convert("I;16")
    exif = Image.Exif()
    exif[274], exif[282], exif[283] = 6, 300.0, 300.0
    more = {"save_all": True, "append_images": [colour.rotate(180), grey]}
    dated = {"creationDate": time.gmtime(0), "modDate": time.gmtime(0)}
    return {
        "grey.bmp": saved(grey, "BMP"),
        "colour.bmp": saved(colour, "BMP"),
        "bilevel.bmp": saved(bilevel, "BMP"),
        "lossy.webp": saved(colour, "WEBP", exif=exif),
        "lossless.webp": saved(grey, "WEBP", lossless=True),
        "clear.webp": saved(clear, "WEBP"),
        "grey.gif": saved(grey, "GIF"),
        "several.gif": saved(colour, "GIF", **more),
        "palette.png": saved(colour.quantize(16), "PNG", transparency=0),
        "bilevel.png": saved(bilevel, "PNG", dpi=(204, 98)),
        "clear.png": saved(clear, "PNG"),
        "deep.png": saved(deep, "PNG"),
        "turned.png": saved(colour, "PNG", exif=exif),
        "several.png": saved(colour, "PNG", **more),
        "progressive.jpg": saved(colour, "JPEG", progressive=True),
        "grey.jpg": saved(grey, "JPEG", dpi=(200, 200)),
        "cmyk.jpg": saved(colour.convert("CMYK"), "JPEG"),
        "turned.jpg": saved(colour, "JPEG", exif=exif, restart_marker_rows=4),
        "raw.tif": saved(grey, "TIFF", dpi=(300, 300)),
        "lzw.tif": saved(colour, "TIFF", compression="tiff_lzw"),
        "deflate.tif": saved(clear, "TIFF", compression="tiff_deflate"),
        "packbits.tif": saved(bilevel, "TIFF", compression="packbits"),
        "group3.tif": saved(bilevel, "TIFF", compression="group3", dpi=(204, 98)),
        "jpeg.tif": saved(colour, "TIFF", compression="jpeg"),
        "deep.tif": saved(deep, "TIFF"),
        "big.tif": saved(grey, "TIFF", big_tiff=True, tiffinfo={274: 8}),
        "several.tif": saved(colour, "TIFF", compression="tiff_lzw", **more),
        "bilevel.pdf": saved(bilevel, "PDF", resolution=200, **dated),
        "palette.pdf": saved(colour.quantize(8), "PDF", **dated),
        "several.pdf": saved(colour, "PDF", **more, **dated),
        "jpx.pdf": pdf_scan(saved(grey, "JPEG2000"), *grey.size, entries=b"/Filter /JPXDecode"),
    }


def _part(name: str) -> Image.Image:
    """Give the upper left part of a sample's first page: a run of boxes, read quickly."""
    with Image.open(io.BytesIO((SAMPLES / name).read_bytes())) as image:
        return image.crop((0, 0, image.width // 2, image.height // 3))
