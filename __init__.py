"""
idiolect: a repository in; a corpus, an adapter, an honest verdict and a style gate out.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
