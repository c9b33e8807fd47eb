"""The words every room shares: frozen values that need nothing of the outside."""
