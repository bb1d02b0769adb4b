"""Acceptance: plays the journeys of e2e/ against a portal that runs already, whoever's it is (docs/acceptance.md).

`make acceptance URL=… NUMBER=…` changes nothing; with CHANGE=1 it changes things of a test contract, and puts them back.
"""
