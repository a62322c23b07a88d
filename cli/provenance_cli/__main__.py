"""`python -m provenance_cli`."""

from provenance_cli.main import main

if __name__ == "__main__":
    main()
