"""
A repository in, a corpus out: pairs, profile, API index, and the record of what was skipped. No torch.
"""
