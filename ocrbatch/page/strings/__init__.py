"""A free run of digits: from its place on the page to its pieces, the ways to cut them, and its reading."""
