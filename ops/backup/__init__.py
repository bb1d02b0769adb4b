"""A backup every night, and the proof that it can be restored: `take.py` and `drill.py`."""
