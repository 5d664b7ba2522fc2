"""An AWS on this machine for the tests and the demo: ministack, and patches that close its differences from AWS."""
