"""
One check of code per file. In: a probe and an answer, or a file. Out: pass or fail, with what was found.
"""
