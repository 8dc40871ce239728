"""How laws are tried here: few examples and no deadline, for images are large and the machine is shared."""

from hypothesis import settings

law = settings(deadline=None, max_examples=30)
