"""Journeys as steps, each on whatever portal the device stands before: e2e/ goes them on its demo, acceptance/ on any portal.

They know no household and no database: what they type and press is given to them.
"""
