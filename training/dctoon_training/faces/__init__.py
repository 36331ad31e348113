"""Finding faces, their alignment, and which of them belong together."""
