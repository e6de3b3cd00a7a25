"""Of TwinGraph's `core` there is `logging`."""
