"""The command `audit`: every key of the account that may send mail, and what it is worth to a thief."""
