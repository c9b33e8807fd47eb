"""Every change of the tables, in order; they travel inside the package."""
