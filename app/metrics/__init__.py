"""Metrics for Prometheus, on a port of their own: what the server's processes count, and what the database holds.

Each process counts into files of its own (`measures`, `folder`), and one more process reads all of them, asks the database,
and answers Prometheus (`listener`, `serving`). Without `MYPAGE_METRICS_PORT` nothing is counted and nothing of it is loaded.
"""
