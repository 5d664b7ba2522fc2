"""A local AWS for the tests and the demo: the emulator ministack, with patches for its differences from AWS."""
