"""Clients for the account: one module for each kind of AWS resource."""
