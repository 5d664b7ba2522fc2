"""Clients for the account: one module for each thing that AWS is asked about."""
