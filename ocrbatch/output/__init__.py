"""Values to files: tables and pictures."""
