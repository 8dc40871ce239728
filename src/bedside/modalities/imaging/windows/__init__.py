"""Images and volumes at their own size, seen by a network in windows."""
