"""`python -m tgpay_emulator`."""
from .cli import main

main()
