"""
Text and code in; scores, findings and a verdict out. No torch: it is handed a generator.
"""
