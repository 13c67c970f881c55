"""What a form is."""
