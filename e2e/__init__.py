"""Real browsers on the real server: a file for each chapter of the manual, and what every screen must hold."""
