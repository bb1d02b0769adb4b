"""What an operator puts beside the portal: files to copy, and programs."""
