"""`python -m modelward`: the command line."""

from modelward.cli.main import main

if __name__ == "__main__":
    main()
