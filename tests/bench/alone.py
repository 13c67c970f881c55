"""Decode the files of a folder and do nothing else: ``python -m tests.bench.alone FOLDER``; prints CPU seconds."""

import sys
import time
from pathlib import Path

from ocrbatch.page.decode import decode
from ocrbatch.records import Page


def main() -> None:
    """Decode one after the other, on one thread as a worker does."""
    import cv2

    cv2.setNumThreads(1)
    files = sorted(Path(sys.argv[1]).iterdir())
    # What is loaded and made ready with the first page is no part of what a page costs.
    list(decode(files[0].read_bytes()))
    start = time.process_time()
    for file in files:
        for page in decode(file.read_bytes()):
            assert isinstance(page, Page), page
    print(time.process_time() - start)


if __name__ == "__main__":
    main()
