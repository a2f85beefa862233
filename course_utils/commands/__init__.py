"""The commands that are more than a call: train, reproduce, refresh."""
