"""The command `verify`: proof that one login allows what it promises, and nothing else."""
