"""The login: its endpoint, its rotation interval, and the secret that holds it."""
