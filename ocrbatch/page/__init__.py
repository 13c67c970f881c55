"""The way of one page: pure functions from bytes to readings, which open no file."""
