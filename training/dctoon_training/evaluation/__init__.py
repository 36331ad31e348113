"""How good and how costly a network is."""
