"""`python -m campaign` is the `campaign` command."""

from campaign.cli import main

if __name__ == "__main__":
    main()
