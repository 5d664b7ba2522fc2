"""The command `verify`: proof that one login does what it promises, and nothing else."""
