"""The way of a folder: what is to read, by whom, and what has been read."""
