"""How good the readings are."""
