"""
One output format of findings per file. In: findings. Out: text.
"""
