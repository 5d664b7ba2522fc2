"""The command `revoke`: a leaked key is deleted, the login renewed, and both are proved."""
