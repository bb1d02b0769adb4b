"""The rules of the portal: reads like the manual, knows no HTTP."""
