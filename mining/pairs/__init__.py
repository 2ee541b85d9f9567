"""
One kind of pair per file. In: a parsed source and its definitions. Out: pairs.
"""
