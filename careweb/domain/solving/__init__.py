"""The fair solve: who is asked for what, over a whole pool of needs and offers. Start at `solve.py`."""
