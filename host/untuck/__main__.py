"""`python -m untuck` is `untuck`: for where the script is not on the PATH."""

from untuck.cli.main import main

if __name__ == "__main__":
    main()
