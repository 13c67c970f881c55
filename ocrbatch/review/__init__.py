"""A person's corrections of what was read."""
