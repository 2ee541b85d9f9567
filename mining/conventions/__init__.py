"""
One family of conventions per file. In: a parsed source. Out: opportunities and the choice made at each.
"""
