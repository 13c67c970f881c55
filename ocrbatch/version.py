"""The version of the program: readings and thresholds of another one are made anew."""

__version__ = "0.6.0"
