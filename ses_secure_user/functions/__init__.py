"""Code that runs in Lambda; each folder is deployed alone and imports nothing from around it."""
