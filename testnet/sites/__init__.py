"""The hosts of the world, a module per kind of site."""
