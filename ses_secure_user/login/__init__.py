"""The login: where it is valid, how often it is renewed, and the secret that holds it."""
