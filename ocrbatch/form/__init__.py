"""What a form is: its file, checked, and the frozen value made of it."""
