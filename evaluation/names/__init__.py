"""
Code in, the names out that do not exist: what a resolver says, weighed against what the text of the house makes exist.
"""
