"""Code that runs in Lambda. Each folder is deployed alone and does not import from the rest of the package."""
