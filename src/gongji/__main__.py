"""`python -m gongji`: the command line, where its script is not on the path."""

from gongji.cli.main import main

if __name__ == "__main__":
    main()
