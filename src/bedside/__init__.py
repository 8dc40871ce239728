"""From a clinical question to evidence, and from evidence to decision support."""

__version__ = "0.1.0"
