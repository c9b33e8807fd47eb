"""`reminder demo`: the whole story on this machine, with a pretended outside."""


def demo() -> None:
    """Placeholder while the story is written."""
