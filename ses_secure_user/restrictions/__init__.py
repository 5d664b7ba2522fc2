"""Restrictions: the allowed mail, senders and networks, and the policy that enforces them."""
