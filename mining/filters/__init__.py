"""
Keep, or drop with a reason. In: pairs. Out: the same pairs, sorted into kept and dropped.
"""
