"""The command `verify`, which proves that a login allows only what its policy says."""
