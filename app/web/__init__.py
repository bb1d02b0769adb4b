"""What every page stands on: the front door, the session, forms, templates, error pages."""
