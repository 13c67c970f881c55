"""Making a form: drafting it from a scan, looking at it, checking it, printing it."""
