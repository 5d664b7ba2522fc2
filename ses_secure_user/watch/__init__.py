"""What is deployed as the watch: one file, which knows nothing of the package around it."""
