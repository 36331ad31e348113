"""DCT-Net rebuilt, and its pictures."""
