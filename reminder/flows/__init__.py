"""The story, one file a chapter."""
