"""Reads handwritten digits from scanned forms and cheques."""

__version__ = "0.1.0"
