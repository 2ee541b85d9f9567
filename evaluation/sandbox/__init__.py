"""
Runs code that nobody trusts. In: a command and its limits. Out: one status of a closed set, and the host unchanged.
"""
