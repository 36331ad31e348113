"""Photos, their variants, and batches of them."""
