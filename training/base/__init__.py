"""
The embedded base model: its data, its recipe, its weights.
"""
