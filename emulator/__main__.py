"""The program `tgpay-emulator`, and `python -m tgpay_emulator`."""
import gc


def main() -> None:
    """Run the command line."""
    gc.disable()  # what is imported stays: looking for garbage in it costs time and finds none
    from .cli import main as command

    gc.freeze()
    gc.enable()
    command()


if __name__ == "__main__":
    main()
