"""Where TwinGraph keeps its decorators."""
