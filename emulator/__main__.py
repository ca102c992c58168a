"""`python -m emulator`."""
from .cli import main

main()
