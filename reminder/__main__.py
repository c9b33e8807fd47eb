"""`python -m reminder` is the command `reminder`."""

from reminder.cli.main import main

if __name__ == "__main__":
    main()
