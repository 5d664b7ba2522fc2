"""The command `audit`: every access key of the account that may send mail, and its worth to a thief."""
