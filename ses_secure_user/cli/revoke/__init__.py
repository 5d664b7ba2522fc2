"""The command `revoke`, which deletes a leaked key, rotates the login and proves both."""
