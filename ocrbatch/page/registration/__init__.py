"""Which form a page is, and where on the page each of its fields lies."""
