"""How laws are tried here."""

from hypothesis import settings

law = settings(deadline=None, max_examples=60)
"""No deadline: several suites share the cores, and how long one case takes says nothing about the law."""
