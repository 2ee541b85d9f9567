"""
A corpus and a base model in, an adapter out. The only folder that imports torch.
"""
