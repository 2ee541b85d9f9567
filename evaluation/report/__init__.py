"""
One self-contained HTML page. In: an evaluation folder. Out: its report.
"""
