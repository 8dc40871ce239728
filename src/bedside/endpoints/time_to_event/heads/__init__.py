"""Heads of networks for times to events: four ways to say when, one way to tell it."""
