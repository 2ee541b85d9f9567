"""
One command per file. In: parsed options. Out: printed results. Each file holds a click command named `command`.
"""
