"""Every figure in the README has its script here."""
