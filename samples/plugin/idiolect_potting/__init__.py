"""
A plug-in for idiolect. Out: a pair kind, a convention, a check, a format, and the table of a language.
"""

from pathlib import Path

LANGUAGE = Path(__file__).with_name("bats.toml")
