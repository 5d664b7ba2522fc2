"""Restrictions: what may be sent, by whom and from where, and the policy that says so."""
